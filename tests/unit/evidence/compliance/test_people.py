"""Who used the recorder, held against plan and roster."""

from __future__ import annotations

from typing import Any

import pytest

from evidence import rulebook
from evidence.assignment import Officer as Member
from evidence.assignment import Standing
from evidence.compliance import assess
from evidence.plan import Officer, Particulars
from tests.kits.records.words import a_word
from tests.kits.rules import rulebooks
from tests.kits.rules.days import bureau_of
from tests.kits.rules.judging import BOOKS, MET, NOT, OPEN, day, good, judge, states


def particulars(*ids: str) -> Particulars:
    people = tuple(Officer(id=one, name=f"张{one}", certificate=f"HN-{one}-0001") for one in ids)
    return Particulars(plan_id="plan-1", matter="案", party="某厂", place="某路", officers=people)


@pytest.mark.rule("C11")
@pytest.mark.parametrize(
    ("plan", "state"),
    [
        (particulars("o-1", "o-2"), MET),
        (particulars("o-1", "o-3"), NOT),
        (particulars("o-1"), NOT),
        (None, MET),
    ],
)
def test_the_officers_are_those_of_the_plan(plan: Particulars | None, state: str) -> None:
    found = states(assess(*judge(good()), BOOKS["S2"], plan))
    assert found["C11"] == state
    assert found["A4"] == (MET if plan is not None and state == MET else OPEN)


PAST = "2026-11-02T00:00:00.000000Z"


@pytest.mark.rule("A4")
@pytest.mark.parametrize(
    ("opening", "changes", "state"),
    [
        ({}, {}, MET),
        ({"officers": ["o-2", "o-3"]}, {"custodian": "o-9"}, NOT),
        ({"officers": ["o-2", "o-3"]}, {"officers": (Member(id="o-3"),)}, MET),
        ({"officers": ["o-2"]}, {"officers": (Member(id="o-2", until=PAST),)}, NOT),
        ({"officers": []}, {}, MET),
        ({}, {"standing": Standing.FROZEN, "because": "left"}, NOT),
        ({}, {"until": PAST}, NOT),
        ({}, {"number": 5}, NOT),
        ({}, {"device": "REC-0002"}, NOT),
    ],
    ids=[
        "its custodian",
        "strangers",
        "one of the roster",
        "past his last day",
        "nobody named",
        "stopped",
        "past the last day",
        "another number",
        "another recorder",
    ],
)
def test_who_used_it_is_held_against_the_roster_in_the_word_that_the_session_names(
    opening: dict[str, Any], changes: dict[str, Any], state: str
) -> None:
    judged = judge(day(assignment=4, approval="a-1", **opening).finish())
    found = states(assess(*judged, BOOKS["S0"], assignment=a_word(**changes)))
    assert found["A4"] == state


@pytest.mark.rule("A4")
def test_a_recorder_that_was_taken_out_of_use_is_nobodys() -> None:
    document = rulebooks.document("S0", **{"custody.revoked": ["REC-0001"]})
    envelope = rulebook.sign_rulebook(document, rulebooks.BUREAU.clerks)
    book = rulebook.read_rulebook(
        envelope, rulebook.read_root(rulebooks.BUREAU.root, bureau_of("S0").ca)
    )
    assert states(assess(*judge(good()), book))["A4"] == NOT
