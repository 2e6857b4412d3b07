"""How long a full battery records.

Owns the measure: the time that passes from one percent to the next while recording, off the
charger. Until a tenth of the battery has been seen to go, the number is the settings', or an
assumption that is called one. Refuses to predict: a cold night is measured as it comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import Final

from agent.preflight.battery import believed_percent, minutes_left
from hw.types import BatteryReading

ASSUMED_MINUTES: Final = 180
"""Of a full battery, where nobody has said or measured: three hours, on the low side."""
_ENOUGH_POINTS: Final = 10
_KEPT_POINTS: Final = 100
_MINUTE_NS: Final = 60_000_000_000
_FULL: Final = 100


@dataclass(frozen=True, slots=True)
class Full:
    """How long a full battery records, and who says so.

    Attributes:
        minutes: Of recording.
        source: ``measured``, ``settings`` or ``assumed``.
    """

    minutes: int
    source: str


class Endurance:
    """Watches the battery drain.

    Args:
        told_minutes: What the settings say of a full battery; None where they do not.
    """

    def __init__(self, told_minutes: int | None) -> None:
        self._told = told_minutes
        self._step: tuple[int, int | None] | None = None
        self._points = 0
        self._spent_ns = 0
        self._lock = Lock()

    def note(self, reading: BatteryReading, now_ns: int, *, recording: bool) -> None:
        """Take a reading of the gauge at CLOCK_BOOTTIME ``now_ns``."""
        with self._lock:
            if reading.charging or not recording:
                self._step = None
            elif self._step is None or reading.percent > self._step[0]:
                # Nobody saw when this percent began: the way to the next one is not measured.
                self._step = (reading.percent, None)
            elif reading.percent < self._step[0]:
                self._count(self._step[0] - reading.percent, now_ns)
                self._step = (reading.percent, now_ns)

    def full(self) -> Full:
        """How long a full battery records."""
        with self._lock:
            if self._points >= _ENOUGH_POINTS:
                minutes = self._spent_ns * _FULL // self._points // _MINUTE_NS
                return Full(minutes, "measured")
        if self._told is not None:
            return Full(self._told, "settings")
        return Full(ASSUMED_MINUTES, "assumed")

    def minutes(self, reading: BatteryReading) -> int:
        """Minutes of recording that are left, for speaking."""
        believed = believed_percent(reading.percent, reading.millivolts)
        return minutes_left(believed, self.full().minutes)

    def _count(self, points: int, now_ns: int) -> None:
        since_ns = self._step[1] if self._step is not None else None
        if since_ns is None:
            return
        self._points += points
        self._spent_ns += now_ns - since_ns
        if self._points > _KEPT_POINTS:
            # The battery of today counts more than that of last month.
            kept = self._points // 2
            self._spent_ns = self._spent_ns * kept // self._points
            self._points = kept
