"""Stamping records with time that never goes back.

Owns the moments of one chain: start time plus the difference of CLOCK_BOOTTIME, and the notice of a
step of the wall clock. Refuses to rewrite: a step is a record, earlier stamps stand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from evidence.canonical import JsonObject
from evidence.moments import RELEASED_NS, Moment, TimeSource, utc_text
from hw.ports import Clock

STEP_NS: Final = 200_000_000
"""A difference of the wall clock from which it counts as a step (custody, "Time")."""
_MS_NS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class ClockStep:
    """The wall clock jumped: where it should have been and where it is, nanoseconds since 1970."""

    expected_ns: int
    actual_ns: int

    def fields(self) -> JsonObject:
        """The same, as a record says it."""
        return {
            "expected_utc": utc_text(self.expected_ns),
            "actual_utc": utc_text(self.actual_ns),
            "step_ms": (self.actual_ns - self.expected_ns) // 1_000_000,
        }


class Stamps:
    """Moments of one chain.

    No stamp is below the last one on record, nor below what this software can have lived to see.

    Args:
        clock: The device's clock.
        boot_id: The kernel's boot id.
        not_before_ns: The last moment already on record; no stamp is below it.

    Attributes:
        latest_ns: The last moment that was given, nanoseconds since 1970.
    """

    def __init__(self, clock: Clock, boot_id: str, not_before_ns: int) -> None:
        self._clock = clock
        self._boot_id = boot_id
        self._mono_ns = clock.monotonic_ns()
        wall_ns = clock.utc_ns()
        floor_ns = max(not_before_ns, RELEASED_NS)
        self._behind = wall_ns < floor_ns
        self._utc_ns = max(wall_ns, floor_ns)
        self._wall_offset_ns = wall_ns - self._mono_ns
        self.latest_ns = not_before_ns

    def now(self) -> Moment:
        """The present moment of this chain."""
        mono_ns = self._clock.monotonic_ns()
        utc_ns = self.latest_ns = self._utc_ns + mono_ns - self._mono_ns
        quality = self._clock.quality()
        sure = not self._behind and quality.error_ms is not None
        return Moment(
            utc_ns=utc_ns,
            mono_ns=mono_ns,
            boot_id=self._boot_id,
            source=TimeSource.LAST_KNOWN if self._behind else TimeSource(quality.source),
            error_ms=(quality.error_ms or 0) + self._apart_ms(utc_ns) if sure else None,
        )

    def _apart_ms(self, utc_ns: int) -> int:
        """How far this chain's time is from the wall clock, which the quality speaks of.

        After a step the stamps go on as they were: what is known of the wall clock bounds them by
        so much less.
        """
        return abs(self._clock.utc_ns() - utc_ns) // _MS_NS

    def step(self) -> ClockStep | None:
        """The step of the wall clock since the last call, if there was one."""
        mono_ns = self._clock.monotonic_ns()
        actual_ns = self._clock.utc_ns()
        expected_ns = mono_ns + self._wall_offset_ns
        if abs(actual_ns - expected_ns) < STEP_NS:
            return None
        self._wall_offset_ns = actual_ns - mono_ns
        return ClockStep(expected_ns, actual_ns)
