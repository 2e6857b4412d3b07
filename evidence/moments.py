"""A moment: what time it was and how far to trust it.

Owns the value that stamps every record. Refuses to ask a clock: the vault does, through its port.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum, unique
from typing import Final

from evidence.errors import MalformedError

_UTC = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{6})Z", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US: Final = 1_000
_BEIJING_NS: Final = 8 * 3_600 * 1_000_000_000
RELEASED_NS: Final = 1_767_225_600_000_000_000
"""2026-01-01: no recorder with this software existed before, whatever its clock says."""


@unique
class TimeSource(StrEnum):
    """Where the wall clock's time came from, best first."""

    BUREAU = "bureau"
    NTP = "ntp"
    RTC = "rtc"
    LAST_KNOWN = "last_known"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One instant on one device.

    Attributes:
        utc_ns: Wall clock, nanoseconds since 1970.
        mono_ns: CLOCK_BOOTTIME, nanoseconds.
        boot_id: The kernel's boot id; ``mono_ns`` compares only within one boot.
        source: Where the wall clock's time came from.
        error_ms: Bound of its error in milliseconds, or None.
    """

    utc_ns: int
    mono_ns: int
    boot_id: str
    source: TimeSource
    error_ms: int | None


def utc_text(utc_ns: int) -> str:
    """RFC 3339 in UTC with microseconds: ``2026-11-21T04:46:32.123456Z``."""
    moment = _EPOCH + timedelta(microseconds=utc_ns // _US)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def utc_ns(text: str) -> int:
    """Nanoseconds since 1970 of an RFC 3339 text as ``utc_text`` writes it.

    Raises:
        MalformedError: Any other spelling.
    """
    match = _UTC.fullmatch(text)
    if match is None:
        raise MalformedError(f"not a UTC time: {text[:40]!r}")
    try:
        seconds = datetime.fromisoformat(match[1] + "+00:00") - _EPOCH
    except ValueError as error:
        raise MalformedError(f"not a UTC time: {text!r}") from error
    whole = seconds.days * 86_400 + seconds.seconds
    return (whole * 1_000_000 + int(match[2])) * _US


def in_beijing(utc: str) -> str:
    """The moment of a UTC text for people: ``2026-11-21 09:00`` in Beijing (北京时间)."""
    return utc_text(utc_ns(utc) + _BEIJING_NS)[:16].replace("T", " ")
