"""Sound that comes late, because the machine was busy or a part lagged, and where it is put."""

from __future__ import annotations

from itertools import pairwise

import pytest

from agent.capture.media import AUDIO_FRAME_NS, SECOND_NS, Cause, Track
from agent.capture.merge import HOLD_NS
from tests.kits.media.capture import BLOCK_NS, MICROPHONE_GONE, Bench, block_at, lasted, steps

MS = 1_000_000


def test_sound_waits_half_a_second_at_most_for_silent_pictures() -> None:
    bench = Bench.recording(1.5)
    bench.camera = False
    bench.run(1)
    progress = bench.shelf.progress[0]
    assert progress.audio_last_pts_ns > bench.now_ns - HOLD_NS - 5 * BLOCK_NS


def test_sound_that_comes_a_little_after_its_segment_has_ended_stands_in_the_next_one() -> None:
    bench = Bench.recording(1.4)
    bench.microphone = False
    withheld = [bench.now_ns + k * BLOCK_NS for k in range(1, 41)]
    bench.run(0.8)
    first_ns = bench.shelf.progress[1].first_pts_ns
    for end_ns in withheld:
        bench.engine.sound(block_at(end_ns, late_ns=bench.now_ns - end_ns))
    bench.microphone = True
    bench.run(1)
    bench.stop()
    assert bench.shelf.ended[1].audio_first_pts_ns < first_ns
    assert bench.shelf.gaps == []
    assert steps(bench.shelf.all_audio()) <= {1_023, 1_024, 1_025}
    assert steps(bench.shelf.all_video()) == {3_600}


def test_sound_that_comes_long_after_its_segment_has_ended_is_a_gap() -> None:
    bench = Bench.recording(1.4)
    bench.engine.part_started(Track.AUDIO)
    bench.microphone = False
    withheld = [bench.now_ns + k * BLOCK_NS for k in range(1, 221)]
    bench.run(4.4)
    assert 2 in bench.shelf.segments
    for end_ns in withheld:
        bench.engine.sound(block_at(end_ns, late_ns=bench.now_ns - end_ns))
    bench.microphone = True
    bench.run(1)
    bench.stop()
    assert steps(bench.shelf.all_video()) == {3_600}
    [gap] = bench.shelf.gaps
    assert (gap.cause, gap.track) == (Cause.LATE, Track.AUDIO)
    assert gap.to_ns is not None
    samples = (gap.to_ns - gap.from_ns) * 48_000 / SECOND_NS
    ticks = bench.shelf.all_audio()
    assert max(steps(ticks)) == pytest.approx(samples + 1_024, abs=2)
    assert all(first < second for first, second in pairwise(ticks))


def burst(bench: Bench, first_in: int, *, overflowed: bool) -> None:
    """300 ms of sound that all arrive at its end: the machine was busy."""
    ends = [bench.now_ns + (first_in + number) * BLOCK_NS for number in range(15)]
    bench.now_ns = ends[-1]
    for number, end_ns in enumerate(ends):
        late_ns = ends[-1] - end_ns
        first = overflowed and number == 0
        bench.engine.sound(block_at(end_ns, late_ns=late_ns, overflowed=first))
    bench.engine.advance(bench.now_ns)


def test_an_overflow_while_the_machine_is_busy_is_measured_once_it_has_caught_up() -> None:
    bench = Bench.recording(3)
    burst(bench, 6, overflowed=True)
    bench.run(2)
    bench.stop()
    [gap] = bench.shelf.gaps_in(Track.AUDIO)
    assert gap.cause is Cause.SAMPLES_LOST
    assert lasted(gap) == pytest.approx(100_000_000, abs=2_000_000)


def test_sound_that_was_put_too_late_by_mistake_is_in_doubt_once_that_shows() -> None:
    """A constant delay that begins at once cannot be told from a loss until it ends."""
    bench = Bench.recording(3, segment_seconds=10)
    begun_ns = bench.now_ns
    bench.late_ns = 3 * BLOCK_NS
    bench.now_ns += bench.late_ns
    bench.run(1.5)
    ended_ns, caught_up = bench.now_ns - bench.late_ns, 3
    bench.late_ns = 0
    for block in range(1, caught_up + 1):
        end_ns = ended_ns + block * BLOCK_NS
        bench.engine.sound(block_at(end_ns, late_ns=bench.now_ns - end_ns))
    bench.run(2)
    bench.stop()
    [doubt] = bench.shelf.doubts
    assert doubt.within_ns == pytest.approx(65 * MS, abs=2 * MS)
    assert doubt.from_ns == pytest.approx(begun_ns + 60 * MS, abs=25 * MS)
    assert doubt.to_ns >= ended_ns + 60 * MS
    ticks = [round(tick * SECOND_NS / 48_000) for tick in bench.shelf.audio_ticks(0)]
    assert all(
        after - before == pytest.approx(AUDIO_FRAME_NS, abs=50_000)
        for before, after in pairwise(ticks)
        if after < doubt.from_ns - 60 * MS - AUDIO_FRAME_NS or before > doubt.to_ns
    )


def test_sound_that_comes_back_while_the_machine_is_busy_has_its_true_time() -> None:
    bench = Bench.recording(3)
    bench.microphone = False
    bench.engine.part_failed(MICROPHONE_GONE)
    bench.run(1)
    back_ns = bench.now_ns
    burst(bench, 1, overflowed=False)
    bench.microphone = True
    bench.run(2)
    bench.stop()
    [gap] = [gap for gap in bench.shelf.gaps if gap.track is Track.AUDIO and gap.to_ns]
    assert gap.to_ns == pytest.approx(back_ns, abs=2_000_000)
