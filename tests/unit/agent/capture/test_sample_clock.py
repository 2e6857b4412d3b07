"""The model of the microphone's crystal, over virtual hours."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from agent.capture.media import SECOND_NS
from agent.capture.sample_clock import SampleClock, lower_line

RATE = 48_000


class Crystal:
    """A microphone: true times of its samples, and blocks that arrive late, never early."""

    def __init__(
        self, ppm: Callable[[float], float], lateness: Callable[[float], float], block: int
    ) -> None:
        self.ppm_at, self._lateness, self.block = ppm, lateness, block
        self.now = 100.0
        self.begun = self.now

    def blocks(self, seconds: float) -> Iterator[tuple[float, float]]:
        """True time of each block's first sample, and when the block arrived; seconds."""
        last = 0.0
        while self.now - self.begun < seconds:
            first = self.now
            rate = RATE * (1 + self.ppm_at(first - self.begun) * 1e-6)
            self.now += self.block / rate
            last = max(last, self.now + self._lateness(self.now - self.begun))
            yield first, last


def worst_error(
    crystal: Crystal,
    seconds: float,
    *,
    lose: Callable[[float], int] = lambda _: 0,
    warm_seconds: float = 0.5,
) -> float:
    """Largest distance between a sample's true time and the model's after warming up, seconds."""
    clock, worst, block = SampleClock(RATE), 0.0, crystal.block
    for first, arrived in crystal.blocks(seconds):
        index = clock.heard
        clock.hear(block, round(arrived * SECOND_NS))
        if clock.settled and index > warm_seconds * RATE:
            worst = max(worst, abs(clock.time_of(index) / SECOND_NS - first))
        lost = lose(first - crystal.begun)
        if lost:
            clock.skip(lost)
            crystal.now += lost / (RATE * (1 + crystal.ppm_at(0) * 1e-6))
    return worst


def jitter(seed: int, mean: float = 0.0025, most: float = 0.03) -> Callable[[float], float]:
    dice = random.Random(seed)
    return lambda _: min(most, dice.expovariate(1 / mean))


@pytest.mark.parametrize("ppm", [-100, -50, 0, 50, 100])
def test_times_stay_within_5_ms_for_an_hour_with_a_crystal_that_is_off(ppm: int) -> None:
    crystal = Crystal(lambda _: ppm, jitter(ppm), 4_800)
    assert worst_error(crystal, 3_600, warm_seconds=20) < 0.001


def test_times_stay_within_5_ms_with_wander_losses_and_stalls(
    campaign_size: Callable[..., int], campaign_seed: int
) -> None:
    hours = campaign_size(ci=1, full=24)
    dice = random.Random(campaign_seed)
    jitters = jitter(campaign_seed)

    def wander(seconds: float) -> float:
        return 100 * math.sin(seconds / 1_800)

    def stalls(seconds: float) -> float:
        """Every ten minutes the machine is busy for three seconds."""
        return jitters(seconds) + (0.4 if seconds % 600 > 597 else 0.0)

    def lose(_: float) -> int:
        return dice.randrange(1, 3 * RATE) if dice.random() < 0.0005 else 0

    crystal = Crystal(wander, stalls, 4_800)
    assert worst_error(crystal, hours * 3_600, lose=lose) < 0.005


def test_a_cold_beginning_with_late_blocks_is_right_after_a_quarter_of_a_second() -> None:
    crystal = Crystal(lambda _: 0.0, lambda t: 0.1 * math.exp(-t * 20), 960)
    assert worst_error(crystal, 60) < 0.002


def test_the_offset_never_creeps_faster_than_300ppm_at() -> None:
    clock, block = SampleClock(RATE), 960
    late = jitter(5, mean=0.02, most=0.2)
    steps = []
    times: list[int] = []
    for _, arrived in Crystal(lambda _: 0.0, late, block).blocks(120):
        index = clock.heard
        clock.hear(block, round(arrived * SECOND_NS))
        if clock.settled:
            times.append(clock.time_of(index))
    steps = [second - first for first, second in pairwise(times)]
    nominal = block * SECOND_NS // RATE
    assert max(abs(step - nominal) for step in steps) <= nominal * 300e-6 + 2


def test_times_rise_without_a_step_while_nothing_is_lost() -> None:
    clock = SampleClock(RATE)
    last = 0
    for _, arrived in Crystal(lambda _: 80.0, jitter(9), 960).blocks(30):
        index = clock.heard
        clock.hear(960, round(arrived * SECOND_NS))
        if clock.settled:
            assert clock.time_of(index) > last
            last = clock.time_of(index)


def test_a_known_loss_is_a_step_of_exactly_its_length() -> None:
    clock = SampleClock(RATE)
    for block in range(1, 100):
        clock.hear(960, block * 20_000_000)
    before = clock.time_of(clock.heard)
    clock.skip(4_800)
    assert clock.time_of(clock.heard) - before == 100_000_000


def test_a_block_is_as_late_as_it_came_after_the_times_that_are_given_out() -> None:
    clock = SampleClock(RATE)
    for block in range(1, 500):
        clock.hear(960, block * 20_000_000)
    assert clock.late_ns(960, 500 * 20_000_000 + 70_000_000) == pytest.approx(70e6, abs=1)
    clock.skip(70 * 48)
    assert clock.late_ns(960, 500 * 20_000_000 + 70_000_000) == pytest.approx(0, abs=1)


def test_two_busy_buckets_say_nothing_of_the_crystal() -> None:
    clock = SampleClock(RATE)
    for block in range(1, 3_000):
        shift = 90_000_000 if 1_000 <= block < 1_150 else 0
        clock.hear(960, block * 20_000_000 + shift)
    assert clock.time_of(clock.heard) == pytest.approx(2_999 * 20_000_000, abs=200_000)


def test_the_line_runs_along_the_lower_edge_of_its_points() -> None:
    points = [(k * 2e9, 1_000.0 * k) for k in range(20)]
    points[15] = (30e9, 50_000_000.0)
    assert lower_line(points).at(60e9) == pytest.approx(30_000.0, abs=1_000)
