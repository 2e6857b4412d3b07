"""A vault that comes back gets again what it had not acknowledged."""

from __future__ import annotations

from agent.capture.media import SECOND_NS, Cause, Track
from tests.kits.media.capture import Bench, steps


def test_replay_sends_everything_since_the_last_idr_frame_before_the_durable_mark() -> None:
    bench = Bench.recording(4.5, segment_seconds=10)
    number, durable, _ = bench.shelf.fragments[60]
    bench.engine.durable(number, durable)
    before = bench.shelf.segments.pop(0)
    bench.engine.replay(7, 30)
    bench.run(3)
    bench.stop()
    torn = bytes(before[:durable])
    bench.shelf.segments[0] = bytearray(torn)
    kept = bench.shelf.video_ticks(0)
    again = bench.shelf.video_ticks(7)
    assert again[0] in kept
    assert kept[-1] - again[0] < 90_000
    assert steps(again) == {3_600}
    assert steps(bench.shelf.audio_ticks(7)) == {1_024}
    assert bench.shelf.audio_ticks(7)[0] <= bench.shelf.audio_ticks(0)[-1] + 1_024
    assert bench.shelf.ended[7].gop_first == 30
    assert bench.shelf.gaps == []
    assert len(bench.ear.starts) == 2


def test_replay_after_too_long_says_what_was_forgotten() -> None:
    bench = Bench.recording(2, segment_seconds=10, memory_seconds=5)
    bench.engine.durable(0, len(bench.shelf.segments[0]))
    durable_ns = bench.shelf.progress[0].last_pts_ns
    bench.run(12)
    bench.engine.replay(9, 12)
    bench.stop()
    gaps = {gap.track: gap for gap in bench.shelf.gaps}
    assert set(gaps) == set(Track)
    gap = gaps[Track.VIDEO]
    assert gap.cause is Cause.VAULT_AWAY
    assert gap.from_ns == durable_ns
    assert gap.to_ns is not None
    assert bench.now_ns - gap.to_ns >= 5 * SECOND_NS
    assert bench.shelf.video_ticks(9)[0] == gap.to_ns * 9 // 100_000


def test_replay_after_the_end_writes_what_was_not_durable_and_ends() -> None:
    bench = Bench.recording(3, segment_seconds=10)
    bench.stop()
    frames = bench.shelf.ended[0].frames
    bench.engine.replay(1, 0)
    assert bench.shelf.ended[1].frames == frames
