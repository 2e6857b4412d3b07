"""A day of recording in virtual time: pictures and sound together, every loss told, time forward.

Three takes, one with a microphone that is 100 ppm fast, one with a slow one, one that wanders
between the two. In each the machine stalls, samples and pictures are lost in every way there is,
and the wall clock is stepped. ``make campaign-day`` runs eight hours of each.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest

from agent.capture.media import AUDIO_RATE, SECOND_NS, SURE_NS, Cause, Doubt, Gap, Track
from agent.vault.chain.stamps import STEP_NS, ClockStep, Stamps
from evidence.moments import Moment
from hw.fake.clock import JumpingClock
from tests.kits.media.capture import FRAME_NS
from tests.kits.media.long_take import Take
from tests.kits.media.mishaps import BOOTED_NS, COURSES, WARM_NS, Conditions, Loss, Mishap
from tests.kits.media.true_times import GAP_NS, MOST_IN_DOUBT, Judged, steps_not_told

if TYPE_CHECKING:
    from tests.conftest import CampaignSize

A_LOSS_NS: Final = 30_000_000
"""So much sound may be in doubt for each silent loss, on the average."""
SAMPLE_NS: Final = SECOND_NS // AUDIO_RATE + 1
LONGEST_DOUBT_NS: Final = SECOND_NS
SETTLES_WITHIN_NS: Final = 10 * SECOND_NS
"""How far from a loss its consequences may reach."""
_FIRST_STEP: Final = 20
"""Second of a take at which the wall clock is stepped for certain."""
CAUSES: Final = {
    Mishap.TOLD: Cause.SAMPLES_LOST,
    Mishap.UNSURE: Cause.SAMPLES_LOST,
    Mishap.QUEUE: Cause.QUEUE_FULL,
    Mishap.VANISHED: Cause.SAMPLES_VANISHED,
    Mishap.PICTURES: Cause.FRAMES_LOST,
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
            for loss in sorted(self.take.parts.losses, key=lambda loss: loss.at_ns)
            if loss.mishap in mishaps
            and begin + SECOND_NS < loss.at_ns
            and loss.at_ns + loss.long_ns + SETTLES_WITHIN_NS < end
        ]

    def gaps_of(self, loss: Loss, cause: Cause) -> list[Gap]:
        """Gaps that begin where it was lost: exactly there, or at a doubt that reaches there."""
        track = Track.VIDEO if loss.mishap is Mishap.PICTURES else Track.AUDIO
        near_ns = FRAME_NS + SURE_NS if track is Track.VIDEO else SURE_NS
        return [
            gap
            for gap in self.judged.gaps
            if (gap.cause, gap.track) == (cause, track)
            and (
                abs(gap.from_ns - loss.at_ns) <= near_ns
                or any(_explains(doubt, gap, loss) for doubt in self.judged.doubts)
            )
        ]

    def within_ns(self, at_ns: int) -> int | None:
        """What is signed of sound at this time of the file, if it is in doubt."""
        number = bisect_right(self.judged.doubts, at_ns, key=lambda doubt: doubt.from_ns) - 1
        if number < 0 or at_ns >= self.judged.doubts[number].to_ns:
            return None
        return self.judged.doubts[number].within_ns

    def apart_at_seconds(self) -> dict[int, int]:
        """By how much sound and pictures are apart as each second begins, where there is sound.

        Where a loss too short for a gap left silence just then, of the sound right after it.
        """
        found, second = {}, min(self.judged.seen) + 1
        for begins_ns, ends_ns, error_ns in self.judged.pieces():
            while second * SECOND_NS < ends_ns:
                if begins_ns - second * SECOND_NS < GAP_NS:
                    found[second] = abs(error_ns) + self.judged.picture_errors
                second += 1
        return found

    def is_in_gap(self, at_ns: int) -> bool:
        """Whether a signed gap says that there is no sound at this time."""
        return any(
            gap.from_ns <= at_ns <= gap.to_ns
            for gap in self.judged.gaps
            if gap.track is Track.AUDIO and gap.to_ns is not None
        )

    def is_told_missing(self, second: int) -> bool:
        """Whether all of a second lies in signed gaps and doubts of the sound."""
        gaps = [
            (gap.from_ns, gap.to_ns)
            for gap in self.judged.gaps
            if gap.track is Track.AUDIO and gap.to_ns is not None
        ]
        doubts = [(doubt.from_ns, doubt.to_ns) for doubt in self.judged.doubts]
        told_ns, end_ns = second * SECOND_NS, (second + 1) * SECOND_NS
        for from_ns, to_ns in sorted(gaps + doubts):
            if from_ns <= told_ns + SAMPLE_NS:
                told_ns = max(told_ns, to_ns)
        return told_ns + SAMPLE_NS >= end_ns


def _explains(doubt: Doubt, gap: Gap, loss: Loss) -> bool:
    around_ns = doubt.within_ns
    to_ns = gap.from_ns if gap.to_ns is None else gap.to_ns
    return (
        # The doubt is of the sound before the gap, of that after it, or of both.
        gap.from_ns <= doubt.to_ns + SURE_NS
        and doubt.from_ns - SURE_NS <= to_ns
        and doubt.from_ns - around_ns <= loss.at_ns <= doubt.to_ns + around_ns
    )


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
    judged = day.judged
    at_seconds = day.apart_at_seconds()
    worst: dict[int, int] = {}
    doubted: list[int] = []
    wrong = []
    for begins_ns, ends_ns, error_ns in judged.pieces():
        within_ns = day.within_ns((begins_ns + ends_ns) // 2)
        if within_ns is None:
            for second in range(begins_ns // SECOND_NS, (ends_ns - 1) // SECOND_NS + 1):
                worst[second] = max(worst.get(second, 0), abs(error_ns))
        else:
            doubted.append(abs(error_ns))
        if abs(error_ns) + judged.picture_errors > (within_ns or SURE_NS):
            wrong.append((begins_ns, error_ns, within_ns))
    first, last = min(judged.seen), max(judged.seen)
    unjudged = set(range(first, last + 1)) - worst.keys()
    doubts_ns = [doubt.to_ns - doubt.from_ns for doubt in judged.doubts]
    silent = sum(loss.mishap is Mishap.VANISHED for loss in day.take.parts.losses)
    figures = {
        "seconds, each as it begins": len(at_seconds),
        "most apart as a second begins, in doubt or not, ms": max(at_seconds.values()) / 1e6,
        "seconds": len(worst),
        "seconds without any sound, by signed gaps": len(unjudged),
        "packets": judged.packets,
        "pictures": judged.pictures,
        "segments": judged.segments,
        "most apart, ms": (max(worst.values()) + judged.picture_errors) / 1e6,
        "mean, ms": sum(worst.values()) / len(worst) / 1e6,
        "pieces of sound over 5 ms apart without a signed doubt": len(wrong),
        "losses": len(day.take.parts.losses),
        "silent losses": silent,
        "gaps": len(judged.gaps),
        "packets filled with silence": judged.filled,
        "doubts": len(judged.doubts),
        "sound in doubt, ms": sum(doubts_ns) / 1e6,
        "longest doubt, ms": max(doubts_ns, default=0) / 1e6,
        "most apart within doubts, ms": max(doubted, default=0) / 1e6,
        "pieces of sound over 5 ms apart within doubts": sum(e > SURE_NS for e in doubted),
    }
    for name, figure in figures.items():
        record_property(f"{day.course} {name}", figure)
        print(f"{day.course:>10} {name}: {figure}")  # noqa: T201 - the figures of a campaign
    # As each second begins, whether the device doubts that sound or not; only a gap has none.
    assert max(at_seconds.values()) <= SURE_NS
    without = set(range(first + 1, last)) - at_seconds.keys()
    assert [second for second in without if not day.is_in_gap(second * SECOND_NS)] == []
    # All sound between, every sample of it, by what the device has signed and nothing else.
    assert wrong == []
    assert day.take.ear.faults == []
    # No second is left out unless a signed gap covers all of it; pictures are in every one.
    assert [second for second in unjudged if not day.is_told_missing(second)] == []
    assert judged.seen == set(range(first, last + 1))
    assert last - first >= day.seconds - 1
    # A doubt is told where something was lost silently, is short, and there are few.
    assert max(doubts_ns, default=0) <= LONGEST_DOUBT_NS
    if day.seconds >= 3_600:
        assert sum(doubts_ns) <= day.seconds * SECOND_NS // MOST_IN_DOUBT
        assert sum(doubts_ns) <= silent * A_LOSS_NS


@pytest.mark.rule("E1")
@pytest.mark.timeout(7_200)
def test_every_loss_of_20_ms_or_more_is_a_gap_of_its_length(day: Day) -> None:
    losses = [loss for loss in day.losses(*Mishap) if loss.long_ns >= GAP_NS]
    assert len(losses) >= 5
    if day.seconds >= 3_600:
        assert {loss.mishap for loss in losses} == set(Mishap)
    for loss in losses:
        [gap] = day.gaps_of(loss, CAUSES[loss.mishap])
        assert gap.to_ns is not None
        assert abs(gap.to_ns - gap.from_ns - loss.long_ns) <= SURE_NS, loss


@pytest.mark.rule("E1")
@pytest.mark.timeout(7_200)
def test_no_gap_is_made_up_and_nothing_jumps_without_one(day: Day) -> None:
    explained = [
        gap
        for loss in day.take.parts.losses
        for gap in day.gaps_of(loss, CAUSES[loss.mishap])
        if loss.long_ns >= GAP_NS - SURE_NS
    ]
    # A take may end while the machine is busy: what had not come by then is a gap up to the end.
    end_ns = BOOTED_NS + WARM_NS + (day.seconds - 2) * SECOND_NS
    told = [gap for gap in day.judged.gaps if gap.from_ns < end_ns]
    assert [gap for gap in told if gap not in explained] == []
    assert steps_not_told(day.judged) == []


@pytest.mark.rule("E7")
@pytest.mark.timeout(7_200)
def test_time_in_the_files_only_goes_forward(day: Day) -> None:
    assert all(later > earlier for earlier, later in pairwise(day.judged.stamps_ns))


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
