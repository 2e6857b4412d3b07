from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from provisioning.cli import app
from tests.kits.bureau.enrolment import take_in

Clock = Callable[[], int]
ROOT = Path(__file__).parents[3]


@pytest.fixture
def provision(clock: Clock) -> Callable[..., Result]:
    def run(*words: str | Path) -> Result:
        return CliRunner().invoke(app, [str(word) for word in words], obj=clock)

    return run


def test_a_clerk_founds_a_bureau_and_expects_a_device(
    provision: Callable[..., Result], tmp_path: Path, announcements: Path
) -> None:
    bureau = tmp_path / "bureau"
    (tmp_path / "passphrases").write_text("".join(f"一把离线根密钥的口令 {n}\n" for n in (1, 2, 3)))
    (tmp_path / "passphrases").chmod(0o600)
    who = ("--bureau", bureau, "--name", "某县统计局", "--announce", announcements)
    init = ("init", *who, "--root-passphrases", tmp_path / "passphrases")
    assert "试运行" in provision(*init, "--dry-run").output
    assert "完成" in provision(*init, "--keep-days", "0").output
    assert "未作任何改动" in provision(*init).output
    seed = ("seed", "ZF-001", "--bureau", bureau, "--to", tmp_path / "seed", "--width", "320")
    assert "完成" in provision(*seed).output
    assert "未作任何改动" in provision(*seed).output
    show = provision("policy", "show", "--bureau", bureau)
    assert "release.keep_days（回执后设备保留天数）= 0" in show.output


def test_machines_read_json(
    provision: Callable[..., Result], bureau: Path, tmp_path: Path, clock: Clock
) -> None:
    def answer(*words: str | Path) -> Any:
        return json.loads(provision(*words, "--json").output)

    seeded = answer("seed", "ZF-001", "--bureau", bureau, "--to", tmp_path / "seed")
    assert seeded["changed"] == len(seeded["steps"])
    assert seeded["facts"]["device"] == "ZF-001"
    shown = answer("policy", "show", "--bureau", bureau)
    assert (shown["version"], shown["policy"]["release.keep_days"]) == (1, 7)
    take_in(bureau, tmp_path / "device", "ZF-001", clock=clock)
    revoked = answer("revoke", "ZF-001", "--reason", "lost", "--bureau", bureau)
    assert revoked["changed"] == len(revoked["steps"])


def test_a_refusal_ends_with_1_and_says_why_in_chinese(
    provision: Callable[..., Result], bureau: Path, tmp_path: Path
) -> None:
    words = ("seed", "bad id", "--bureau", bureau, "--to", tmp_path / "seed")
    refused = provision(*words)
    assert refused.exit_code == 1
    assert "设备编号不符合要求" in refused.output
    answer = json.loads(provision(*words, "--json").stdout)
    assert answer["error"] == "device_id"


@pytest.mark.parametrize("word", ["release.keep_days", "release.keep_days=-1", "x=1", "=3"])
def test_a_change_that_is_no_number_is_refused(
    provision: Callable[..., Result], bureau: Path, word: str
) -> None:
    refused = provision("policy", "edit", "--bureau", bureau, "--", word)
    assert refused.exit_code == 1


@pytest.mark.parametrize(
    "command", [[], ["init"], ["enrol"], ["revoke"], ["policy"], ["policy", "edit"]]
)
def test_help_teaches_with_an_example(provision: Callable[..., Result], command: list[str]) -> None:
    shown = provision(*command, "--help")
    assert shown.exit_code == 0
    assert "provision" in shown.output


def test_without_the_desk_extra_the_line_that_installs_it_is_printed() -> None:
    script = "import sys; sys.modules['typer'] = None; import provisioning.main as m; m.run()"
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert "pip install 'zhifa-recorder[desk]'" in ended.stderr


def test_commands_start_without_what_only_some_of_them_need() -> None:
    heavy = {"av", "jinja2", "numpy", "segno", "sqlalchemy"}
    asked = f"import sys, provisioning.cli; print(*({heavy!r} & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == ""
