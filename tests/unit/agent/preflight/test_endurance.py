"""How long a battery records is measured, told or assumed, and says which."""

from __future__ import annotations

import pytest

from agent.preflight.endurance import ASSUMED_MINUTES, Endurance, Full
from hw.types import BatteryReading

MINUTE_NS = 60 * 10**9

pytestmark = pytest.mark.rule("B2")


def _reading(percent: int, *, charging: bool = False) -> BatteryReading:
    return BatteryReading(percent=percent, millivolts=4_000, charging=charging)


class Day:
    """Time that goes on from drain to drain."""

    def __init__(self, endurance: Endurance) -> None:
        self.endurance = endurance
        self.now_ns = 0

    def drain(self, first: int, last: int, *, minutes_each: int) -> None:
        """Record from ``first`` to ``last`` percent, looking twice in each."""
        for percent in range(first, last - 1, -1):
            for _ in range(2):
                self.endurance.note(_reading(percent), self.now_ns, recording=True)
                self.now_ns += minutes_each * MINUTE_NS // 2

    def rest(self, percent: int) -> None:
        """Record nothing for a day."""
        self.endurance.note(_reading(percent), self.now_ns, recording=False)
        self.now_ns += 24 * 60 * MINUTE_NS


def test_nothing_told_and_nothing_seen_is_an_assumption_called_one() -> None:
    assert Endurance(None).full() == Full(ASSUMED_MINUTES, "assumed")
    assert Endurance(300).full() == Full(300, "settings")


def test_a_tenth_of_the_battery_seen_to_go_is_a_measure() -> None:
    endurance = Endurance(300)
    day = Day(endurance)
    day.drain(90, 80, minutes_each=2)
    assert endurance.full().source == "settings"
    day.drain(79, 70, minutes_each=2)
    assert endurance.full() == Full(200, "measured")
    assert endurance.minutes(_reading(50)) == 100


def test_the_first_percent_is_not_measured_since_nobody_saw_it_begin() -> None:
    endurance = Endurance(None)
    day = Day(endurance)
    day.drain(91, 90, minutes_each=1)
    day.rest(90)
    day.drain(90, 70, minutes_each=3)
    assert endurance.full() == Full(300, "measured")


@pytest.mark.parametrize("charging", [True, False])
def test_an_idle_or_a_charging_recorder_measures_nothing(*, charging: bool) -> None:
    endurance = Endurance(None)
    for step in range(40):
        reading = _reading(90 - step, charging=charging)
        endurance.note(reading, step * MINUTE_NS, recording=charging)
    assert endurance.full().source == "assumed"


def test_a_pause_between_two_sessions_does_not_count() -> None:
    endurance = Endurance(None)
    day = Day(endurance)
    day.drain(90, 82, minutes_each=2)
    day.rest(82)
    day.drain(60, 50, minutes_each=2)
    assert endurance.full() == Full(200, "measured")


def test_an_old_battery_is_measured_anew() -> None:
    endurance = Endurance(None)
    day = Day(endurance)
    for _ in range(3):
        day.drain(100, 5, minutes_each=3)
    young = endurance.full().minutes
    for _ in range(6):
        day.drain(100, 5, minutes_each=1)
    assert young == 300
    assert 100 <= endurance.full().minutes < 120
