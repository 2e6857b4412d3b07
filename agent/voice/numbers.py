"""Numbers, spans of time and clock times as rows of words.

Owns how Mandarin reads a number: 一百零五, 一千零五十, 两小时. Refuses numbers nobody reads aloud.
"""

from __future__ import annotations

from typing import Final

Words = tuple[str, ...]

LARGEST: Final = 99_999_999
CHINA_OFFSET_SECONDS: Final = 8 * 3_600
"""Asia/Shanghai: one offset, no summer time since 1991."""

_SECOND_NS: Final = 1_000_000_000
_MYRIAD: Final = 10_000
_SCALES: Final = ((1_000, "thousand"), (100, "hundred"))
_TEEN: Final = range(10, 20)
_LARGEST_ALONE: Final = 20
"""Up to here, and at full tens, a number is one word."""
_MINUTES: Final = 60


def number(value: int) -> Words:
    """A number from 0 to ``LARGEST``.

    Raises:
        ValueError: It is negative or larger.
    """
    if not 0 <= value <= LARGEST:
        raise ValueError(f"{value} is not read aloud")
    if value < _MYRIAD:
        return _below_myriad(value)
    myriads, rest = divmod(value, _MYRIAD)
    head = (*_before_scale(myriads), "myriad")
    if rest == 0:
        return head
    zero = ("n0",) if rest < _MYRIAD // 10 else ()
    return (*head, *zero, *_below_myriad(rest, within=True))


def count(value: int) -> Words:
    """A number before a measure word: 两 instead of 二."""
    return _before_scale(value)


def span(minutes: int) -> Words:
    """A span of minutes, in hours and minutes; negative ones count as none."""
    hours, rest = divmod(max(0, minutes), _MINUTES)
    if hours == 0 and rest == 0:
        return ("under_minute",)
    said = (*count(hours), "hour") if hours else ()
    return (*said, *count(rest), "minute") if rest else said


def elapsed(seconds: int) -> Words:
    """How long something has gone on: seconds in the first ten minutes, whole minutes later."""
    minutes, rest = divmod(max(0, seconds), 60)
    if minutes >= 10:  # noqa: PLR2004 - by then nobody counts seconds
        return span(minutes)
    said = (*count(minutes), "minute") if minutes else ()
    return (*said, *count(rest), "second") if rest or not minutes else said


def time_of_day(utc_ns: int) -> Words:
    """Hour and minute in China of a time in nanoseconds since 1970."""
    minute_of_day = (utc_ns // _SECOND_NS + CHINA_OFFSET_SECONDS) // 60 % (24 * 60)
    hour, minute = divmod(minute_of_day, _MINUTES)
    said = (*count(hour), "oclock")
    if minute == 0:
        return (*said, "sharp")
    zero = ("n0",) if minute < 10 else ()  # noqa: PLR2004 - 零五分
    return (*said, *zero, *number(minute), "past")


def _before_scale(value: int) -> Words:
    return ("n2l",) if value == 2 else number(value)  # noqa: PLR2004 - 两


def _below_myriad(value: int, *, within: bool = False) -> Words:
    """A number below 10,000; ``within`` a larger one, where 10 is read 一十."""
    said: list[str] = []
    skipped = False
    for scale, word in _SCALES:
        digit, value = divmod(value, scale)
        if digit:
            said += ["n0"] * skipped + [*_before_scale(digit), word]
        skipped = bool(said) and digit == 0
    if said and value == 0:
        return tuple(said)
    if said:
        # 一百零五, but 一千零五十: one zero stands for every scale that is skipped.
        said += ["n0"] * (skipped or value < 10)  # noqa: PLR2004 - no tens
    return (*said, *_below_hundred(value, within=within or bool(said)))


def _below_hundred(value: int, *, within: bool) -> Words:
    if value in _TEEN and within:
        return ("n1", f"n{value}")
    if value <= _LARGEST_ALONE or value % 10 == 0:
        return (f"n{value}",)
    return (f"n{value // 10 * 10}", f"n{value % 10}")
