"""Time that passes because somebody waits for it."""

from __future__ import annotations

import threading

from hw.fake.clock import JumpingClock, WorldClock
from hw.fake.world import FakeWorld
from hw.ports import Clock


def test_a_wait_jumps_to_its_end() -> None:
    clock = JumpingClock()
    before_ns = clock.monotonic_ns()
    assert not clock.wait(threading.Event(), 3_600)
    assert clock.monotonic_ns() - before_ns == 3_600_000_000_000


def test_a_wait_for_what_has_happened_takes_no_time() -> None:
    clock, event = JumpingClock(), threading.Event()
    event.set()
    before_ns = clock.monotonic_ns()
    assert clock.wait(event, 3_600)
    assert clock.monotonic_ns() == before_ns


def test_wall_clock_and_device_time_run_together() -> None:
    clock = JumpingClock(utc_ns=5_000, monotonic_ns=7)
    clock.advance(1.5)
    assert (clock.utc_ns(), clock.monotonic_ns()) == (1_500_005_000, 1_500_000_007)
    assert isinstance(clock, Clock)


def test_sources_go_through_time_together() -> None:
    clock, never, order = JumpingClock(monotonic_ns=0), threading.Event(), []
    lock = threading.Lock()

    def run(name: str, period_ns: int) -> None:
        for step in range(1, 6):
            clock.reach(name, step * period_ns, never)
            with lock:
                order.append(clock.monotonic_ns())
        clock.leave(name)

    clock.join("picture")
    clock.join("sound")
    threads = [
        threading.Thread(target=run, args=(name, period))
        for name, period in (("picture", 40), ("sound", 20))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert order == sorted(order)
    assert clock.monotonic_ns() == 200


def test_a_wait_beside_running_sources_ends_when_they_have_come_there() -> None:
    clock, stop = JumpingClock(monotonic_ns=0), threading.Event()
    clock.join("picture")

    def run() -> None:
        at_ns = 0
        while clock.reach("picture", at_ns := at_ns + 40_000_000, stop):
            pass
        clock.leave("picture")

    thread = threading.Thread(target=run)
    thread.start()
    assert not clock.wait(threading.Event(), 10)
    assert clock.monotonic_ns() >= 10_000_000_000
    stop.set()
    thread.join()


def test_the_world_skews_the_wall_clock_and_a_power_cut_begins_device_time_anew() -> None:
    source = JumpingClock(monotonic_ns=9_000)
    world = FakeWorld.here(source)
    before = WorldClock(source, world.link)
    world.skew_clock(60)
    assert before.utc_ns() - source.utc_ns() == 60_000_000_000
    world.pull_power()
    after = WorldClock(source, world.link)
    assert (before.monotonic_ns(), after.monotonic_ns()) == (9_000, 0)
    assert after.device_ns(9_500) == 500
