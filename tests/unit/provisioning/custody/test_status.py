"""The clerk's view of all recorders, and the same for machines."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from provisioning.cli import app
from provisioning.custody.moves.assigning import Assign
from provisioning.custody.moves.ending import Lose
from provisioning.custody.moves.repairing import REPAIR, Freeze, Maintain
from provisioning.custody.register import change
from tests.kits.bureau.custody import Docking, approval, settle

Clock = Callable[[], int]
Status = Callable[..., dict[str, Any]]
GIVE = Assign(device="ZF-001", custodian="O-1", keeper="K-1", leader="L-1")
DAY_NS = 86_400_000_000_000


@pytest.fixture
def docking(bureau: Path, device: Path, clock: Clock) -> Docking:
    settle(bureau, clock, approval(), GIVE)
    return Docking(bureau, device, clock)


@pytest.fixture
def status(bureau: Path, clock: Clock) -> Status:
    """The row of ZF-001, so many days later."""

    def look(*words: str, later: int = 0) -> dict[str, Any]:
        at_ns = clock() + later * DAY_NS
        asked = ["status", *words, "--bureau", str(bureau), "--json"]
        shown = CliRunner().invoke(app, asked, obj=lambda: at_ns)
        assert shown.exit_code == 0, shown.output
        (row,) = json.loads(shown.stdout)
        assert isinstance(row, dict)
        return row

    return look


def test_who_has_it_since_when_and_what_the_desk_has_seen(
    bureau: Path, docking: Docking, status: Status
) -> None:
    row = status()
    assert (row["custodian"], row["name"], row["standing"]) == ("O-1", "𠮷田·阿依古丽", "assigned")
    assert (row["last_dock"], row["backlog"], row["number"]) == (None, 0, 1)
    assert row["since"].startswith("2027-01-15")
    assert row["certificate_expires"].startswith("2037-01")
    assert row["due"] == ["word"]
    docking.took(1)
    docking.session()
    waiting = docking.session(stored=False)
    check = {
        "name": "battery",
        "state": "ok",
        "detail": "200 minutes of recording at 80 %, 250 minutes a charge (measured)",
        "value": 200,
    }
    docking.note("preflight", {"trigger": "asked", "checks": [check], "count": 1})
    docking.note("provision", {"step": "rulebook", "sha256": "0" * 64, "version": 1})
    row = status("ZF-001")
    assert (row["backlog"], row["battery_minutes"], row["rulebook"]) == (1, 250, 1)
    assert row["last_dock"] is not None
    assert row["due"] == ["backlog"]
    (bureau / "quarantine" / "ZF-001" / waiting).mkdir(parents=True)
    assert status("ZF-001")["due"] == ["backlog", "quarantined"]


@pytest.mark.rule("A10")
def test_a_recorder_that_nobody_heard_of_for_long_is_pointed_out(
    docking: Docking, status: Status
) -> None:
    docking.took(1)
    assert "silent" not in status(later=30)["due"]
    assert "silent" in status(later=32)["due"]
    assert "silent" not in status("--silent-days", "60", later=32)["due"]


@pytest.mark.rule("M3")
def test_a_recorder_whose_care_is_due_is_pointed_out(
    bureau: Path, docking: Docking, status: Status, clock: Clock
) -> None:
    docking.took(1)
    assert "care" not in status("--silent-days", "999", later=90)["due"]
    assert "care" in status("--silent-days", "999", later=91)["due"]
    late_ns = clock() + 80 * DAY_NS
    note = Maintain(device="ZF-001", keeper="K-1", note="充电、清洁")
    change(bureau, [note], clock=lambda: late_ns)
    assert "care" not in status("--silent-days", "999", later=100)["due"]


@pytest.mark.rule("M1", "M2")
def test_a_recorder_that_is_stopped_says_why(
    bureau: Path, docking: Docking, status: Status, clock: Clock
) -> None:
    docking.took(1)
    docking.stopped(1)
    row = status()
    assert (row["stopped"], row["due"]) == ("camera frozen", ["stop_use"])
    change(bureau, [Freeze(device="ZF-001", because=REPAIR, note="送修")], clock=clock)
    row = status()
    assert (row["standing"], row["because"]) == ("frozen", "repair")


def test_the_desk_s_own_note_of_a_device_counts_where_there_is_one(
    bureau: Path, docking: Docking, status: Status
) -> None:
    docking.took(1)
    seen = "2027-02-01T00:00:00.000000Z"
    with closing(sqlite3.connect(bureau / "ledger.sqlite")) as base:
        base.execute("CREATE TABLE devices (device TEXT, seen TEXT, state TEXT)")
        state = json.dumps({"backlog_sessions": 3})
        base.execute("INSERT INTO devices VALUES ('ZF-001', ?, ?)", (seen, state))
        base.commit()
    row = status(later=20)
    assert (row["last_dock"], row["backlog"]) == (seen, 3)
    (bureau / "ledger.sqlite").write_bytes(b"no database at all" * 100)
    shown = CliRunner().invoke(app, ["status", "--bureau", str(bureau)], obj=lambda: 1)
    assert shown.exit_code == 1
    assert "管理台账无法读取" in shown.output


def test_the_table_and_the_audit_speak_chinese(
    bureau: Path, docking: Docking, clock: Clock
) -> None:
    docking.took(1)
    change(bureau, [Lose(device="ZF-001", note="遗失")], clock=clock)

    def run(*words: str) -> str:
        shown = CliRunner().invoke(
            app, [*words, "--bureau", str(bureau)], obj=clock, env={"COLUMNS": "160"}
        )
        assert shown.exit_code == 0, shown.output
        return shown.output

    assert "已注销（遗失）" in run("status")
    assert "全部相符" in run("audit")
    assert "𠮷田·阿依古丽" in run("person", "list")
    (bureau / "registry" / "assignments" / "ZF-001" / "000001.jws").unlink()
    shown = CliRunner().invoke(app, ["audit", "--bureau", str(bureau)], obj=clock)
    assert shown.exit_code == 1
    assert "配发文件缺失" in shown.output
