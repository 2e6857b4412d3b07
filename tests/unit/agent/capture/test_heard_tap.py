"""Whoever listens to capture hears every block of the microphone, recording or not."""

from __future__ import annotations

from itertools import pairwise

from agent.capture.media import SECOND_NS, Track
from tests.kits.media.capture import BLOCK, BLOCK_NS, Bench


def test_every_block_is_heard_with_its_time_recording_or_not() -> None:
    bench = Bench()
    bench.run(2)
    warm = len(bench.ear.blocks)
    bench.engine.begin(0, bench.now_ns, 0)
    bench.run(2)
    bench.stop()
    assert 95 <= warm <= 100
    assert len(bench.ear.blocks) >= warm + 100
    assert {count for _, count in bench.ear.blocks} == {BLOCK}
    times = [first_ns for first_ns, _ in bench.ear.blocks]
    assert {later - earlier for earlier, later in pairwise(times)} == {BLOCK_NS}
    assert bench.now_ns - times[-1] <= 2 * BLOCK_NS


def test_samples_that_were_lost_leave_a_hole_in_the_times() -> None:
    bench = Bench()
    bench.run(2)
    bench.microphone = False
    bench.run(0.1)
    bench.engine.overflowed(Track.AUDIO, 4_800)
    bench.microphone = True
    bench.run(1)
    steps = [b - a for (a, _), (b, _) in pairwise(bench.ear.blocks)]
    [hole] = [step for step in steps if step > BLOCK_NS + 1_000_000]
    assert hole == BLOCK_NS + SECOND_NS // 10
