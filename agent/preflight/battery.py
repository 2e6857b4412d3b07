"""Is the battery good for long enough?

Answers B2: 电量充足.

Owns the threshold in minutes of recording, never percent, and the plausibility of what the gauge
says. Refuses to refuse: a session cut short by the battery is evidence of what came before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agent.preflight.results import Trouble, ok, warn
from agent.vault.messages import CheckResult

NAME: Final = "battery"
WARN_MINUTES: Final = 60
"""Under an hour of recording the officer is told before use."""

_MOST_PERCENT: Final = ((3_350, 15), (3_500, 35), (3_600, 55))
"""A lithium cell under so many millivolts holds at most so many percent, generously."""
_FULL: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryFacts:
    """What is known of the battery.

    Attributes:
        percent: What the gauge says; None where it could not be read.
        millivolts: Of the cell.
        charging: Whether it is being charged.
        minutes_full: How long a full battery records.
        source: Where that number is from: ``measured``, ``settings`` or ``assumed``.
        warn_minutes: Below this the officer is told.
        trouble: Why the gauge could not be read.
    """

    percent: int | None
    millivolts: int = 0
    charging: bool = False
    minutes_full: int
    source: str
    warn_minutes: int = WARN_MINUTES
    trouble: Trouble | None = None


def minutes_left(percent: int, minutes_full: int) -> int:
    """Minutes of recording in ``percent`` of a battery that records ``minutes_full``."""
    return percent * minutes_full // _FULL


def believed_percent(percent: int, millivolts: int) -> int:
    """What the gauge says, or the most that the cell's voltage allows where that is less."""
    return min([percent, *(most for under, most in _MOST_PERCENT if millivolts < under)])


def check(facts: BatteryFacts) -> CheckResult:
    """Judge the battery; the value is minutes of recording."""
    if facts.percent is None:
        trouble = facts.trouble or Trouble("failed", "the gauge said nothing")
        return warn(NAME, trouble.code, trouble.detail)
    believed = believed_percent(facts.percent, facts.millivolts)
    minutes = minutes_left(believed, facts.minutes_full)
    told = (
        f"{minutes} minutes of recording at {believed} %, "
        f"{facts.minutes_full} minutes a charge ({facts.source})"
    )
    if believed < facts.percent:
        lie = f"the gauge says {facts.percent} %, the cell has {facts.millivolts} mV; {told}"
        return warn(NAME, "implausible", lie, minutes)
    if minutes < facts.warn_minutes:
        charging = ", charging" if facts.charging else ""
        return warn(NAME, "low", f"{told}; {facts.warn_minutes} are wanted{charging}", minutes)
    return ok(NAME, told, minutes)
