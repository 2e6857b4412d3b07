"""The loop looks at the battery, and never waits for a gauge that hangs."""

from __future__ import annotations

import threading

from agent.preflight.endurance import Endurance
from agent.session.events import BatteryRead, Event, PartFailed, PartRecovered
from agent.session.gauge import HUNG_NS, LOOK_NS, Gauge
from hw.fake.clock import JumpingClock
from hw.fake.gauges import FakeBattery
from hw.fake.world import FakeWorld


class Table:
    """A gauge, and the time at which it is looked at."""

    def __init__(self) -> None:
        self.world = FakeWorld.here(JumpingClock())
        self.gauge = Gauge(FakeBattery(self.world.link), Endurance(200))
        self.now_ns = 7 * LOOK_NS

    def look(self, later_ns: int = LOOK_NS) -> tuple[Event, ...]:
        self.now_ns += later_ns
        return self.gauge.look(self.now_ns, recording=True)


def test_the_first_reading_and_every_tenth_percent_is_told() -> None:
    table = Table()
    told = [table.look()]
    for percent in (89, 88, 79, 71):
        table.world.drain_battery(percent)
        told.append(table.look())
    assert [len(events) for events in told] == [1, 1, 0, 1, 0]
    read = told[0][0]
    assert isinstance(read, BatteryRead)
    assert (read.percent, read.minutes) == (90, 180)


def test_nobody_looks_twice_in_five_seconds() -> None:
    table = Table()
    assert table.look()
    table.world.drain_battery(20)
    assert table.look(LOOK_NS - 1) == ()
    assert table.look(1) != ()


def test_a_gauge_that_falls_silent_is_told_once_and_its_return_too() -> None:
    table = Table()
    table.look()
    table.world.break_gauge()
    silent = [table.look() for _ in range(3)]
    table.world.mend_gauge()
    assert [type(event) for events in silent for event in events] == [PartFailed]
    assert table.look() == (PartRecovered("battery"),)


def test_a_gauge_that_hangs_is_told_and_the_loop_goes_on() -> None:
    table = Table()
    table.look()
    table.world.hang_gauge()
    hanging = [table.look(), table.look(HUNG_NS), table.look(), table.look()]
    table.world.mend_gauge()
    told = [event for events in hanging for event in events]
    assert [(type(event), getattr(event, "code", "")) for event in told] == [(PartFailed, "hung")]
    back: tuple[Event, ...] = ()
    for _ in range(500):
        back = back or table.look(1)
        threading.Event().wait(0 if back else 0.01)
    assert back == (PartRecovered("battery"),)
