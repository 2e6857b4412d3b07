"""What every battery, store medium, clock, boot id and watchdog says."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from hw.errors import BatteryFault, StorageFault
from hw.fake.world import FakeWorld
from hw.ports import Clock
from hw.types import BatteryReading
from tests.contract.bench import Hand
from tests.contract.bodies import Body, Collected


@pytest.fixture(params=["recorder", "vault", "dock"])
def clock(request: pytest.FixtureRequest, body: Body) -> Clock:
    board_clock: Clock = getattr(body, request.param).clock
    return board_clock


@pytest.fixture
def proof(device_dir: Path) -> Path:
    """A file on the store's medium that is no evidence."""
    return device_dir / "store" / "proof"


def test_a_battery_reading_is_possible(body: Body) -> None:
    reading = body.recorder.battery.read()
    assert 0 <= reading.percent <= 100
    assert 2_500 < reading.millivolts < 4_500


def test_a_silent_fuel_gauge_is_a_fault(body: Body, hand: Hand) -> None:
    hand.break_gauge()
    with pytest.raises(BatteryFault):
        body.recorder.battery.read()


def test_a_battery_follows_the_world(body: Body, hand: Hand) -> None:
    hand.drain_battery(7)
    low = body.recorder.battery.read()
    hand.charge()
    full = body.dock.battery.read()
    assert (low.percent, low.charging) == (7, False)
    assert (full.percent, full.charging) == (100, True)
    assert low.millivolts < full.millivolts


def test_a_fuel_gauge_that_hangs_answers_when_it_comes_back(body: Body, world: FakeWorld) -> None:
    readings: Collected[BatteryReading] = Collected()
    world.hang_gauge()
    asker = threading.Thread(target=lambda: readings(body.recorder.battery.read()), daemon=True)
    asker.start()
    asker.join(0.1)
    assert (asker.is_alive(), readings.items) == (True, [])
    world.mend_gauge()
    assert readings.wait_for(1)[0].percent == 90


def test_a_fuel_gauge_that_lies_leaves_the_voltage_as_it_is(body: Body, world: FakeWorld) -> None:
    world.drain_battery(4)
    true = body.recorder.battery.read()
    world.misread_battery(95)
    lie = body.recorder.battery.read()
    assert (lie.percent, lie.millivolts) == (95, true.millivolts)


def test_a_proof_is_read_back_as_it_was_written(body: Body, proof: Path) -> None:
    for content in (b"first", b"then something longer", b"short"):
        assert body.vault.storage.prove(proof, content) == content


def test_a_medium_that_lies_gives_other_bytes_back(
    body: Body, world: FakeWorld, proof: Path
) -> None:
    world.counterfeit_disk()
    assert body.vault.storage.prove(proof, b"evidence") != b"evidence"
    world.mend_disk()
    assert body.vault.storage.prove(proof, b"evidence") == b"evidence"


@pytest.mark.parametrize(
    "verb", [FakeWorld.break_disk, FakeWorld.protect_disk, FakeWorld.fill_disk]
)
def test_a_medium_that_takes_nothing_is_a_fault(
    body: Body, world: FakeWorld, proof: Path, verb: Callable[[FakeWorld], None]
) -> None:
    verb(world)
    with pytest.raises(StorageFault):
        body.vault.storage.prove(proof, b"evidence")


def test_a_medium_that_is_gone_cannot_be_read(body: Body, world: FakeWorld) -> None:
    world.break_disk()
    with pytest.raises(StorageFault):
        body.vault.storage.read()
    world.mend_disk()
    assert body.vault.storage.read().writable


def test_a_medium_that_hangs_takes_the_proof_when_it_comes_back(
    body: Body, world: FakeWorld, proof: Path
) -> None:
    proved: Collected[bytes] = Collected()
    world.hang_disk()
    asker = threading.Thread(
        target=lambda: proved(body.vault.storage.prove(proof, b"late")), daemon=True
    )
    asker.start()
    asker.join(0.1)
    assert (asker.is_alive(), proved.items) == (True, [])
    world.mend_disk()
    assert proved.wait_for(1) == [b"late"]


def test_a_storage_reading_is_possible(body: Body) -> None:
    reading = body.vault.storage.read()
    assert reading.writable
    assert 0 < reading.free_bytes <= reading.total_bytes


def test_a_medium_that_fills_or_dies_is_read_as_such(body: Body, world: FakeWorld) -> None:
    world.fill_disk(12_345)
    world.protect_disk()
    reading = body.vault.storage.read()
    assert (reading.free_bytes, reading.writable) == (12_345, False)
    world.free_disk()
    world.unprotect_disk()
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


def test_a_skewed_wall_clock_leaves_the_monotonic_one_alone(body: Body, world: FakeWorld) -> None:
    clock = body.vault.clock
    utc_ns, monotonic_ns = clock.utc_ns(), clock.monotonic_ns()
    world.skew_clock(-3_600)
    assert utc_ns - clock.utc_ns() > 3_590_000_000_000
    assert 0 <= clock.monotonic_ns() - monotonic_ns < 10_000_000_000


def test_a_clock_that_lost_its_battery_says_that_nobody_vouches(
    body: Body, world: FakeWorld
) -> None:
    world.lose_rtc()
    clock = body.vault.clock
    assert (clock.quality().source, clock.quality().error_ms) == ("none", None)
    assert clock.utc_ns() < 946_771_200_000_000_000
    world.set_clock()
    assert clock.quality().source == "ntp"


def test_a_wall_clock_that_stands_still_leaves_the_monotonic_one_alone(
    body: Body, world: FakeWorld
) -> None:
    world.stop_clock()
    clock = body.vault.clock
    before = (clock.utc_ns(), clock.monotonic_ns())
    clock.wait(threading.Event(), 0.01)
    assert clock.utc_ns() == before[0]
    assert clock.monotonic_ns() > before[1]


def test_boards_of_one_boot_have_one_boot_id(body: Body) -> None:
    ids = {body.recorder.boot_id, body.vault.boot_id, body.dock.boot_id}
    assert len(ids) == 1
    assert str(uuid.UUID(ids.pop()))


def test_a_watchdog_can_be_petted(body: Body) -> None:
    for board in (body.recorder, body.vault, body.dock):
        board.watchdog.pet()
