"""Days as a clerk writes them: 北京时间.

Owns the day of a moment in Beijing and reading one. Refuses a clock.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from evidence.moments import in_beijing, utc_ns, utc_text

_BEIJING_NS: Final = 8 * 3_600 * 1_000_000_000
_DAY_NS: Final = 24 * 3_600 * 1_000_000_000


def day_of(utc: str) -> str:
    """The day in Beijing of a UTC text: ``2026-11-21``."""
    return utc_text(utc_ns(utc) + _BEIJING_NS)[:10]


def say(utc: str) -> str:
    """A moment in Beijing for people: ``2026-11-21 09:00``."""
    return in_beijing(utc)


def is_day(text: object) -> bool:
    """Whether ``text`` is a day written ``2026-11-21``."""
    try:
        return isinstance(text, str) and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def end_of(day: str) -> str:
    """When ``day`` is over in Beijing, as a UTC text."""
    return utc_text(utc_ns(f"{day}T00:00:00.000000Z") + _DAY_NS - _BEIJING_NS)


def whole_days(since: str, until: str) -> int:
    """Full days from one UTC text to another; 0 where the second is the earlier."""
    return max(0, (utc_ns(until) - utc_ns(since)) // _DAY_NS)
