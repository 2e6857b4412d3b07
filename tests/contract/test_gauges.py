"""What every battery, store medium, clock, boot id and watchdog says."""

from __future__ import annotations

import threading
import uuid

import pytest

from hw.errors import BatteryFault
from hw.fake.world import FakeWorld
from hw.ports import Clock
from tests.contract.bodies import Body


@pytest.fixture(params=["recorder", "vault", "dock"])
def clock(request: pytest.FixtureRequest, body: Body) -> Clock:
    board_clock: Clock = getattr(body, request.param).clock
    return board_clock


def test_a_battery_reading_is_possible(body: Body) -> None:
    reading = body.recorder.battery.read()
    assert 0 <= reading.percent <= 100
    assert 2_500 < reading.millivolts < 4_500


def test_a_silent_fuel_gauge_is_a_fault(body: Body, hand: FakeWorld) -> None:
    hand.break_gauge()
    with pytest.raises(BatteryFault):
        body.recorder.battery.read()


def test_a_battery_follows_the_world(body: Body, hand: FakeWorld) -> None:
    hand.drain_battery(7)
    low = body.recorder.battery.read()
    hand.charge()
    full = body.dock.battery.read()
    assert (low.percent, low.charging) == (7, False)
    assert (full.percent, full.charging) == (100, True)
    assert low.millivolts < full.millivolts


def test_a_storage_reading_is_possible(body: Body) -> None:
    reading = body.vault.storage.read()
    assert reading.writable
    assert 0 < reading.free_bytes <= reading.total_bytes


def test_a_medium_that_fills_or_dies_is_read_as_such(body: Body, hand: FakeWorld) -> None:
    hand.fill_disk(12_345)
    hand.protect_disk()
    reading = body.vault.storage.read()
    assert (reading.free_bytes, reading.writable) == (12_345, False)
    hand.free_disk()
    hand.unprotect_disk()
    assert body.vault.storage.read().free_bytes > 12_345


def test_time_never_goes_back(clock: Clock) -> None:
    stamps = [clock.monotonic_ns() for _ in range(100)]
    assert stamps == sorted(stamps)


def test_all_boards_share_one_clock(body: Body) -> None:
    stamps = [b.clock.monotonic_ns() for b in (body.recorder, body.vault, body.dock)]
    assert max(stamps) - min(stamps) < 1_000_000_000
    assert stamps == sorted(stamps)


def test_a_wait_ends_early_when_its_event_is_set(clock: Clock) -> None:
    event = threading.Event()
    timer = threading.Timer(0.02, event.set)
    timer.start()
    before_ns = clock.monotonic_ns()
    assert clock.wait(event, 30)
    assert clock.monotonic_ns() - before_ns < 10_000_000_000
    timer.join()


def test_a_wait_ends_in_time_without_its_event(clock: Clock) -> None:
    before_ns = clock.monotonic_ns()
    assert not clock.wait(threading.Event(), 0.02)
    assert clock.monotonic_ns() - before_ns >= 19_000_000


def test_the_clock_says_how_far_to_trust_it(clock: Clock) -> None:
    quality = clock.quality()
    assert quality.source in {"bureau", "ntp", "rtc", "last_known", "none"}
    assert quality.error_ms is None or quality.error_ms >= 0


def test_a_skewed_wall_clock_leaves_the_monotonic_one_alone(body: Body, hand: FakeWorld) -> None:
    clock = body.vault.clock
    utc_ns, monotonic_ns = clock.utc_ns(), clock.monotonic_ns()
    hand.skew_clock(-3_600)
    assert utc_ns - clock.utc_ns() > 3_590_000_000_000
    assert 0 <= clock.monotonic_ns() - monotonic_ns < 10_000_000_000


def test_boards_of_one_boot_have_one_boot_id(body: Body) -> None:
    ids = {body.recorder.boot_id, body.vault.boot_id, body.dock.boot_id}
    assert len(ids) == 1
    assert str(uuid.UUID(ids.pop()))


def test_a_watchdog_can_be_petted(body: Body) -> None:
    for board in (body.recorder, body.vault, body.dock):
        board.watchdog.pet()
