"""Who is not on the bureau's signed roster begins nothing: by word, by plan and by request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agent.vault import messages as m
from evidence import jws
from evidence.assignment import Officer
from evidence.moments import utc_text
from evidence.plan import Plan
from hw.fake.clock import SystemClock
from provisioning.cli import app
from tests.kits.bureau.enrolment import Enrolled, assign, enrol
from tests.kits.device.vault import CalendarClock, RunningVault, TestRecorder, ask_dock, records
from tests.kits.device.words import token
from tests.kits.records import plans

pytestmark = pytest.mark.rule("A4")

_HOUR_NS = 3_600 * 10**9
_DAY_NS = 24 * _HOUR_NS
O_1 = Officer(id="O-1")


@pytest.fixture
def calendar() -> CalendarClock:
    return CalendarClock()


@pytest.fixture
def vault(enrolled: Enrolled, calendar: CalendarClock) -> Iterator[RunningVault]:
    with RunningVault(enrolled, source=calendar) as running:
        yield running


@pytest.fixture
def recorder(vault: RunningVault) -> TestRecorder:
    return vault.attached()


def request(officer: str | None, plan_id: str | None = None) -> m.OpenSession:
    return m.OpenSession(
        activity="voluntary", officer=officer, plan_id=plan_id, bits_per_second=1_000_000
    )


def turned_down(recorder: TestRecorder, asked: m.OpenSession) -> str:
    """What a start is refused for; it is signed, and there is no session."""
    paths = recorder_paths(recorder)
    before = sorted(paths.sessions.iterdir())
    answer = recorder.ask(asked, m.Refused)
    last = records(paths.device_log)[-1]
    assert (last["t"], last["code"], last["detail"]) == ("refusal", "custody", answer.detail)
    assert sorted(paths.sessions.iterdir()) == before
    return answer.detail


def recorder_paths(recorder: TestRecorder) -> Any:
    return recorder.enrolled.device.paths


def recorded(recorder: TestRecorder, asked: m.OpenSession) -> list[dict[str, Any]]:
    """A session that is admitted: its records."""
    sid = recorder.ask(asked, m.SessionOpened).session.sid
    recorder.close()
    return records(recorder_paths(recorder).sessions / sid / "journal.jws")


def plan_of(vault: RunningVault, *officers: str, **changes: Any) -> Plan:
    """A plan for these, pushed at the dock."""
    now_ns = vault.clock.utc_ns()
    term = {"begins": utc_text(now_ns - _HOUR_NS), "expires": utc_text(now_ns + 72 * _HOUR_NS)}
    one = plans.a_plan("REC-001", **{**term, "officers": officers, **changes})
    taken = ask_dock(
        vault.enrolled, m.SubmitPlan(content=plans.signed_by(vault.enrolled.bureau, one))
    )
    assert taken.plan_id == one.plan_id
    return one


def dock(enrolled: Enrolled, number: int, **fields: Any) -> str:
    """The bureau's next word comes at the dock; what became of it."""
    word = token(enrolled, number, **fields)
    state: str = ask_dock(enrolled, m.SubmitWord(kind="roster", content=word)).state
    return state


def test_somebody_whom_the_word_does_not_name_begins_nothing(recorder: TestRecorder) -> None:
    detail = turned_down(recorder, request("O-5"))
    assert detail.startswith("custody: off_roster: O-5 ")
    assert "O-1 has it" in detail


def test_a_word_from_before_there_were_rosters_permits_its_custodian_alone(
    recorder: TestRecorder, enrolled: Enrolled
) -> None:
    said = jws.parse(enrolled.device.paths.assignment.read_bytes(), jws.TYP_ASSIGNMENT).payload()
    assert "officers" not in said
    turned_down(recorder, request("O-2"))
    assert recorded(recorder, request("O-1"))[0]["officers"] == ["O-1"]


