"""Days and times as clerks say them: 北京时间.

Owns the one offset between what people write and what is signed. Refuses to read a clock.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

from bureau.errors import WrittenTimeError
from evidence.moments import in_beijing, utc_ns, utc_text

BEIJING: Final = timezone(timedelta(hours=8), "北京时间")
"""China has one time zone and no summer time."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def parse(text: str) -> str:
    """UTC text of a time such as ``2026-11-21 09:00`` in Beijing, or one with its own offset.

    Raises:
        WrittenTimeError: It is no time.
    """
    try:
        said = datetime.fromisoformat(text.strip())
    except ValueError:
        raise WrittenTimeError(f"{text[:40]!r} is no time; write 2026-11-21 09:00") from None
    return _utc(said if said.tzinfo is not None else said.replace(tzinfo=BEIJING))


def local(utc: str) -> datetime:
    """The moment of a UTC text, in Beijing."""
    return (_EPOCH + timedelta(microseconds=utc_ns(utc) // 1_000)).astimezone(BEIJING)


def say(utc: str) -> str:
    """A moment for people: ``2026-11-21 09:00`` in Beijing."""
    return in_beijing(utc)


def end_of_day(utc: str) -> str:
    """UTC text of the midnight that ends that day in Beijing."""
    return _utc(_midnight(local(utc).date() + timedelta(days=1)))


def days_of(begins: str, expires: str) -> tuple[date, date]:
    """First and last day in Beijing of the time from ``begins`` to just before ``expires``."""
    last = local(expires) - timedelta(microseconds=1)
    return local(begins).date(), last.date()


def begin_of(day: str, *, later: int = 0) -> str:
    """UTC text of the midnight that begins ``day`` (``2026-11-21``) in Beijing.

    Args:
        day: As people write it.
        later: So many days after it.

    Raises:
        WrittenTimeError: It is no day.
    """
    try:
        return _utc(_midnight(date.fromisoformat(day.strip()) + timedelta(days=later)))
    except (ValueError, OverflowError):
        raise WrittenTimeError(f"{day[:40]!r} is no day; write 2026-11-21") from None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), BEIJING)


def _utc(moment: datetime) -> str:
    return utc_text((moment - _EPOCH) // timedelta(microseconds=1) * 1_000)
