"""The table of what may be done: total, typed, and the last word."""

from __future__ import annotations

import pytest

from evidence.assignment import Standing
from provisioning.custody import errors, rules
from provisioning.custody.lines import MOVES, Kind, is_name
from provisioning.custody.rules import TABLE


def test_every_command_has_an_answer_in_every_standing() -> None:
    assert set(TABLE) == {*MOVES, Kind.MAINTAINED}
    for row in TABLE.values():
        assert set(row) == set(Standing)


def test_every_refusal_of_the_table_has_words_for_the_clerk() -> None:
    codes = {code for row in TABLE.values() for code in row.values()} - {""}
    assert all(code in errors.CustodyError.wordings for code in codes)


@pytest.mark.rule("A10")
def test_nothing_is_done_to_a_device_whose_days_are_over() -> None:
    assert {row[Standing.ENDED] for row in TABLE.values()} == {"ended"}


@pytest.mark.rule("A3", "M1")
def test_only_a_device_in_nobody_s_hands_and_in_order_is_handed_out() -> None:
    row = rules.TABLE[Kind.ASSIGNED]
    assert [standing for standing in Standing if not row[standing]] == [Standing.UNASSIGNED]


@pytest.mark.parametrize(
    "name",
    ["王㐂", "𠮷田", "阿依古丽·买买提", "欧阳 娜娜", "José", "𪚥龘", "赵" * 64],
)
def test_a_rare_name_is_a_name(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name",
    ["", " 王", "王\n", "王  建", "\ue863", "赵" * 65, "王\u200b", "\ud842", 7, None, "王\u3000建"],
)
def test_what_no_two_computers_show_alike_is_none(name: object) -> None:
    assert not is_name(name)