def test_a_request_that_names_nobody_is_its_custodian_s(recorder: TestRecorder) -> None:
    assert recorded(recorder, request(None))[0]["custodian"] == "O-1"


@pytest.mark.rule("A3")
def test_a_member_of_the_roster_records_and_is_put_before_the_desk(
    recorder: TestRecorder, enrolled: Enrolled
) -> None:
    assert dock(enrolled, 2, custodian="O-9", officers=(O_1,)) == "adopted"
    journal = recorded(recorder, request("O-1"))
    assert (journal[0]["custodian"], journal[0]["officers"]) == ("O-9", ["O-1"])
    (check,) = [one["fields"] for one in journal if one.get("kind") == "check"]
    assert (check["name"], check["passed"]) == ("custody", False)
    assert check["detail"] == "used by O-1, assigned to O-9"


@pytest.mark.rule("C11")
def test_a_plan_that_sends_a_stranger_is_neither_offered_nor_begun(
    vault: RunningVault, recorder: TestRecorder
) -> None:
    one = plan_of(vault, "O-7", "O-8")
    assert recorder.attach().plans == []
    detail = turned_down(recorder, request("O-1", one.plan_id))
    assert detail.startswith("custody: off_roster: O-7, O-8 ")
    assert recorded(recorder, request("O-1"))[0]["plan_id"] is None


def test_a_plan_that_sends_one_of_the_roster_is_offered_and_begun(
    vault: RunningVault, recorder: TestRecorder
) -> None:
    one = plan_of(vault, "O-7", "O-1")
    assert [choice.plan_id for choice in recorder.attach().plans] == [one.plan_id]
    assert recorded(recorder, request("O-5", one.plan_id))[0]["officers"] == ["O-7", "O-1"]


def test_a_plan_is_offered_no_more_once_its_officers_are_off_the_roster(
    vault: RunningVault, recorder: TestRecorder, enrolled: Enrolled
) -> None:
    dock(enrolled, 2, officers=(Officer(id="O-7"),))
    one = plan_of(vault, "O-7", "O-8")
    assert [choice.plan_id for choice in recorder.wait(m.PlansChanged).plans] == [one.plan_id]
    dock(enrolled, 3)
    assert recorder.wait(m.PlansChanged).plans == []
    dock(enrolled, 4, officers=(Officer(id="O-8"),))
    assert len(recorder.wait(m.PlansChanged).plans) == 1


def test_a_revocation_takes_effect_at_the_next_dock_and_not_before(
    recorder: TestRecorder, enrolled: Enrolled
) -> None:
    dock(enrolled, 2, custodian="O-9", officers=(O_1,))
    # The bureau has signed that O-1 is off; until the recorder docks it cannot know.
    recorded(recorder, request("O-1"))
    assert dock(enrolled, 3, custodian="O-9") == "adopted"
    assert turned_down(recorder, request("O-1")).startswith("custody: off_roster: O-1 ")
    recorded(recorder, request("O-9"))


@pytest.mark.rule("E1")
def test_a_revocation_during_a_session_takes_effect_at_its_end(
    recorder: TestRecorder, enrolled: Enrolled
) -> None:
    dock(enrolled, 2, custodian="O-9", officers=(O_1,))
    recorder.open()
    recorder.segment(0)
    assert dock(enrolled, 3, custodian="O-9") == "staged"
    recorder.segment(1)
    assert recorder.close().reason == "officer"
    recorder.wait(m.WordAdopted)
    turned_down(recorder, request("O-1"))


@pytest.mark.rule("B4")
def test_past_the_last_day_of_one_officer_he_begins_nothing_without_any_docking(
    recorder: TestRecorder, enrolled: Enrolled, calendar: CalendarClock
) -> None:
    tomorrow = utc_text(calendar.utc_ns() + _DAY_NS)
    dock(enrolled, 2, custodian="O-9", officers=(Officer(id="O-1", until=tomorrow),))
    recorder.open()
    calendar.days = 1
    recorder.segment(0)
    assert recorder.close().reason == "officer"
    assert turned_down(recorder, request("O-1")).startswith("custody: roster_over: O-1 ")
    recorded(recorder, request("O-9"))


