from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from agent.cli import app as recorder_app
from agent.enrolment.enrol import Recorder
from provisioning.cli import app, listening
from provisioning.cli.listening import listen
from provisioning.enrolment.lists import COLUMNS
from tests.kits.bureau.two_ends import TwoEnds

Run = Callable[..., Result]


@pytest.fixture
def run(bureau: Path, clock: Callable[[], int]) -> Run:
    """Type a command of the clerk."""

    def typed(*words: str, answer: str | None = None) -> Result:
        place = [] if "--bureau" in words else ["--bureau", str(bureau)]
        return CliRunner().invoke(app, [*words, *place], obj=clock, input=answer)

    return typed


def recorder(*words: str) -> Result:
    return CliRunner().invoke(recorder_app, list(words))


def test_a_claim_is_shown_once_and_nowhere_kept(run: Run, bureau: Path) -> None:
    said = json.loads(run("claim", "ZF-001", "--serial", "SN-1", "--json").output)
    claim = said["facts"]["claim"]
    assert re.fullmatch(r"([A-Z2-7]{4}-){7}[A-Z2-7]{4}", claim)
    assert all(claim.encode() not in path.read_bytes() for path in bureau.rglob("*.js*"))
    assert json.loads(run("claim", "ZF-001", "--json").output)["facts"]["claim"] != claim


@pytest.mark.parametrize("words", [("claim", "ZF-001"), ("seed", "ZF-001", "--to", "{to}")])
def test_a_dry_run_shows_steps_and_no_secret(
    run: Run, bureau: Path, tmp_path: Path, words: Sequence[str], tree: Callable[[Path], Any]
) -> None:
    before = tree(bureau)
    typed = [word.format(to=tmp_path / "seed") for word in words]
    done = run(*typed, "--dry-run")
    assert done.exit_code == 0
    assert "试运行" in done.output
    assert not re.search(r"[A-Z2-7]{4}-[A-Z2-7]{4}-", done.output)
    assert tree(bureau) == before
    assert not (tmp_path / "seed").exists()


def test_a_recorder_is_enrolled_by_three_commands_and_a_stick(run: Run, tmp_path: Path) -> None:
    device, stick = tmp_path / "device", tmp_path / "stick"
    assert run("seed", "ZF-001", "--to", str(device / "seed")).exit_code == 0
    asked = recorder("enrol", "--device", str(device), "--to", str(stick))
    digits = re.search(r"\d{3} \d{3}", asked.output)
    assert digits is not None
    assert "recorder enrol --from" in asked.output
    done = run("enrol", "ZF-001", "--request", str(stick), answer=f"{digits[0]}\n")
    assert done.exit_code == 0, done.output
    assert "ZF-001" in done.output
    taken = recorder("enrol", "--device", str(device), "--from", str(stick), "--json")
    assert json.loads(taken.output) == {"outcome": "enrolled"}
    assert "未作任何改动" in recorder("enrol", "--device", str(device)).output


def test_a_stick_that_went_to_two_recorders_is_answered_by_the_name_of_one(
    run: Run, tmp_path: Path
) -> None:
    stick, digits = tmp_path / "stick", {}
    for name in ("ZF-001", "ZF-002"):
        run("seed", name, "--to", str(tmp_path / name / "seed"))
        device = ("--device", str(tmp_path / name), "--serial", name)
        asked = recorder("enrol", *device, "--to", str(stick))
        digits[name] = "".join(re.findall(r"(\d{3}) (\d{3})", asked.output)[0])
    request = ("--request", str(stick), "--confirm", digits["ZF-002"], "--json")
    assert json.loads(run("enrol", *request).output)["error"] == "medium"
    assert run("enrol", "ZF-002", *request).exit_code == 0
    assert (stick / "ZF-002.bundle.json").exists()
    assert json.loads(run("enrol", "ZF-003", *request).output)["error"] == "medium"


def test_wrong_digits_and_a_wrong_name_are_refused(run: Run, tmp_path: Path) -> None:
    device, stick = tmp_path / "device", tmp_path / "stick"
    run("seed", "ZF-001", "--to", str(device / "seed"))
    recorder("enrol", "--device", str(device), "--to", str(stick))
    request = ["--request", str(stick / "ZF-001.request.jws")]
    wrong = run("enrol", "ZF-001", *request, "--confirm", "1", "--json")
    assert wrong.exit_code == 1
    assert json.loads(wrong.output)["error"] == "digits"
    assert json.loads(run("enrol", "ZF-002", *request, "--json").output)["error"] == "settings"


