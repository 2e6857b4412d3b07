"""Whose the recorder is, by the bureau's signed assignment: named in every session, or no start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.vault import messages as m
from evidence.assignment import Officer, Standing
from evidence.moments import utc_text
from tests.kits.bureau.enrolment import Enrolled, assign, enrol
from tests.kits.device.vault import REQUEST, CalendarClock, RunningVault, TestRecorder, records

_DAY_NS = 86_400 * 10**9


def turned_down(recorder: TestRecorder) -> str:
    """What the recorder is told of a start that is refused for custody."""
    answer = recorder.ask(REQUEST, m.Refused)
    assert answer.code == "custody"
    return answer.detail


@pytest.mark.rule("A1", "A3", "A5")
def test_every_session_names_one_custodian_the_assignment_and_its_approval(
    enrolled: Enrolled,
) -> None:
    assign(enrolled, "O-1", number=4, approval="a-2026-17")
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        sid = recorder.open().sid
        recorder.close()
    opened = records(enrolled.journal(sid))[0]
    named = {name: opened[name] for name in ("custodian", "assignment", "approval")}
    assert named == {"custodian": "O-1", "assignment": 4, "approval": "a-2026-17"}


@pytest.mark.rule("A1", "A4")
@pytest.mark.parametrize(
    ("standing", "finding"),
    [
        (Standing.UNASSIGNED, "unassigned"),
        (Standing.FROZEN, "frozen"),
        (Standing.ENDED, "ended"),
    ],
)
def test_a_recorder_in_nobody_s_hands_refuses_and_says_why(
    enrolled: Enrolled, standing: Standing, finding: str
) -> None:
    because = None if standing is Standing.UNASSIGNED else "repair"
    nobody: dict[str, Any] = dict.fromkeys(("custodian", "keeper", "leader", "approval"))
    assign(enrolled, **nobody, standing=standing, number=2, because=because)
    with RunningVault(enrolled) as vault:
        recorder = vault.recorder()
        assert recorder.attach().refused == "custody"
        assert turned_down(recorder).startswith(f"custody: {finding}: ")
        assign(enrolled, "O-2", number=3, officers=(Officer(id="O-1"),))
        assert recorder.attach().refused is None
        recorder.ask(REQUEST, m.SessionOpened)
        recorder.close()


@pytest.mark.rule("A4", "B4")
def test_an_assignment_that_ran_out_permits_nothing_without_any_docking(enrolled: Enrolled) -> None:
    clock = CalendarClock()
    assign(enrolled, until=utc_text(clock.utc_ns() + _DAY_NS))
    with RunningVault(enrolled, source=clock) as vault:
        recorder = vault.recorder()
        assert recorder.attach().refused is None
        sid = recorder.open().sid
        clock.days = 1
        recorder.segment(0)
        assert recorder.close().reason == "officer"
        assert turned_down(recorder).startswith("custody: lapsed: ")
        assign(enrolled, number=2, until=utc_text(clock.utc_ns() + _DAY_NS))
        recorder.ask(REQUEST, m.SessionOpened)
        recorder.close()
    assert enrolled.journal(sid).exists()


@pytest.mark.rule("A1")
def test_without_any_word_of_the_bureau_nothing_begins(tmp_path: Path) -> None:
    with RunningVault(enrol(tmp_path, custodian=None)) as vault:
        recorder = vault.attached()
        assert turned_down(recorder).startswith("custody: unassigned: ")


@pytest.mark.rule("A1", "A4")
@pytest.mark.parametrize("lie", ["torn", "another device's", "another bureau's"])
def test_a_word_that_is_not_the_bureau_s_permits_nothing(
    enrolled: Enrolled, tmp_path: Path, lie: str
) -> None:
    path = enrolled.device.paths.assignment
    if lie == "torn":
        path.write_bytes(path.read_bytes()[:-5])
    elif lie == "another device's":
        path.write_bytes(enrol(tmp_path, device_id="REC-002").device.paths.assignment.read_bytes())
    else:
        other = enrol(tmp_path / "b")
        path.write_bytes(other.device.paths.assignment.read_bytes())
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        assert turned_down(recorder).startswith("custody: unreadable: ")


@pytest.mark.rule("A3")
def test_a_session_that_was_open_keeps_the_custodian_it_was_begun_with(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        first = recorder.open().sid
        assign(enrolled, standing=Standing.FROZEN, number=2, because="fault")
        recorder.segment(0)
        assert recorder.close().reason == "officer"
        assert turned_down(recorder).startswith("custody: frozen: ")
    opened = records(enrolled.journal(first))[0]
    assert (opened["custodian"], opened["assignment"]) == ("O-1", 1)
