"""What was altered, lost, opened or sealed to somebody else, judged by the rules."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from evidence.compliance import assess
from evidence.ids import JOURNAL_NAME
from evidence.verify import Bundle, verify
from tests.kits.records.folders import Folder
from tests.kits.rules.days import bureau_of
from tests.kits.rules.judging import (
    BOOKS,
    MET,
    NOT,
    OPEN,
    TEXTS,
    Scenario,
    day,
    good,
    judge,
    states,
    under_all,
)


def tampered() -> Folder:
    one = day()
    one.event("tamper", {"part": "case", "detail": "opened"})
    return one.finish()


def faulty() -> Folder:
    one = day()
    fault = {"part": "camera", "code": "silent", "detail": "no frames", "state": "begun"}
    one.event("fault", fault)
    return one.finish()


SCENARIOS: Mapping[str, Scenario] = {
    "opened with a screwdriver": Scenario(tampered, under_all(A9=NOT)),
    "a part failed": Scenario(faulty, under_all(M1=OPEN, M2=OPEN)),
}


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_what_befell_the_body_is_judged_by_each_text(name: str, text: str) -> None:
    scenario = SCENARIOS[name]
    scenario.check(text, assess(*scenario.judged(), BOOKS[text], now=scenario.now))


def altered() -> Folder:
    made = good()
    film = bytearray(made["000000.mp4.age"])
    film[450] ^= 1
    return {**made, "000000.mp4.age": bytes(film)}


@pytest.mark.rule("G1")
@pytest.mark.rule("E7")
def test_a_changed_film_breaks_integrity_and_leaves_the_records_their_word() -> None:
    found = states(assess(*judge(altered()), BOOKS["S0"]))
    assert {row for row, state in found.items() if state == NOT} == {"E7", "E8", "G1", "G5"}
    assert found["B5"] == MET
    assert found["C8"] == MET


def cut_line() -> Folder:
    made = good()
    lines = made[JOURNAL_NAME].splitlines(keepends=True)
    return {**made, JOURNAL_NAME: b"".join(lines[:5] + lines[6:])}


@pytest.mark.rule("G1")
def test_in_a_journal_that_does_not_verify_no_record_proves_anything() -> None:
    results = assess(*judge(cut_line()), BOOKS["S0"])
    assert {one.row for one in results if one.state == NOT} >= {"E7", "G1", "G5"}
    proved = [one for one in results if one.state == MET and one.proof is not None]
    assert all(one.proof is None or one.proof.file != JOURNAL_NAME for one in proved)


@pytest.mark.rule("G2")
def test_a_film_that_is_gone_is_said_to_be_gone() -> None:
    made = {name: content for name, content in good().items() if name != "000001.mp4.age"}
    found = {one.row: one for one in assess(*judge(made), BOOKS["S0"])}
    assert found["G2"].state == NOT
    assert "missing_file" in found["G2"].because_en


def left_open() -> Folder:
    one = day()
    plain = one.begin(600).replace(b"age-encryption.org/v1", b"somebody-elses-box/v1")
    one.ticks(plain, 2)
    one.end(plain)
    return one.finish()


@pytest.mark.rule("H5")
@pytest.mark.rule("K6")
@pytest.mark.rule("L3")
def test_what_is_sealed_to_anybody_else_is_not_confidential() -> None:
    strangers = [{"role": role, "sha256": "0" * 64} for role in ("bureau", "escrow")]
    for folder in (day(recipients=strangers).finish(), left_open()):
        found = states(assess(*judge(folder), BOOKS["S0"]))
        assert (found["H5"], found["K6"], found["L3"]) == (NOT, NOT, NOT)


def test_a_session_of_nothing_but_noise_is_judged_without_an_error() -> None:
    for journal in (b"", b"\n" * 9, b"noise\n" * 40, b"\xff" * 500):
        judged = Bundle(journal=journal)
        results = assess(judged, verify(judged, bureau_of("S0").ca), BOOKS["S0"])
        assert len(results) == 104
        assert not [one for one in results if one.state == MET and one.row[0] in "BCE"]