@pytest.mark.parametrize("words", [(), ("--listen", "--request", "x"), ("--listen", "--csv", "x")])
def test_one_way_at_a_time(run: Run, words: Sequence[str]) -> None:
    done = run("enrol", *words, "--json")
    assert done.exit_code == 1
    assert json.loads(done.output)["error"] == "settings"


def test_a_wrong_list_says_every_row(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_text(f"{','.join(COLUMNS)}\nZF-001,,,,,,,,\nbad,A,B,C,D,E,F,G,H\n")
    done = run("enrol", "--csv", str(path))
    assert done.exit_code == 1
    assert "第 2 行：型号为空" in done.output
    assert "第 3 行：设备编号" in done.output
    told = json.loads(run("enrol", "--csv", str(path), "--json").output)
    assert told["error"] == "rows"
    assert {one["row"] for one in told["rows"]} == {2, 3}


def test_a_list_is_carried_out_and_again_changes_nothing(run: Run, tmp_path: Path) -> None:
    words = ["--department", "法制科", "--role"]
    run("person", "add", "H-1", "--name", "赵敏", *words, "head")
    run("person", "add", "K-1", "--name", "王五", *words, "keeper")
    path = tmp_path / "devices.csv"
    row = "ZF-001,DSJ-A7,SN-1,执法队,张三,豫10003,赵敏,统批2026-1号,2026-01-05"
    path.write_bytes(f"{','.join(COLUMNS)}\n{row}\n".encode("gb18030"))
    seeds = ["--seeds", str(tmp_path / "seeds")]
    assert "名单 1 台" in run("enrol", "--csv", str(path), *seeds).output
    assert "一切已就绪" in run("enrol", "--csv", str(path), *seeds).output
    device, stick = tmp_path / "device", str(tmp_path / "stick")
    asked = recorder(
        *("enrol", "--device", str(device), "--seed", str(tmp_path / "seeds" / "ZF-001")),
        *("--serial", "SN-1", "--to", stick, "--json"),
    )
    digits = json.loads(asked.output.splitlines()[0])["digits"]
    assert run("enrol", "--request", stick, "--confirm", digits).exit_code == 0
    papers = tmp_path / "papers"
    hands = ["--keeper", "K-1", "--leader", "H-1", "--papers", str(papers)]
    done = run("enrol", "--csv", str(path), *seeds, *hands, "--json")
    assert json.loads(done.output)["changed"] > 2
    assert (papers / "labels.html").is_file()
    again = run("enrol", "--csv", str(path), *seeds, *hands, "--json")
    assert json.loads(again.output)["changed"] == 0


class Typing:
    """A clerk who reads the device's screen and types what stands there."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._there = threading.Event()

    def show(self, digits: str) -> None:
        self.lines.append(digits)
        self._there.set()

    def readline(self) -> str:
        assert self._there.wait(20)
        return f"{self.lines[-1]}\n"


def test_the_clerk_listens_and_types(
    ends: TwoEnds, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    clerk, port = Typing(), threading.Event()
    found: list[int] = []

    def ready(screen: Any, address: str, number: int) -> None:
        del screen, address
        found.append(number)
        port.set()

    monkeypatch.setattr("sys.stdin", clerk)
    monkeypatch.setattr(listening.Screen, "ready", ready)
    with ThreadPoolExecutor(1) as pool:
        serving = pool.submit(listen, ends.bureau, None, 0, 1, clock=ends.clock, as_json=False)
        assert port.wait(20)
        ends.expect("ZF-001", port=found[0])
        Recorder.at(ends.device("ZF-001")).over_network(clerk.show)
        serving.result(20)
    said = capfd.readouterr().out
    assert "ZF-001" in said
    assert "已登记" in said
    assert clerk.lines[0] not in said


def test_a_recorder_that_is_started_fresh_asks_its_bureau_first(
    ends: TwoEnds, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []

    def over_network(self: Recorder, show: object) -> str:
        del show
        asked.append(self.paths.folder)
        return "unchanged"

    monkeypatch.setattr(Recorder, "over_network", over_network)
    ends.expect("ZF-001")
    done = recorder("run", "--device", str(ends.device("ZF-001")))
    assert asked == [ends.device("ZF-001")]
    assert done.exit_code == 1
    assert "device.toml" in done.output


def test_the_help_of_every_command_has_an_example() -> None:
    for name in ("claim", "seed", "enrol"):
        assert "例" in CliRunner().invoke(app, [name, "--help"]).output
    assert "例" in recorder("enrol", "--help").output
