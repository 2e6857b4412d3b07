"""A day of recording in virtual time: pictures and sound together, every loss told, time forward.

Three takes, one with a microphone that is 100 ppm fast, one with a slow one, one that wanders
between the two. In each the machine stalls, samples and pictures are lost in every way there is,
and the wall clock is stepped. ``make campaign-day`` runs eight hours of each.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest

from agent.capture.media import AUDIO_FRAME_NS, SECOND_NS, Cause, Gap, Track
from agent.vault.chain.stamps import STEP_NS, ClockStep, Stamps
from evidence.moments import Moment
from hw.fake.clock import JumpingClock
from tests.kits.long_take import (
    BOOTED_NS,
    SETTLES_WITHIN_NS,
    WARM_NS,
    Conditions,
    Judged,
    Loss,
    Mishap,
    Take,
    steps_not_told,
)

if TYPE_CHECKING:
    from tests.conftest import CampaignSize

TOGETHER_NS: Final = 5_000_000
GAP_NS: Final = 20_000_000
_FIRST_STEP: Final = 20
"""Second of a take at which the wall clock is stepped for certain."""
CAUSES: Final = {
    Mishap.TOLD: Cause.SAMPLES_LOST,
    Mishap.UNSURE: Cause.SAMPLES_LOST,
    Mishap.QUEUE: Cause.QUEUE_FULL,
    Mishap.VANISHED: Cause.SAMPLES_VANISHED,
    Mishap.PICTURES: Cause.FRAMES_LOST,
}
COURSES: Final[dict[str, Callable[[float], float]]] = {
    "fast": lambda _: 100.0,
    "slow": lambda _: -100.0,
    "wandering": lambda seconds: 100 * math.sin(seconds / 600),
}


class SteppedClock(JumpingClock):
    """Device time as it is told; a wall clock that somebody sets."""

    def __init__(self) -> None:
        super().__init__(monotonic_ns=BOOTED_NS)
        self.set_by_ns = 0

    def utc_ns(self) -> int:
        return super().utc_ns() + self.set_by_ns


@dataclass
class Chain:
    """A chain's stamps, one each second, while the wall clock is stepped to and fro."""

    dice: random.Random
    clock: SteppedClock = field(default_factory=SteppedClock)
    moments: list[Moment] = field(default_factory=list)
    steps: list[ClockStep] = field(default_factory=list)
    made: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stamps = Stamps(self.clock, "boot-1", 0)

    def pass_to(self, now_ns: int) -> None:
        """One more second."""
        self.clock.advance((now_ns - self.clock.monotonic_ns()) / SECOND_NS)
        if self.dice.random() < 0.02 or len(self.moments) == _FIRST_STEP:
            by_ns = round(self.dice.choice((-1, 1)) * math.exp(self.dice.uniform(-1.5, 12)) * 1e9)
            self.clock.set_by_ns += by_ns
            if abs(by_ns) > STEP_NS + 1_000:
                self.made.append(by_ns)
        step = self._stamps.step()
        if step is not None:
            self.steps.append(step)
        if self.dice.random() < 0.005:
            # The vault was started again: the next chain begins after what stands on record.
            self._stamps = Stamps(self.clock, "boot-1", self.moments[-1].utc_ns)
        self.moments.append(self._stamps.now())


@dataclass(frozen=True)
class Day:
    course: str
    seconds: int
    take: Take
    judged: Judged
    chain: Chain

    def losses(self, *mishaps: Mishap) -> list[Loss]:
        """Those of the recording, whole within it."""
        begin, end = BOOTED_NS + WARM_NS, BOOTED_NS + WARM_NS + self.seconds * SECOND_NS
        return [
            loss
            for loss in sorted(self.take.losses, key=lambda loss: loss.at_ns)
            if loss.mishap in mishaps
            and begin + SECOND_NS < loss.at_ns
            and loss.at_ns + loss.long_ns + SETTLES_WITHIN_NS < end
        ]

    def gaps_near(self, loss: Loss, cause: Cause) -> list[Gap]:
        track = Track.VIDEO if loss.mishap is Mishap.PICTURES else Track.AUDIO
        return [
            gap
            for gap in self.judged.gaps
            if (gap.cause, gap.track) == (cause, track)
            and loss.doubtful_ns - 100_000_000 < gap.from_ns < loss.at_ns + 100_000_000
        ]

    def doubtful(self) -> list[Loss]:
        """Silent losses of which nothing that arrived can tell where they lie."""
        return [
            loss
            for loss in self.take.losses
            if loss.mishap is Mishap.VANISHED and loss.doubtful_ns < loss.at_ns
        ]

    def errors_in_doubt(self) -> dict[int, int]:
        """True time and error of the packets made where a loss might as well lie."""
        spans = [(loss.doubtful_ns - AUDIO_FRAME_NS, loss.at_ns) for loss in self.doubtful()]
        return {
            true_ns: error
            for true_ns, error in self.judged.errors
            if any(begin <= true_ns < end for begin, end in spans)
        }


@pytest.fixture(scope="module", params=sorted(COURSES))
def day(request: pytest.FixtureRequest) -> Day:
    full = request.config.getoption("campaign_scale") == "full"
    seconds = 8 * 3_600 if full else 120
    seed = f"{request.config.getoption('campaign_seed')}:{request.param}"
    chain = Chain(random.Random(f"{seed}:wall"))
    conditions = Conditions(
        ppm=COURSES[request.param],
        seed=seed,
        loss_every_seconds=90 if full else 3,
        stall_every_seconds=60 if full else 15,
    )
    take = Take(conditions, seconds, chain.pass_to)
    return Day(request.param, seconds, take, take.run(), chain)


