"""Is the time right, and who says so?

Answers B4: 按照当前日期、时间调整好设备时间.

Owns how far a source is trusted and the local time in the record. Refuses to refuse: a session with
an unsure time is evidence, and the monotonic clock and the bureau's receipt bound it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from agent.preflight.results import Trouble, ok, warn
from agent.vault.messages import CheckResult
from evidence.moments import TimeSource

NAME: Final = "clock"
WIDE_MS: Final = 60_000
"""An error of more than a minute shows in a document that names hour and minute."""
SHANGHAI: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has had one time and no summer time since 1991."""

_UNSURE: Final = (TimeSource.NONE, TimeSource.LAST_KNOWN)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockFacts:
    """What the clock says of itself, and what is known without it.

    Attributes:
        utc_ns: The wall clock, nanoseconds since 1970.
        source: Where its time came from.
        error_ms: Bound of its error in milliseconds; None where nobody can tell.
        not_before_ns: It is certainly later than this: the last signed record's time, or the begin
            of the certificate.
        trouble: Why the clock could not be asked.
    """

    utc_ns: int
    source: TimeSource
    error_ms: int | None
    not_before_ns: int = 0
    trouble: Trouble | None = None


def local_text(utc_ns: int) -> str:
    """The time of day in China: ``2026-11-21 16:04:00``."""
    moment = (_EPOCH + timedelta(seconds=utc_ns // 1_000_000_000)).astimezone(SHANGHAI)
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def check(facts: ClockFacts) -> CheckResult:
    """Judge the clock; the value is the bound of its error in milliseconds."""
    if facts.trouble is not None:
        return warn(NAME, facts.trouble.code, facts.trouble.detail)
    bound = "no bound" if facts.error_ms is None else f"within {facts.error_ms} ms"
    told = f"{local_text(facts.utc_ns)} Asia/Shanghai by {facts.source.value}, {bound}"
    if facts.utc_ns < facts.not_before_ns:
        past = f"{told}, before {local_text(facts.not_before_ns)}, which is already signed"
        return warn(NAME, "behind", past, facts.error_ms)
    if facts.source in _UNSURE or facts.error_ms is None:
        return warn(NAME, "unsure", told, facts.error_ms)
    if facts.error_ms > WIDE_MS:
        return warn(NAME, "wide", told, facts.error_ms)
    return ok(NAME, told, facts.error_ms)
