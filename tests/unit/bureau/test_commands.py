"""The commands of ``bureau`` and the broker it starts, on a bureau made by provisioning."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bureau import office
from bureau.broker import Broker
from bureau.cli import app
from bureau.cli.ledger import SecrecyClass
from bureau.clock import Clock
from bureau.errors import BrokerError, BusyError
from bureau.ledger import Ledger, QuarantineRow
from bureau.settings import load_bureau
from evidence.marks import SECRECY
from tests.kits.bureau.enrolment import enrol
from tests.kits.wire.peer import free_port
from tests.unit.bureau.test_stores import row

CLOCK = Clock(utc_ns=lambda: 0, mono_ns=lambda: 0)


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = enrol(tmp_path_factory.mktemp("b"), port=free_port()).bureau
    ledger = Ledger(f"sqlite:///{folder / 'ledger.sqlite'}")
    ledger.put(row(1))
    ledger.put(row(2, officer=None, secrecy="trade"))
    ledger.put(QuarantineRow(device="REC-0001", name="log-1", reason="fork", since="2026"))
    ledger.close()
    return folder


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words), obj=CLOCK)
    return result.exit_code, result.output


@pytest.mark.rule("A6")
def test_the_ledger_is_listed_for_people_and_machines(bureau: Path) -> None:
    code, text = run("ledger", "--bureau", str(bureau))
    assert code == 0
    assert "REC-0001" in text
    code, text = run("ledger", "--bureau", str(bureau), "--officer", "O-1", "--json")
    assert [one["counter"] for one in json.loads(text)] == [1]


@pytest.mark.rule("L1")
def test_sessions_are_listed_with_their_class_of_secrecy_and_by_it(bureau: Path) -> None:
    _, text = run("ledger", "--bureau", str(bureau))
    assert "密级" in text
    assert "商" in text
    _, text = run("ledger", "--bureau", str(bureau), "--class", "trade", "--json")
    assert [(one["counter"], one["secrecy"]) for one in json.loads(text)] == [(2, "trade")]
    _, text = run("ledger", "--bureau", str(bureau), "--class", "state", "--json")
    assert json.loads(text) == []
    assert set(SecrecyClass) == set(SECRECY)


@pytest.mark.rule("A6")
def test_totals_are_told_for_people_and_machines(bureau: Path) -> None:
    code, text = run("totals", "--bureau", str(bureau), "--by", "activity")
    assert code == 0
    assert "inspection" in text
    code, text = run("totals", "--bureau", str(bureau), "--by", "month", "--json")
    assert {one["value"]: one["sessions"] for one in json.loads(text)} == {
        "2026-01": 1,
        "2026-02": 1,
    }


def test_the_quarantine_is_listed(bureau: Path) -> None:
    assert "fork" in run("quarantine", "list", "--bureau", str(bureau))[1]
    code, text = run("quarantine", "list", "--bureau", str(bureau), "--json")
    assert code == 0
    assert json.loads(text)[0]["name"] == "log-1"


@pytest.mark.parametrize("command", ["verify", "open"])
def test_a_session_that_is_not_here_is_said_in_chinese(
    bureau: Path, tmp_path: Path, command: str
) -> None:
    more = ["--to", str(tmp_path / "out"), "--who", "x", "--why", "x"] if command == "open" else []
    code, text = run(command, "nowhere", "--bureau", str(bureau), *more)
    assert code == 1
    assert "查无此记录" in text


def test_a_folder_that_is_no_bureau_is_said_in_chinese(tmp_path: Path) -> None:
    code, text = run("ledger", "--bureau", str(tmp_path))
    assert code == 1
    assert "单位配置文件" in text


@pytest.mark.parametrize(
    "words",
    [[], ["desk"], ["ledger"], ["totals"], ["open"], ["verify"], ["quarantine"]],
    ids=str,
)
def test_every_command_teaches(words: list[str]) -> None:
    code, text = run(*words, "--help")
    assert code == 0
    assert any("\u4e00" <= character <= "\u9fff" for character in text)


def test_a_second_intake_on_the_same_folder_is_refused(bureau: Path) -> None:
    one = load_bureau(bureau)
    with office.alone(one), pytest.raises(BusyError), office.alone(one):
        pass
    with office.alone(one):
        pass


def test_a_broker_that_cannot_start_is_said(tmp_path: Path) -> None:
    configuration = tmp_path / "mosquitto.conf"
    configuration.write_text("no_such_setting true\n")
    with pytest.raises(BrokerError):
        Broker(configuration, "127.0.0.1", free_port()).start()


def test_a_broker_that_is_not_installed_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bureau.broker.shutil.which", lambda *_, **__: None)
    with pytest.raises(BrokerError, match="apt-get install mosquitto"):
        Broker(tmp_path / "mosquitto.conf", "127.0.0.1", free_port()).start()


def test_a_broker_runs_with_the_provisioned_configuration(bureau: Path) -> None:
    one = load_bureau(bureau)
    settings = one.settings.broker
    with Broker(one.paths.broker_configuration, settings.bind, settings.port) as broker:
        assert broker.is_running()
        with pytest.raises(BrokerError, match="taken"):
            Broker(one.paths.broker_configuration, settings.bind, settings.port).start()
    assert not broker.is_running()