@pytest.fixture(autouse=True)
def _in_campaigns(campaign_size: CampaignSize) -> None:
    """All of this is one campaign."""


@pytest.mark.rule("D10", "E1")
@pytest.mark.timeout(7_200)
def test_sound_is_within_5_ms_of_pictures_at_every_second(
    day: Day, record_property: Callable[[str, object], None]
) -> None:
    in_doubt = day.errors_in_doubt()
    worst: dict[int, int] = {}
    for true_ns, error in day.judged.errors:
        second = true_ns // SECOND_NS
        worst[second] = max(worst.get(second, 0), 0 if true_ns in in_doubt else abs(error))
    apart_ns = max(worst.values()) + day.judged.picture_errors
    misplaced = {true_ns: error for true_ns, error in in_doubt.items() if abs(error) > TOGETHER_NS}
    figures = {
        "seconds": len(worst),
        "packets": day.judged.packets,
        "pictures": day.judged.pictures,
        "segments": day.judged.segments,
        "most apart, ms": apart_ns / 1e6,
        "mean, ms": sum(worst.values()) / len(worst) / 1e6,
        "losses": len(day.take.losses),
        "silent losses": sum(loss.mishap is Mishap.VANISHED for loss in day.take.losses),
        "gaps": len(day.judged.gaps),
        "packets across a loss": day.judged.straddling,
        "silent losses whose place nothing tells": len(day.doubtful()),
        "packets there": len(in_doubt),
        "packets there more than 5 ms apart": len(misplaced),
        "seconds with such packets": len({true_ns // SECOND_NS for true_ns in misplaced}),
    }
    for name, figure in figures.items():
        record_property(f"{day.course} {name}", figure)
        print(f"{day.course:>10} {name}: {figure}")  # noqa: T201 - the figures of a campaign
    assert len(worst) >= day.seconds - sum(
        loss.long_ns // SECOND_NS + 1 for loss in day.take.losses
    )
    assert apart_ns <= TOGETHER_NS
    assert day.take.ear.faults == []
    # No seconds are left out. Of packets, those alone that were made in a moment in which blocks
    # came later than a silent loss is long: whether they belong before or after it, nothing tells.
    # They are off by that loss at most, and there are hardly any.
    assert len(misplaced) <= day.judged.packets // 10_000
    longest_ns = max((loss.long_ns for loss in day.doubtful()), default=0)
    assert all(abs(error) <= longest_ns + TOGETHER_NS for error in misplaced.values())


@pytest.mark.rule("E1")
@pytest.mark.timeout(7_200)
def test_every_loss_of_20_ms_or_more_is_a_gap_of_its_length(day: Day) -> None:
    losses = [loss for loss in day.losses(*Mishap) if loss.long_ns >= GAP_NS]
    assert len(losses) >= 5
    if day.seconds >= 3_600:
        assert {loss.mishap for loss in losses} == set(Mishap)
    for loss in losses:
        [gap] = day.gaps_near(loss, CAUSES[loss.mishap])
        assert gap.to_ns is not None
        assert abs(gap.to_ns - gap.from_ns - loss.long_ns) <= TOGETHER_NS, loss


@pytest.mark.rule("E1")
@pytest.mark.timeout(7_200)
def test_no_gap_is_made_up_and_nothing_jumps_without_one(day: Day) -> None:
    explained = [
        gap
        for loss in day.take.losses
        for gap in day.gaps_near(loss, CAUSES[loss.mishap])
        if loss.long_ns >= GAP_NS - TOGETHER_NS
    ]
    # What had been encoded before a loss comes out after it: if the machine was busy as well,
    # half a second later than the pictures, and perhaps after its segment.
    late = [gap for gap in day.judged.gaps if gap.cause is Cause.LATE]
    for gap in late:
        assert any(
            loss.at_ns - SECOND_NS < gap.from_ns < loss.at_ns + SETTLES_WITHIN_NS + SECOND_NS
            for loss in day.take.losses
        )
    # A take may end while the machine is busy: what had not come by then is a gap up to the end.
    end_ns = BOOTED_NS + WARM_NS + (day.seconds - 2) * SECOND_NS
    told = [gap for gap in day.judged.gaps if gap.from_ns < end_ns]
    assert [gap for gap in told if gap not in explained and gap not in late] == []
    assert steps_not_told(day.judged) == []


@pytest.mark.rule("E7")
@pytest.mark.timeout(7_200)
def test_time_in_the_files_only_goes_forward(day: Day) -> None:
    times = [true_ns + error for true_ns, error in day.judged.errors]
    assert all(later > earlier for earlier, later in pairwise(times))


@pytest.mark.rule("B4", "E7")
@pytest.mark.timeout(7_200)
def test_no_stamp_goes_back_however_the_wall_clock_is_stepped_and_every_step_is_told(
    day: Day,
) -> None:
    for earlier, later in pairwise(day.chain.moments):
        assert later.mono_ns >= earlier.mono_ns
        assert later.utc_ns >= earlier.utc_ns
    told = [step.actual_ns - step.expected_ns for step in day.chain.steps]
    assert told
    assert [round(step / 1e6) for step in told] == [round(step / 1e6) for step in day.chain.made]
