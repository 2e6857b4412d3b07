"""Looking at the battery.

Owns when a reading is worth an event: the first, every tenth percent, every change of charging,
and a gauge that falls silent or answers again. Refuses to judge it.
"""

from __future__ import annotations

from typing import Final

from agent.session.events import BatteryRead, Event, PartFailed, PartRecovered
from hw.errors import HardwareFault
from hw.ports import Battery

LOOK_NS: Final = 5_000_000_000
_STEP_PERCENT: Final = 10


class Gauge:
    """Looks at ``battery`` every 5 s."""

    def __init__(self, battery: Battery) -> None:
        self._battery = battery
        self._looked_ns: int | None = None
        self._told: tuple[int, bool] | None = None
        self._silent = False

    def look(self, now_ns: int) -> tuple[Event, ...]:
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
        back: tuple[Event, ...] = (PartRecovered("battery"),) if self._silent else ()
        self._silent = False
        step = (reading.percent // _STEP_PERCENT, reading.charging)
        if step == self._told:
            return back
        self._told = step
        told = BatteryRead(reading.percent, reading.millivolts, reading.charging)
        return (*back, told)
