"""Looking at the battery.

Owns when a reading is worth an event: the first, every tenth percent, every one below ten, every
change of charging, every reading so low that a recording may have to end, and a gauge that falls
silent or answers again. Refuses to judge it, and to keep the loop waiting for it.
"""

from __future__ import annotations

from typing import Final

from agent.preflight.bounded import Question
from agent.preflight.endurance import Endurance
from agent.preflight.results import HUNG, Trouble
from agent.session.events import BatteryRead, Event, PartFailed, PartRecovered
from hw.ports import Battery
from hw.types import BatteryReading

LOOK_NS: Final = 5_000_000_000
CRITICAL_PERCENT: Final = 3
"""From here on every reading is told: one alone may be wrong."""
HUNG_NS: Final = 2_000_000_000
"""A gauge that has not answered by then hangs: nobody waits for it, and it is not asked again."""
_STEP_PERCENT: Final = 10
_MOMENT_SECONDS: Final = 0.05
_PART: Final = "battery"


class Gauge:
    """Looks at ``battery`` every 5 s.

    Args:
        battery: The fuel gauge.
        endurance: Learns from every reading how long the battery lasts.
    """

    def __init__(self, battery: Battery, endurance: Endurance) -> None:
        self._battery = battery
        self._endurance = endurance
        self._asked: Question[BatteryReading] | None = None
        self._looked_ns = -LOOK_NS
        self._told: tuple[int, bool] | None = None
        self._silent = False

    def look(self, now_ns: int, *, recording: bool) -> tuple[Event, ...]:
        """What is worth an event at ``now_ns``."""
        if self._asked is None:
            if now_ns - self._looked_ns < LOOK_NS:
                return ()
            self._looked_ns = now_ns
            self._asked = Question(_PART, self._battery.read)
            self._asked.answered.wait(_MOMENT_SECONDS)
        if not self._asked.answered.is_set():
            hangs = now_ns - self._looked_ns >= HUNG_NS
            return self._fail(HUNG, "the fuel gauge does not answer") if hangs else ()
        reading, self._asked = self._asked.answer(), None
        if isinstance(reading, Trouble):
            return self._fail(_PART, reading.detail)
        self._endurance.note(reading, now_ns, recording=recording)
        back: tuple[Event, ...] = (PartRecovered(_PART),) if self._silent else ()
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

    def _fail(self, code: str, detail: str) -> tuple[Event, ...]:
        silent, self._silent = self._silent, True
        return () if silent else (PartFailed(_PART, code, detail),)


def _step(percent: int) -> int:
    return percent if percent < _STEP_PERCENT else percent // _STEP_PERCENT * _STEP_PERCENT
