"""``recorder``'s commands."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from agent.cli import app
from tests.kits.bureau.enrolment import Enrolled
from tests.kits.device.vault import RunningVault

runner = CliRunner()


def test_help_names_every_process_and_shows_an_example() -> None:
    shown = runner.invoke(app, ["--help"]).stdout
    assert all(word in shown for word in ("run", "vault", "session", "dock", "status"))
    assert "recorder run --device" in runner.invoke(app, ["run", "--help"]).stdout


def test_a_folder_that_is_no_device_is_said_in_chinese(tmp_path: Path) -> None:
    result = runner.invoke(app, ["status", "--device", str(tmp_path)])
    assert result.exit_code == 1
    assert "设备配置文件有误" in result.stderr


def test_status_of_a_recorder_that_does_not_run(enrolled: Enrolled) -> None:
    folder = str(enrolled.device.paths.folder)
    shown = json.loads(runner.invoke(app, ["status", "--device", folder, "--json"]).stdout)
    assert shown == {"device_id": "REC-001", "running": False, "recording": False, "pending": []}
    assert "未运行" in runner.invoke(app, ["status", "--device", folder]).stdout


def test_status_lists_what_waits_for_a_receipt(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        sid = recorder.open().sid
        recorder.close()
        folder = str(enrolled.device.paths.folder)
        shown = json.loads(runner.invoke(app, ["status", "--device", folder, "--json"]).stdout)
        assert (shown["running"], shown["recording"], shown["pending"]) == (True, False, [sid])
        assert sid in runner.invoke(app, ["status", "--device", folder]).stdout


def test_a_missing_extra_is_answered_with_the_line_that_installs_it() -> None:
    blocked = (
        "import sys; sys.modules['msgspec'] = None; sys.argv = ['recorder', '--help']\n"
        "from agent.main import run; run()"
    )
    done = subprocess.run(
        [sys.executable, "-c", blocked], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "pip install 'zhifa-recorder[device]'" in done.stderr


def test_a_process_without_its_world_says_what_is_missing(enrolled: Enrolled) -> None:
    command = [sys.executable, "-m", "agent.main", "session"]
    device = ["--device", str(enrolled.device.paths.folder)]
    done = subprocess.run([*command, *device], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "硬件不可用" in done.stderr
