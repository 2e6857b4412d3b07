"""Numbers are read as Mandarin reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.voice import catalog, numbers

DIGITS = dict(zip("零一二三四五六七八九", range(10), strict=True)) | {"两": 2}
SCALES = {"十": 10, "百": 100, "千": 1_000}


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (0, "零"),
        (2, "二"),
        (10, "十"),
        (12, "十二"),
        (20, "二十"),
        (99, "九十九"),
        (100, "一百"),
        (105, "一百零五"),
        (110, "一百一十"),
        (115, "一百一十五"),
        (200, "两百"),
        (1_005, "一千零五"),
        (1_015, "一千零一十五"),
        (1_050, "一千零五十"),
        (1_500, "一千五百"),
        (2_222, "两千两百二十二"),
        (10_000, "一万"),
        (10_010, "一万零一十"),
        (20_500, "两万零五百"),
        (120_015, "十二万零一十五"),
        (99_999_999, "九千九百九十九万九千九百九十九"),
    ],
)
def test_a_number_is_read_so(value: int, read: str) -> None:
    assert catalog.text(numbers.number(value)) == read


@given(st.integers(0, numbers.LARGEST))
def test_every_number_can_be_said_and_understood(value: int) -> None:
    said = numbers.number(value)
    catalog.check_words(said)
    assert understood(catalog.text(said)) == value


@pytest.mark.parametrize("value", [-1, numbers.LARGEST + 1])
def test_a_number_nobody_reads_aloud_is_refused(value: int) -> None:
    with pytest.raises(ValueError, match="not read aloud"):
        numbers.number(value)


@pytest.mark.parametrize(
    ("minutes", "read"),
    [
        (-5, "不足一分钟"),
        (0, "不足一分钟"),
        (2, "两分钟"),
        (60, "一小时"),
        (125, "两小时五分钟"),
        (1_505, "二十五小时五分钟"),
    ],
)
def test_a_span_is_read_in_hours_and_minutes(minutes: int, read: str) -> None:
    assert catalog.text(numbers.span(minutes)) == read


@pytest.mark.parametrize(
    ("seconds", "read"), [(0, "零秒"), (2, "两秒"), (95, "一分钟三十五秒"), (3_665, "一小时一分钟")]
)
def test_what_has_gone_by_is_read_in_seconds_at_first(seconds: int, read: str) -> None:
    assert catalog.text(numbers.elapsed(seconds)) == read


@pytest.mark.parametrize(
    ("utc_seconds", "read"),
    [
        (0, "八点整"),  # midnight in Greenwich
        (16 * 3_600 + 5 * 60, "零点零五分"),
        (18 * 3_600 + 10 * 60, "两点十分"),
        (6 * 3_600 + 59 * 60 + 59, "十四点五十九分"),
    ],
)
def test_the_time_of_day_is_that_of_china(utc_seconds: int, read: str) -> None:
    assert catalog.text(numbers.time_of_day(utc_seconds * 1_000_000_000)) == read


def understood(text: str) -> int:
    """What a listener makes of a number."""
    high, _, low = text.rpartition("万")
    return (below_myriad(high) * 10_000 if high else 0) + below_myriad(low)


def below_myriad(text: str) -> int:
    total, digit = 0, None
    for sign in text:
        if sign in DIGITS:
            digit = DIGITS[sign]
        else:
            total += (1 if digit is None else digit) * SCALES[sign]
            digit = None
    return total + (digit or 0)
