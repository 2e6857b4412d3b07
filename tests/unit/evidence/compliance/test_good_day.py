"""A good day is good under each text, by that text's own rows."""

from __future__ import annotations

import pytest

from evidence.compliance import ROWS, assess
from tests.kits.rules.judging import BESIDE, BOOKS, MET, NOT, TEXTS, day, good, judge, states

GOOD_DAY = {
    "S0": ("C2 C4 C5 C8 D1 E4 H1", "C3 C6 C7 C9 C11 E1 E2 E3 E5 H3 H6"),
    "S1": ("C3 C6 C9 E3 H3", "C2 C4 C5 C7 C8 C11 E1 E2 E4 E5 H1 H6"),
    "S2": ("C7 C9 C11 D3", "C2 C3 C4 C5 C6 C8 E1 E2 E3 E4 E5 H1 H3 H6"),
    "S3": ("C9 D5 E1 H6", "C2 C3 C4 C5 C6 C7 C8 C11 E2 E3 E4 E5 H1 H3"),
    "S4": ("C8 E2 H1", "C2 C4 C5 C6 C7 C9 C11 E1 E3 E4 E5 H3 H6"),
}


@pytest.mark.rule("C3")
@pytest.mark.rule("D11")
@pytest.mark.rule("G5")
@pytest.mark.rule("H5")
@pytest.mark.rule("H8")
@pytest.mark.parametrize("text", TEXTS)
def test_a_good_day_is_good_under_each_text_by_its_own_rows(text: str) -> None:
    met, beside = (part.split() for part in GOOD_DAY[text])
    found = states(assess(*judge(good()), BOOKS[text]))
    assert NOT not in found.values()
    assert {found[row] for row in met} == {MET}
    assert {found[row] for row in beside} == {BESIDE}
    always = "A3 A6 B1 B2 B3 B4 B5 C10 C12 D9 D10 D11 D12 E7 E8 G1 G2 G5 H5 H8 H9 I1 K6 L3 N5"
    assert {found[row] for row in always.split()} == {MET}


def test_every_row_has_an_entry_in_the_order_of_the_rules() -> None:
    results = assess(*judge(good()), BOOKS["S0"])
    assert [one.row for one in results] == list(ROWS)
    assert len(results) == 104


LISTED = {
    "S0": ("D1", "questioning"),
    "S1": ("D2", "hearing"),
    "S2": ("D3", "lien_service"),
    "S3": ("D5", "minor_correction"),
    "S4": ("D6", "sealing_seizure"),
}


@pytest.mark.rule("D1")
@pytest.mark.rule("D2")
@pytest.mark.rule("D3")
@pytest.mark.rule("D5")
@pytest.mark.rule("D6")
@pytest.mark.parametrize("text", TEXTS)
def test_an_activity_on_the_list_of_a_text_is_met_by_being_recorded(text: str) -> None:
    row, activity = LISTED[text]
    judged = judge(day(activity=activity).finish())
    found = {name: states(assess(*judged, BOOKS[name]))[row] for name in TEXTS}
    assert found == {name: MET if name == text else BESIDE for name in TEXTS}
