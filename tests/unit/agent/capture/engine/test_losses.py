"""What is lost on the way is a gap of its length, and what follows keeps its place."""

from __future__ import annotations

import pytest

from agent.capture.media import SECOND_NS, Cause, Gap, Track
from hw.types import VideoPacket
from tests.kits.media.capture import BLOCK_NS, FRAME_NS, Bench, block_at, lasted, pictures


def test_frames_the_camera_skips_are_a_gap_and_counted() -> None:
    bench = Bench.recording(1.5)
    due_ns = bench.now_ns - bench.now_ns % FRAME_NS + FRAME_NS
    bench.camera = False
    bench.run(0.16)
    bench.camera = True
    bench.run(1)
    bench.stop()
    [gap] = bench.shelf.gaps
    assert gap == Gap(due_ns, due_ns + 4 * FRAME_NS, Cause.FRAMES_LOST, Track.VIDEO)
    assert sum(facts.dropped for facts in bench.shelf.ended.values()) == 4


def test_lost_samples_are_a_gap_of_their_length() -> None:
    bench = Bench.recording(1.5)
    bench.now_ns += 5 * BLOCK_NS
    bench.engine.sound(block_at(bench.now_ns, lost=4 * 960))
    bench.run(1)
    bench.stop()
    [gap] = bench.shelf.gaps_in(Track.AUDIO)
    assert gap.cause is Cause.SAMPLES_LOST
    assert lasted(gap) == pytest.approx(80_000_000, abs=100_000)


def test_a_loss_below_20_ms_steps_without_a_gap() -> None:
    bench = Bench.recording(1.5)
    bench.now_ns += BLOCK_NS // 2
    bench.engine.sound(block_at(bench.now_ns, lost=480))
    bench.now_ns += BLOCK_NS // 2
    bench.run(1)
    bench.stop()
    assert bench.shelf.gaps_in(Track.AUDIO) == []


def test_an_overflow_of_unknown_size_is_measured_by_its_arrivals() -> None:
    bench = Bench.recording(3)
    bench.now_ns += 6 * BLOCK_NS
    bench.engine.sound(block_at(bench.now_ns, overflowed=True))
    bench.run(2)
    bench.stop()
    [gap] = bench.shelf.gaps_in(Track.AUDIO)
    assert gap.cause is Cause.SAMPLES_LOST
    assert lasted(gap) == pytest.approx(100_000_000, abs=2_000_000)


def test_pictures_lost_in_a_full_queue_are_a_gap_up_to_the_next_idr_frame() -> None:
    bench = Bench.recording(1.3)
    asked = bench.keyframes_asked
    bench.engine.overflowed(Track.VIDEO, 3)
    bench.run(2)
    bench.stop()
    assert bench.keyframes_asked > asked
    [gap] = bench.shelf.gaps
    assert gap.cause is Cause.QUEUE_FULL
    assert all(len(bench.shelf.video_ticks(n)) == f.frames for n, f in bench.shelf.ended.items())


def test_samples_lost_in_a_full_queue_are_a_gap() -> None:
    bench = Bench.recording(1.5)
    bench.microphone = False
    bench.run(0.2)
    bench.microphone = True
    bench.engine.overflowed(Track.AUDIO, 10 * 960)
    bench.run(1)
    bench.stop()
    [gap] = bench.shelf.gaps
    assert (gap.cause, gap.track) == (Cause.QUEUE_FULL, Track.AUDIO)


def test_what_follows_a_loss_stands_in_the_file_where_it_was_captured() -> None:
    bench = Bench.recording(1.5, segment_seconds=10)
    bench.camera = False
    bench.run(0.4)
    bench.to_keyframe()
    bench.camera = True
    bench.run(0.5)
    bench.now_ns += 20 * BLOCK_NS
    bench.to_keyframe()
    bench.engine.sound(block_at(bench.now_ns, lost=19 * 960))
    bench.run(1)
    bench.stop()
    shown = {
        Track.VIDEO: [tick * SECOND_NS // 90_000 for tick in bench.shelf.video_ticks(0)],
        Track.AUDIO: [tick * SECOND_NS // 48_000 for tick in bench.shelf.audio_ticks(0)],
    }
    assert {gap.track for gap in bench.shelf.gaps} == set(Track)
    for gap in bench.shelf.gaps:
        assert gap.to_ns is not None
        within = [at for at in shown[gap.track] if gap.from_ns - 50_000 < at < gap.to_ns - 50_000]
        assert within == []
        assert any(abs(at - gap.to_ns) < 50_000 for at in shown[gap.track])


def test_a_picture_that_goes_back_in_time_is_refused_until_the_next_idr_frame() -> None:
    bench = Bench.recording(1.3)
    content, keyframe = pictures(250)[3]
    bench.engine.picture(VideoPacket(data=content, pts_ns=SECOND_NS, keyframe=keyframe), 0)
    bench.run(2)
    bench.stop()
    [gap] = bench.shelf.gaps
    assert gap.cause is Cause.FRAMES_LOST
    assert all(len(bench.shelf.video_ticks(n)) == f.frames for n, f in bench.shelf.ended.items())
