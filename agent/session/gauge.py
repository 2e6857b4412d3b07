"""Looking at the battery.

Owns when a reading is worth an event: the first, every tenth percent, every one below ten, every
change of charging, every reading so low that a recording may have to end, and a gauge that falls
silent or answers again. Refuses to judge it.
"""

from __future__ import annotations

from typing import Final

from agent.preflight.endurance import Endurance
from agent.session.events import BatteryRead, Event, PartFailed, PartRecovered
from hw.errors import HardwareFault
from hw.ports import Battery

LOOK_NS: Final = 5_000_000_000
CRITICAL_PERCENT: Final = 3
"""From here on every reading is told: one alone may be wrong."""
_STEP_PERCENT: Final = 10


class Gauge:
    """Looks at ``battery`` every 5 s.

    Args:
        battery: The fuel gauge.
        endurance: Learns from every reading how long the battery lasts.
    """

    def __init__(self, battery: Battery, endurance: Endurance) -> None:
        self._battery = battery
        self._endurance = endurance
        self._looked_ns: int | None = None
        self._told: tuple[int, bool] | None = None
        self._silent = False

    def look(self, now_ns: int, *, recording: bool) -> tuple[Event, ...]:
        """What is worth an event at ``now_ns``."""
        if self._looked_ns is not None and now_ns - self._looked_ns < LOOK_NS:
            return ()
        self._looked_ns = now_ns
        try:
            reading = self._battery.read()
        except HardwareFault as fault:
            failed = PartFailed("battery", fault.code, fault.detail)
            silent, self._silent = self._silent, True
            return () if silent else (failed,)
        self._endurance.note(reading, now_ns, recording=recording)
        back: tuple[Event, ...] = (PartRecovered("battery"),) if self._silent else ()
        self._silent = False
        step = (_step(reading.percent), reading.charging)
        if step == self._told and reading.percent > CRITICAL_PERCENT:
            return back
        self._told = step
        told = BatteryRead(
            reading.percent,
            reading.millivolts,
            reading.charging,
            self._endurance.minutes(reading),
            now_ns,
        )
        return (*back, told)


def _step(percent: int) -> int:
    return percent if percent < _STEP_PERCENT else percent // _STEP_PERCENT * _STEP_PERCENT
