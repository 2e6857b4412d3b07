"""What the officer says of begin, end, causes and secrets, judged by the rows that ask it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from evidence.bounds import Bounds, bounds_of, read_item
from evidence.compliance import RowResult, assess
from evidence.marks import SECRECY, ending_of, raised, secrecy_of
from evidence.verify import Judgement, verify
from tests.kits.records.folders import Folder, bundle
from tests.kits.rules import rulebooks
from tests.kits.rules.days import Day, after, bureau_of
from tests.kits.rules.judging import BESIDE, BOOKS, MET, NOT, OPEN

LEAVING = {"begins": "on_arrival", "ends": "on_leaving", "item": None}
HEARING = {"begins": "hearing_opened", "ends": "hearing_closed", "item": 2}
NOTIFIED = {"begins": "before_entering", "ends": "after_notification", "item": None}


def judged(folder: Folder, text: str) -> dict[str, RowResult]:
    read = bundle(folder)
    verdict = verify(read, bureau_of("S0").ca)
    assert verdict.judgement is not Judgement.BROKEN
    return {one.row: one for one in assess(read, verdict, BOOKS[text])}


def ended(*codes: str, asked: bool = True, reason: str = "officer", **opening: Any) -> Folder:
    """A good day that ends with these marks; where nothing is told, that is flagged."""
    one = Day(**opening)
    one.arrive()
    one.work()
    for code in codes:
        one.mark(code)
    if asked and not codes and reason == "officer":
        one.event("check", {"name": "ending", "passed": False, "detail": "asked: end"})
    return one.finish(reason)


def went_on(
    before: tuple[str, ...] = (),
    now: tuple[str, ...] = (),
    *,
    flagged: bool = False,
    spoken: bool = False,
    plan: str | None = "plan-1",
) -> Folder:
    """A session ten minutes after one that the officer ended."""
    first = Day(bounds=LEAVING, plan_id=plan)
    first.work()
    for code in before:
        first.mark(code)
    one = after(first, "officer", 600, bounds=LEAVING, plan_id=plan)
    one.arrive()
    for code in now:
        one.mark(code)
    if flagged:
        one.event("check", {"name": "cause", "passed": False, "detail": "no answer"})
    if spoken:
        one.say("interruption")
    one.work()
    one.mark("end:on_leaving")
    return one.finish()


@pytest.mark.rule("C2", "C3", "D2")
@pytest.mark.parametrize(
    ("build", "text", "row", "state"),
    [
        (lambda: ended("end:after_notification", bounds=NOTIFIED), "S0", "C2", MET),
        (lambda: ended(bounds=NOTIFIED), "S0", "C2", OPEN),
        (lambda: ended("end:on_leaving", bounds=NOTIFIED), "S0", "C2", OPEN),
        (lambda: ended(reason="battery", bounds=NOTIFIED), "S0", "C2", OPEN),
        (lambda: ended("end:on_leaving", bounds=LEAVING), "S1", "C3", MET),
        (lambda: ended("stop:weather", bounds=LEAVING), "S1", "C3", OPEN),
        (lambda: ended(bounds=LEAVING), "S1", "C3", OPEN),
        (
            lambda: ended("begin:hearing_opened", "end:hearing_closed", bounds=HEARING),
            "S1",
            "C3",
            MET,
        ),
        (lambda: ended("end:hearing_closed", bounds=HEARING), "S1", "C3", OPEN),
        (
            lambda: ended(
                "begin:hearing_opened", "end:hearing_closed", bounds=HEARING, activity="hearing"
            ),
            "S1",
            "D2",
            MET,
        ),
        (lambda: ended("end:hearing_closed", bounds=HEARING, activity="hearing"), "S1", "D2", OPEN),
        (lambda: ended("begin:hearing_opened", bounds=HEARING, asked=False), "S1", "D2", OPEN),
    ],
)
def test_begin_and_end_are_held_against_the_template(
    build: Callable[[], Folder], text: str, row: str, state: str
) -> None:
    found = judged(build(), text)[row]
    assert found.state.value == state, found
    assert found.proof is not None


@pytest.mark.rule("C2", "C3")
def test_an_end_that_nobody_told_is_flagged_with_the_record_that_says_so() -> None:
    folder = ended(bounds=LEAVING)
    found = judged(folder, "S1")["C3"]
    assert "did not say how" in found.because_en
    assert "离开现场" in found.because_zh


@pytest.mark.rule("E2", "E3")
@pytest.mark.parametrize(
    ("build", "s1", "s4"),
    [
        (lambda: ended("end:on_leaving", bounds=LEAVING), MET, MET),
        (lambda: ended("stop:weather", bounds=LEAVING), MET, MET),
        (lambda: ended("stop:obstruction", bounds=LEAVING), MET, NOT),
        (lambda: ended("stop:place_change", bounds=LEAVING), NOT, MET),
        (lambda: ended(bounds=LEAVING), OPEN, OPEN),
        (lambda: went_on(before=("end:on_leaving",)), MET, MET),
        (lambda: went_on(before=("stop:weather",), spoken=True), MET, MET),
        (lambda: went_on(now=("resume:weather",), spoken=True), MET, MET),
        (lambda: went_on(now=("resume:obstruction",), spoken=True), MET, NOT),
        (lambda: went_on(flagged=True, spoken=True), NOT, NOT),
        (lambda: went_on(spoken=True), OPEN, OPEN),
        (lambda: went_on(now=("resume:other_matter",), plan=None), OPEN, OPEN),
    ],
    ids=[
        *("ended", "weather", "obstruction", "another place", "unexplained"),
        *("begun after an end", "told at the stop", "told on resuming", "not excused everywhere"),
        *("asked, no answer", "spoken only", "another matter"),
    ],
)
def test_a_stop_is_excused_by_the_cause_that_the_officer_chose(
    build: Callable[[], Folder], s1: str, s4: str
) -> None:
    folder = build()
    assert judged(folder, "S1")["E3"].state.value == s1
    assert judged(folder, "S4")["E2"].state.value == s4


@pytest.mark.rule("E5")
def test_no_reason_is_due_after_a_session_that_had_come_to_its_end() -> None:
    assert judged(went_on(before=("end:on_leaving",)), "S4")["E5"].state.value == BESIDE
    assert judged(went_on(before=("stop:weather",)), "S4")["E5"].state.value == NOT
    assert judged(went_on(before=("stop:weather",), spoken=True), "S4")["E5"].state.value == MET


@pytest.mark.rule("A1")
@pytest.mark.parametrize(
    ("named", "state"),
    [
        ({"assignment": 3, "approval": "a-7"}, MET),
        ({"assignment": None, "approval": None}, NOT),
        ({}, OPEN),
    ],
    ids=["approved", "nobody's", "an earlier device"],
)
def test_a_session_names_the_approval_that_its_recorder_was_issued_on(
    named: dict[str, Any], state: str
) -> None:
    found = judged(ended("end:on_leaving", bounds=LEAVING, **named), "S0")["A1"]
    assert found.state.value == state
    if state == MET:
        assert "a-7" in found.because_zh


@pytest.mark.rule("L1")
def test_the_class_that_was_marked_in_the_field_stands_in_the_report() -> None:
    folder = ended(
        "secret:privacy", "secret:state", "secret:trade", "end:on_leaving", bounds=LEAVING
    )
    found = judged(folder, "S1")["L1"]
    assert (found.state.value, found.proof is not None) == (OPEN, True)
    assert "国家秘密" in found.because_zh
    assert judged(ended(bounds=LEAVING), "S1")["L1"].proof is None


@pytest.mark.rule("L1")
def test_a_class_is_only_ever_raised() -> None:
    ladder = [raised(None)]
    while raised(ladder[-1]) != ladder[-1]:
        ladder.append(raised(ladder[-1]))
    assert ladder == list(SECRECY)
    assert secrecy_of(["mark", "secret:trade", "secret:privacy", "secret:x"]) == "trade"
    assert secrecy_of(["mark", "contact"]) is None


def test_the_last_word_about_the_end_counts() -> None:
    assert ending_of(["mark", "stop:weather", "secret:state", "end:on_leaving"]) == "end:on_leaving"
    assert ending_of(["mark"]) is None


@pytest.mark.rule("D2")
def test_the_annex_s_words_are_read_as_codes_and_unknown_ones_are_the_item_s_own() -> None:
    book = rulebooks.read("S1")
    assert bounds_of(book, "evidence_taking") == Bounds("on_arrival", "on_leaving", 1)
    assert bounds_of(book, "hearing") == Bounds("hearing_opened", "hearing_closed", 2)
    assert bounds_of(book, "inspection") == Bounds("on_arrival", "on_leaving")
    own = {"number": 7, "begins": "打开库房时", "ends": "锁库房时"}
    assert read_item(own) == Bounds("item_begun", "item_done", 7)
    assert read_item({**own, "begins": "", "ends": " "}) == Bounds("unstated", "unstated", 7)