@pytest.mark.rule("B4")
def test_a_clock_that_nobody_vouches_for_refuses_nobody_of_the_roster(
    vault: RunningVault, recorder: TestRecorder, enrolled: Enrolled, calendar: CalendarClock
) -> None:
    tomorrow = utc_text(calendar.utc_ns() + _DAY_NS)
    dock(enrolled, 2, custodian="O-9", officers=(Officer(id="O-1", until=tomorrow),))
    calendar.days = 2
    vault.world.set_clock_quality("none")
    recorded(recorder, request("O-1"))
    turned_down(recorder, request("O-5"))


@pytest.mark.rule("B1")
def test_the_check_before_use_tells_what_a_start_would_be_refused_for(tmp_path: Path) -> None:
    enrolled = enrol(tmp_path, officer="O-5")
    with RunningVault(enrolled) as vault:
        recorder = vault.recorder()
        assert recorder.attach().refused == "custody"
        asked = m.StorePreflight(trigger="power_up", checks=[])
        checks = recorder.ask(asked, m.PreflightStored).checks
        (custody,) = [one for one in checks if one.name == "custody"]
        detail = turned_down(recorder, request("O-5"))
        assert (custody.state, f"custody: {custody.detail}") == ("refuse", detail)
        dock(enrolled, 2, officers=(Officer(id="O-5"),))
        recorder.wait(m.WordAdopted)
        assert recorder.attach().refused is None


def test_the_last_word_alone_counts(recorder: TestRecorder, enrolled: Enrolled) -> None:
    assign(enrolled, "O-9", number=2, officers=(O_1,))
    recorded(recorder, request("O-1"))
    assign(enrolled, "O-9", number=3, officers=(Officer(id="O-2"),))
    turned_down(recorder, request("O-1"))
    recorded(recorder, request("O-2"))


@pytest.mark.rule("A1", "A3")
def test_what_a_clerk_types_reaches_the_recorder_as_a_word(tmp_path: Path) -> None:
    enrolled = enrol(tmp_path, custodian=None)
    words = enrolled.bureau / "registry" / "assignments" / "REC-001"

    def types(line: str) -> None:
        typed = [*line.split(), "--bureau", str(enrolled.bureau)]
        ended = CliRunner().invoke(app, typed, obj=SystemClock().utc_ns)
        assert ended.exit_code == 0, ended.output

    def docks() -> str:
        newest = max(words.glob("*.jws")).read_bytes()
        state: str = ask_dock(enrolled, m.SubmitWord(kind="roster", content=newest)).state
        return state

    for who, role in (("H-1", "head"), ("K-1", "keeper"), ("O-1", "officer"), ("O-9", "officer")):
        person = f"--name {who} --department 执法队 --role {role} --certificate 豫1000{who[-1]}"
        types(f"person add {who} {person}")
    types("approve REC-001 --to O-9 --approver H-1 --document 1号")
    with RunningVault(enrolled) as vault:
        types("assign REC-001 --to O-9 --keeper K-1 --leader H-1")
        assert docks() == "adopted"
        recorder = vault.attached()
        turned_down(recorder, request("O-1"))
        types("keep REC-001 --officer O-1")
        turned_down(recorder, request("O-1"))
        assert docks() == "adopted"
        recorded(recorder, request("O-1"))
        types("person leave O-1 --note 调离")
        recorded(recorder, request("O-1"))
        assert docks() == "adopted"
        assert turned_down(recorder, request("O-1")).startswith("custody: off_roster: ")
        recorded(recorder, request("O-9"))
        types("person leave O-9 --note 调离")
        assert docks() == "adopted"
        assert turned_down(recorder, request("O-9")).endswith("(left)")
