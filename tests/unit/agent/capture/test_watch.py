"""The verdict on blocks that come late: lost samples, or a busy machine."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from agent.capture.level import IN_TIME_NS, SHORTEST_NS
from agent.capture.media import AUDIO_RATE, SECOND_NS, Cause
from agent.capture.sample_clock import SampleClock
from agent.capture.watch import LONGEST_NS, Due, Lost, Watch
from hw.types import AudioBlock

BLOCK = 960
BLOCK_NS = 20_000_000
SILENCE = bytes(2 * BLOCK)
MS = 1_000_000

Lateness = Callable[[float], float]
"""Seconds of lateness at a second of the stream."""


@dataclass
class Bench:
    """A microphone whose true times are known, and what the watch makes of it."""

    late: Lateness
    watch: Watch = field(init=False)
    made_ns: float = 100.0 * SECOND_NS
    arrived_ns: float = 0.0
    lost: list[tuple[float, Lost]] = field(default_factory=list)
    errors: list[tuple[float, float]] = field(default_factory=list)
    waited_ns: list[float] = field(default_factory=list)
    doubts: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = SampleClock(AUDIO_RATE)
        self.watch = Watch(self.clock)
        self.begun_ns = self.made_ns
        self._made: deque[float] = deque()

    @property
    def seconds(self) -> float:
        return (self.made_ns - self.begun_ns) / SECOND_NS

    def lose(self, lost_ns: float) -> None:
        self.made_ns += lost_ns

    def run(self, seconds: float, *, unsure: bool = False) -> None:
        end_ns = self.made_ns + seconds * SECOND_NS
        while self.made_ns < end_ns:
            self._block(unsure=unsure)
            unsure = False

    def _block(self, *, unsure: bool) -> None:
        self._made.append(self.made_ns)
        self.made_ns += BLOCK_NS
        self.arrived_ns = max(self.arrived_ns, self.made_ns + self.late(self.seconds) * SECOND_NS)
        block = AudioBlock(
            samples=SILENCE, rate=AUDIO_RATE, arrived_ns=round(self.arrived_ns), overflowed=unsure
        )
        if not self.clock.settled:
            self.clock.hear(BLOCK, block.arrived_ns, free=True)
            self._made.popleft()
            return
        for due in self.watch.put(Due(block)):
            self._hear(due)

    def _hear(self, due: Due) -> None:
        for lost in due.lost:
            self.clock.skip(lost.samples)
            self.lost.append((self.seconds, lost))
        self.clock.hear(BLOCK, due.block.arrived_ns)
        made_ns = self._made.popleft()
        error_ns = self.clock.time_of(self.clock.heard - BLOCK) - made_ns
        self.errors.append(((made_ns - self.begun_ns) / SECOND_NS, error_ns))
        self.doubts.append(due.doubt_ns)
        self.waited_ns.append(self.arrived_ns - due.block.arrived_ns)

    def worst_ms(self, since: float = 1.0) -> float:
        return max(abs(error_ns) for at, error_ns in self.errors if at >= since) / MS

    def lost_ms(self) -> list[float]:
        return [lost.samples * 1_000 / AUDIO_RATE for _, lost in self.lost]


def jitter(seed: int, mean: float = 0.0025, most: float = 0.03) -> Lateness:
    dice = random.Random(seed)
    return lambda _: min(most, dice.expovariate(1 / mean))


def stalls(seconds: float, every: float, seed: int) -> Lateness:
    """Nothing arrives for so long, then all at once."""
    late = jitter(seed)
    return lambda at: late(at) + (every - at % every if at % every > every - seconds else 0.0)


def drains(rate: float, backlog: float, seed: int) -> Lateness:
    """Every minute a backlog appears in a stall and is worked off at ``rate`` times the pace."""
    late = jitter(seed)

    def lateness(at: float) -> float:
        since = at % 60 - 30
        if since < 0:
            return late(at) + (-since if -since < backlog else 0.0)
        return late(at) + max(0.0, backlog - since * (rate - 1))

    return lateness


def falls_behind(rate: float, seconds: float, seed: int) -> Lateness:
    """Every minute blocks are handled more slowly than they come, then all at once."""
    late = jitter(seed)
    return lambda at: (
        late(at) + ((at % 60 - 30) * (1 - rate) if 0 < at % 60 - 30 < seconds else 0.0)
    )


def losses(seed: int, apart: float) -> Iterator[float]:
    """Seconds until the next one."""
    dice = random.Random(seed)
    while True:
        yield apart + dice.expovariate(1 / apart)


def test_a_block_that_comes_in_time_leaves_at_once_and_takes_those_before_it_along() -> None:
    late = iter([0.0] * 100 + [0.010, 0.020, 0.001] + [0.0] * 10)
    bench = Bench(lambda _: next(late))
    bench.run(2.2)
    assert sorted(set(bench.waited_ns)) == pytest.approx([0, MS, 31 * MS], abs=1)
    assert bench.lost == []


@pytest.mark.parametrize("lost_ms", [6, 9, 12, 19, 45, 150, 1_900])
@pytest.mark.parametrize("seed", range(5))
def test_samples_that_vanish_without_a_word_are_proven_before_their_sound_gets_a_time(
    lost_ms: int, seed: int
) -> None:
    bench = Bench(jitter(seed))
    bench.run(20)
    bench.lose(lost_ms * MS)
    bench.run(10)
    assert sum(bench.lost_ms()) == pytest.approx(lost_ms, abs=2)
    assert {lost.cause for _, lost in bench.lost} == {Cause.SAMPLES_VANISHED}
    assert bench.worst_ms() < 5
    assert max(bench.waited_ns) <= LONGEST_NS + lost_ms * MS


@pytest.mark.parametrize("seed", range(3))
def test_small_losses_never_add_up_to_more_than_5_ms(seed: int) -> None:
    bench = Bench(jitter(seed))
    bench.run(20)
    dice = random.Random(seed)
    for apart in losses(seed, 1.5):
        bench.lose(dice.uniform(0.5, 3.9) * MS)
        bench.run(apart)
        if bench.seconds > 600:
            break
    assert bench.worst_ms() < 5


def test_a_loss_the_driver_knows_of_lies_before_its_block_however_late_others_are() -> None:
    bench = Bench(lambda at: 0.3 if 20 < at < 20.3 else 0.0)
    bench.run(20.1)
    bench.lose(40 * MS)
    bench.run(5, unsure=True)
    [(_, lost)] = bench.lost
    assert lost.cause is Cause.SAMPLES_LOST
    assert lost.samples == pytest.approx(40 * 48, abs=24)
    assert bench.worst_ms() < 1


@pytest.mark.parametrize("lost_ms", [7, 31, 68, 900])
@pytest.mark.parametrize("unsure", [False, True])
def test_a_stall_in_the_middle_of_a_proof_does_not_spoil_it(lost_ms: int, *, unsure: bool) -> None:
    late = jitter(7)
    bench = Bench(lambda at: late(at) + (22.1 - at if 21.7 < at < 22.1 else 0.0))
    bench.run(21.4)
    bench.lose(lost_ms * MS if lost_ms < 200 else 0)
    bench.run(0.1, unsure=unsure)
    bench.lose(lost_ms * MS if lost_ms >= 200 else 0)
    bench.run(5)
    assert sum(bench.lost_ms()) == pytest.approx(lost_ms, abs=2)
    assert bench.worst_ms() < 5


def test_a_word_of_the_driver_that_nothing_confirms_is_no_loss() -> None:
    bench = Bench(jitter(1))
    bench.run(20)
    bench.run(5, unsure=True)
    assert bench.lost == []


@pytest.mark.parametrize(
    "late",
    [
        pytest.param(jitter(1), id="jitter of 2.5 ms"),
        pytest.param(jitter(1, 0.010, 0.2), id="jitter of 10 ms"),
        pytest.param(jitter(1, 0.020, 0.3), id="jitter of 20 ms"),
        pytest.param(stalls(0.4, 5, 1), id="stalls of 0.4 s"),
        pytest.param(stalls(3, 20, 1), id="stalls of 3 s"),
        pytest.param(stalls(8, 60, 1), id="stalls of 8 s"),
        pytest.param(drains(2.0, 0.4, 1), id="backlogs worked off at twice the pace"),
        pytest.param(drains(1.1, 0.4, 1), id="backlogs worked off 10 % faster than they grow"),
        pytest.param(drains(1.03, 0.4, 1), id="backlogs worked off 3 % faster than they grow"),
        pytest.param(falls_behind(0.5, 3, 1), id="3 s at half the pace"),
        pytest.param(falls_behind(0.9, 3, 1), id="3 s at nine tenths of the pace"),
        pytest.param(falls_behind(0.97, 3, 1), id="3 s at 97 % of the pace"),
    ],
)
def test_a_busy_machine_is_never_taken_for_a_loss(
    late: Lateness, campaign_size: Callable[..., int]
) -> None:
    bench = Bench(late)
    bench.run(campaign_size(ci=300, full=8 * 3_600))
    assert [ms for ms in bench.lost_ms() if ms >= 5] == []
    assert bench.worst_ms() < 5


def test_no_block_waits_for_longer_than_a_second_even_if_nothing_becomes_clear() -> None:
    bench = Bench(lambda at: max(0.0, (at - 20) * 0.2))
    bench.run(30)
    assert max(bench.waited_ns) <= LONGEST_NS + 2 * BLOCK_NS
    assert bench.lost == []


def test_what_was_taken_for_lost_and_comes_after_all_is_given_back_at_once() -> None:
    bench = Bench(lambda at: 0.030 if 20 < at < 21.5 else 0.0)
    bench.run(30)
    assert sum(bench.lost_ms()) == pytest.approx(0, abs=0.1)
    assert bench.lost_ms()[0] == pytest.approx(30, abs=1)
    assert bench.worst_ms(since=21.6) < 1


def test_what_waits_is_given_up_without_a_verdict() -> None:
    bench = Bench(lambda at: 0.030 if at > 20 else 0.0)
    bench.run(20.2)
    held = bench.watch.flush()
    assert 9 <= len(held) <= 11
    assert bench.watch.until_ns is None
    assert all(due.lost == [] for due in held)
    assert min(due.late_ns for due in held) > IN_TIME_NS
    assert SHORTEST_NS < LONGEST_NS


def doubts_of(bench: Bench) -> list[tuple[float, float]]:
    """By how much blocks are wrong, and by how much they say that they may be."""
    return [
        (abs(error), doubt) for (_, error), doubt in zip(bench.errors, bench.doubts, strict=True)
    ]


@pytest.mark.parametrize("seed", range(20))
def test_a_loss_within_a_stall_leaves_no_block_wrong_that_is_not_in_doubt(seed: int) -> None:
    stalled = jitter(seed)
    bench = Bench(lambda at: stalled(at) + (20.4 - at if 20.1 < at < 20.4 else 0.0))
    bench.run(20.1 + 0.012 * seed)
    bench.lose(60 * MS)
    bench.run(6)
    told = doubts_of(bench)[100:]
    assert all(error <= doubt + 5 * MS for error, doubt in told)
    assert sum(doubt > 0 for _, doubt in told) <= 20


def test_a_small_loss_on_a_quiet_machine_leaves_no_doubt() -> None:
    bench = Bench(jitter(1, 0.0003))
    bench.run(20)
    bench.lose(12 * MS)
    bench.run(6)
    assert sum(bench.lost_ms()) == pytest.approx(12, abs=1)
    assert max(bench.doubts) == 0
    assert bench.worst_ms() < 2


def test_blocks_that_nothing_vouched_for_are_in_doubt_by_what_may_be_lost() -> None:
    bench = Bench(lambda at: 0.030 if at > 20 else 0.0)
    bench.run(20.2)
    assert [due.doubt_ns for due in bench.watch.flush()] == pytest.approx([30 * MS] * 10, abs=MS)
    rising = Bench(lambda at: max(0.0, (at - 20) * 0.2))
    rising.run(30)
    overdue = [
        doubt for (at, _), doubt in zip(rising.errors, rising.doubts, strict=True) if at > 20.5
    ]
    assert min(overdue) >= 20 * MS
