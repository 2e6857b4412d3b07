"""A session that came in, beside the plan it names; what it owes, and how that is explained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from bureau.clock import Clock
from bureau.errors import ExplanationError, LedgerError
from bureau.explaining import LONGEST_TEXT, Explained, add_explanation
from bureau.ledger import Ledger, Query, SessionRow
from evidence import rulebook
from evidence.digests import sha256_hex
from evidence.moments import utc_ns
from evidence.plan import Plan
from tests.kits.bureau.intake import IntakeRig, Pusher
from tests.kits.records.plans import PARTICULARS, PLAN_ID, PlannedTake, a_plan, signed
from tests.kits.records.recorder import START_UTC_NS
from tests.kits.records.take import Take
from tests.unit.bureau.test_stores import row

CLOCK = Clock(utc_ns=lambda: START_UTC_NS, mono_ns=lambda: 0)


@pytest.fixture
def plan(rig: IntakeRig) -> Plan:
    """Published, its clear text in the book."""
    one = a_plan()
    rig.publish(one)
    return one


def come_in(rig: IntakeRig, pusher: Pusher, take: Take, *, reason: str = "officer") -> SessionRow:
    """The row of a session that was recorded and pushed."""
    take.announce()
    take.segment(size=900)
    take.close(reason)
    pusher.push(take)
    row = rig.ledger.find(take.sid)
    assert row is not None
    assert row.state == "stored"
    return row


@pytest.mark.rule("H2")
@pytest.mark.rule("I2")
def test_a_planned_session_has_its_text_in_the_ledger(
    rig: IntakeRig, pusher: Pusher, plan: Plan
) -> None:
    row = come_in(rig, pusher, PlannedTake(pusher.recorder, plan))
    assert (row.plan_id, row.plan_state, row.owes) == (PLAN_ID, "planned", "")
    assert (row.matter, row.party) == (PARTICULARS.matter, PARTICULARS.party)
    assert row.people == "张三（豫A0100123）、李四（41010200456）"
    assert row.officers == "O-1,O-2"
    assert row.explain_by is None
    assert [one.sid for one in rig.ledger.sessions(Query(officer="O-2"))] == [row.sid]
    assert rig.ledger.sessions(Query(officer="O")) == []


@pytest.mark.rule("D7")
@pytest.mark.rule("D12")
def test_a_session_without_a_plan_is_stored_and_owes_its_reason_within_a_day(
    rig: IntakeRig, pusher: Pusher
) -> None:
    row = come_in(rig, pusher, PlannedTake(pusher.recorder, None))
    assert (row.plan_state, row.owes, row.activity) == ("unplanned", "no_plan", "voluntary")
    assert row.explain_by is not None
    assert row.stored is not None
    assert utc_ns(row.explain_by) - utc_ns(row.stored) == 24 * 3_600 * 1_000_000_000


@pytest.mark.rule("C11")
def test_a_session_with_fewer_officers_than_its_rulebook_asks_for_is_flagged(
    rig: IntakeRig, pusher: Pusher
) -> None:
    document = rig.bureau.rulebook_document()
    document["policy"]["officers.min"] = 2
    envelope = rulebook.sign_rulebook(document, rig.bureau.clerks)
    (rig.folder / "rulebook" / "versions" / "000004.json").write_bytes(envelope)
    pinned = {"version": 3, "sha256": sha256_hex(envelope)}
    alone = PlannedTake(pusher.recorder, None, officer="O-1", rulebook=pinned)
    assert come_in(rig, pusher, alone).owes == "no_plan,officers"


@pytest.mark.rule("E6")
@pytest.mark.parametrize("reason", ["storage", "battery", "fault"])
def test_a_session_that_no_officer_ended_owes_the_reason(
    rig: IntakeRig, pusher: Pusher, plan: Plan, reason: str
) -> None:
    row = come_in(rig, pusher, PlannedTake(pusher.recorder, plan), reason=reason)
    assert row.owes == "interrupted"


@pytest.mark.rule("E6")
def test_a_session_that_a_crash_interrupted_owes_the_reason(
    rig: IntakeRig, pusher: Pusher, plan: Plan
) -> None:
    take = PlannedTake(pusher.recorder, plan)
    take.crash()
    assert come_in(rig, pusher, take).owes == "interrupted"


ODD: list[tuple[str, Callable[[Plan], Plan], dict[str, Any]]] = [
    ("other_plan", lambda plan: replace(plan, sealed=plan.sealed + b"x"), {}),
    ("other_plan", lambda plan: replace(plan, activity="patrol"), {}),
    ("other_plan", lambda plan: replace(plan, officers=("O-1",)), {}),
    ("other_plan", lambda plan: plan, {"plan": None}),
    ("unknown_plan", lambda plan: replace(plan, plan_id="p-of-another"), {}),
    ("unknown_plan", lambda plan: replace(plan, sealed=plan.sealed + b"x"), {"plan_id": None}),
    ("planned", lambda plan: plan, {"plan_id": None}),
]


@pytest.mark.parametrize(("state", "change", "changes"), ODD)
def test_a_session_is_compared_with_the_plan_it_names(
    rig: IntakeRig,
    pusher: Pusher,
    plan: Plan,
    state: str,
    change: Callable[[Plan], Plan],
    changes: dict[str, Any],
) -> None:
    take = PlannedTake(pusher.recorder, change(plan), **changes)
    if changes.get("plan", take) is None:
        take.files.clear()
    row = come_in(rig, pusher, take)
    assert (row.plan_state, row.owes) == (state, "" if state == "planned" else "plan")


def test_a_plan_for_another_recorder_is_another_plan(rig: IntakeRig, pusher: Pusher) -> None:
    foreign = a_plan("REC-0002")
    rig.office.plans.keep(PLAN_ID, signed(rig.bureau, foreign))
    row = come_in(rig, pusher, PlannedTake(pusher.recorder, foreign))
    assert row.plan_state == "other_plan"


def test_a_plan_that_was_not_in_force_is_said(rig: IntakeRig, pusher: Pusher) -> None:
    late = a_plan(begins="2026-11-21T12:00:00.000000Z")
    rig.office.plans.keep(PLAN_ID, signed(rig.bureau, late))
    row = come_in(rig, pusher, PlannedTake(pusher.recorder, late))
    assert (row.plan_state, row.matter) == ("untimely", None)


def test_the_link_is_found_again_when_the_ledger_was_lost(
    rig: IntakeRig, pusher: Pusher, plan: Plan
) -> None:
    before = come_in(rig, pusher, PlannedTake(pusher.recorder, None))
    rig.close()
    (rig.folder / "ledger.sqlite").unlink()
    rig.restart()
    after = rig.ledger.find(before.sid)
    assert after is not None
    assert (after.owes, after.explain_by) == (before.owes, before.explain_by)


@pytest.mark.rule("E6")
@pytest.mark.rule("D12")
def test_what_is_owed_is_listed_until_somebody_explained(
    rig: IntakeRig, pusher: Pusher, plan: Plan
) -> None:
    row = come_in(rig, pusher, PlannedTake(pusher.recorder, None))
    come_in(rig, pusher, PlannedTake(pusher.recorder, plan))
    owing = Query(owing=True)
    assert [one.sid for one in rig.ledger.sessions(owing)] == [row.sid]
    first = add_explanation(rig.ledger, row, Explained(who="张三", reason="途中发现"), CLOCK)
    assert rig.ledger.sessions(owing) == []
    second = add_explanation(rig.ledger, row, Explained(who="李四", reason="补充"), CLOCK)
    told = rig.ledger.explanations(row.sid)
    assert [(one.number, one.who, one.owed) for one in told] == [
        (first, "张三", "no_plan"),
        (second, "李四", "no_plan"),
    ]


@pytest.mark.rule("E6")
def test_the_ledger_does_not_let_an_explanation_be_changed(rig: IntakeRig, pusher: Pusher) -> None:
    row = come_in(rig, pusher, PlannedTake(pusher.recorder, None))
    add_explanation(rig.ledger, row, Explained(who="张三", reason="途中发现"), CLOCK)
    (told,) = rig.ledger.explanations()
    told.reason = "另一个理由"
    with pytest.raises(LedgerError, match="stays as it is"):
        rig.ledger.put(told)
    assert [one.reason for one in rig.ledger.explanations()] == ["途中发现"]


@pytest.mark.parametrize(
    "said",
    [
        Explained(who=" ", reason="x"),
        Explained(who="张三", reason=""),
        Explained(who="张三", reason="x", matter=" "),
        Explained(who="张三", reason="x" * (LONGEST_TEXT + 1)),
    ],
    ids=lambda said: said.reason[:2],
)
def test_an_explanation_says_who_and_why(rig: IntakeRig, said: Explained) -> None:
    with pytest.raises(ExplanationError):
        add_explanation(rig.ledger, row(1), said, CLOCK)
    assert rig.ledger.explanations() == []


def test_a_ledger_of_an_earlier_version_gets_the_new_columns(rig: IntakeRig) -> None:
    rig.ledger.put(row(1))
    with rig.ledger.engine.begin() as connection:
        for column in ("owes", "matter", "secrecy"):
            connection.execute(text(f"ALTER TABLE sessions DROP COLUMN {column}"))
    rig.ledger.close()
    again = Ledger(f"sqlite:///{rig.folder / 'ledger.sqlite'}")
    (found,) = again.sessions()
    assert (found.owes, found.matter, found.secrecy, found.counter) == ("", None, None, 1)
    again.close()
