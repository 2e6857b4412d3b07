"""The bureau's time bounds the wall clock; nothing sets it, and no stamp goes below its floors."""

from __future__ import annotations

from threading import Event

import pytest

from agent.vault.chain.stamps import Stamps
from agent.vault.chain.taught_clock import Lesson, TaughtClock
from evidence.moments import RELEASED_NS, TimeSource
from hw.ports import Clock
from hw.types import ClockQuality

pytestmark = pytest.mark.rule("B4")
NOW_NS = RELEASED_NS + 86_400 * 10**9
HOUR_NS = 3_600 * 10**9


class HandClock(Clock):
    """A clock moved by hand."""

    def __init__(self, utc_ns: int = NOW_NS) -> None:
        self.mono = 5 * 10**9
        self.offset = utc_ns - self.mono
        self.said = ClockQuality(source="rtc", error_ms=None)

    def utc_ns(self) -> int:
        return self.mono + self.offset

    def monotonic_ns(self) -> int:
        return self.mono

    def quality(self) -> ClockQuality:
        return self.said

    def wait(self, event: Event, seconds: float) -> bool:
        self.mono += round(seconds * 1e9)
        return event.is_set()


def taught(clock: HandClock, *, ahead_ms: int = 0, trip_ms: int = 4) -> TaughtClock:
    """A clock that the bureau has just told its time, ``ahead_ms`` of the wall clock's."""
    one = TaughtClock(clock)
    half_ns = trip_ms * 500_000
    told_ns = clock.utc_ns() + ahead_ms * 10**6
    one.teach(Lesson(mono_ns=clock.mono, utc_ns=told_ns, half_trip_ns=half_ns))
    return one


def test_before_the_bureau_spoke_the_clock_says_what_it_said() -> None:
    clock = HandClock()
    assert TaughtClock(clock).quality() == clock.said


@pytest.mark.parametrize(("ahead_ms", "bound_ms"), [(0, 2), (700, 702), (-700, 702)])
def test_the_bound_is_half_the_round_trip_and_what_the_wall_clock_differs(
    ahead_ms: int, bound_ms: int
) -> None:
    clock = HandClock()
    one = taught(clock, ahead_ms=ahead_ms)
    assert one.quality() == ClockQuality(source="bureau", error_ms=bound_ms)
    assert one.utc_ns() == clock.utc_ns()


def test_the_bound_grows_with_the_crystals_drift() -> None:
    clock = HandClock()
    one = taught(clock)
    clock.mono += HOUR_NS
    assert one.quality().error_ms == 2 + 360


def test_a_closer_bound_of_the_clocks_own_counts_more() -> None:
    clock = HandClock()
    clock.said = ClockQuality(source="ntp", error_ms=1)
    assert taught(clock).quality() == clock.said
    clock.said = ClockQuality(source="ntp", error_ms=90)
    assert taught(clock).quality().source == "bureau"


def test_where_clock_and_bureau_cannot_both_be_right_the_bureau_is_believed() -> None:
    clock = HandClock()
    clock.said = ClockQuality(source="ntp", error_ms=50)
    assert taught(clock, ahead_ms=40).quality() == ClockQuality(source="bureau", error_ms=42)
    assert taught(clock, ahead_ms=51).quality() == clock.said
    wrong = ClockQuality(source="bureau", error_ms=3_002)
    assert taught(clock, ahead_ms=3_000).quality() == wrong


def test_a_step_of_the_wall_clock_widens_what_the_bureau_can_vouch_for() -> None:
    clock = HandClock()
    one = taught(clock)
    clock.offset += HOUR_NS
    assert one.quality().error_ms == 3_600_002


def test_a_stamp_says_how_far_its_chain_is_from_the_clock_after_a_step() -> None:
    clock = HandClock()
    clock.said = ClockQuality(source="ntp", error_ms=50)
    stamps = Stamps(clock, "boot", 0)
    assert stamps.now().error_ms == 50
    clock.offset += HOUR_NS
    assert stamps.now().error_ms == 3_600_050
    assert stamps.now().utc_ns == NOW_NS


@pytest.mark.parametrize("wrong_ns", [0, 1, RELEASED_NS - 1])
def test_no_stamp_is_from_before_this_software_was_there(wrong_ns: int) -> None:
    moment = Stamps(HandClock(wrong_ns), "boot", 0).now()
    assert moment.utc_ns == RELEASED_NS
    assert (moment.source, moment.error_ms) == (TimeSource.LAST_KNOWN, None)


def test_no_stamp_is_below_the_last_one_on_record() -> None:
    clock = HandClock(NOW_NS)
    moment = Stamps(clock, "boot", NOW_NS + HOUR_NS).now()
    assert moment.utc_ns == NOW_NS + HOUR_NS
    assert (moment.source, moment.error_ms) == (TimeSource.LAST_KNOWN, None)
