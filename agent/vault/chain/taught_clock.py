"""The device's clock, as far as the bureau's signed time vouches for it.

Owns the offset between the bureau's time and CLOCK_BOOTTIME that the last docking of this start
brought, and the bound that follows from it. Refuses to set any clock: who may is said in
``docs/security.md``, and the vault never does.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Event
from typing import Final

from evidence.moments import TimeSource
from hw.ports import Clock
from hw.types import ClockQuality

DRIFT_PPM: Final = 100
"""What an uncompensated crystal may gain or lose: 8.6 s in a day."""

_MILLION: Final = 1_000_000
_MS_NS: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What the bureau taught.

    Attributes:
        mono_ns: CLOCK_BOOTTIME when its word arrived.
        utc_ns: What time it was then, by the bureau, nanoseconds since 1970.
        half_trip_ns: By how much that can be wrong: half the round trip.
    """

    mono_ns: int
    utc_ns: int
    half_trip_ns: int


class TaughtClock(Clock):
    """The clock of the board; ``quality`` knows the bureau's time as well.

    Args:
        clock: The board's.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lesson: Lesson | None = None

    def teach(self, lesson: Lesson) -> None:
        """The bureau said what time it is. Only this process's life remembers it."""
        self._lesson = lesson

    def utc_ns(self) -> int:
        """The wall clock, untouched."""
        return self._clock.utc_ns()

    def monotonic_ns(self) -> int:
        """CLOCK_BOOTTIME."""
        return self._clock.monotonic_ns()

    def quality(self) -> ClockQuality:
        """The board's own answer, or the bureau's: the closer bound, where both can be true.

        Where they cannot, the bureau is believed.
        """
        own, lesson = self._clock.quality(), self._lesson
        if lesson is None:
            return own
        passed_ns = self.monotonic_ns() - lesson.mono_ns
        apart_ns = abs(self.utc_ns() - lesson.utc_ns - passed_ns)
        unsure_ns = lesson.half_trip_ns + passed_ns * DRIFT_PPM // _MILLION
        bound_ms = -(-(apart_ns + unsure_ns) // _MS_NS)
        if own.error_ms is not None:
            agree = apart_ns <= unsure_ns + own.error_ms * _MS_NS
            if agree and own.error_ms < bound_ms:
                return own
        return ClockQuality(source=TimeSource.BUREAU.value, error_ms=bound_ms)

    def wait(self, event: Event, seconds: float) -> bool:
        """Wait as the board's clock does."""
        return self._clock.wait(event, seconds)
