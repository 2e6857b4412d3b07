"""A recording worked by hand, without threads: press, turns, stop, and once more."""

from __future__ import annotations

import pytest

from agent.capture.engine import Phase
from agent.capture.errors import CaptureError
from agent.capture.media import SECOND_NS
from tests.kits.media.capture import FRAME_NS, Bench, pictures, steps


def test_nothing_is_written_before_the_press() -> None:
    bench = Bench()
    bench.run(3)
    assert bench.shelf.segments == {}
    assert not bench.engine.health().recording


def test_a_recording_begins_with_the_first_idr_frame_captured_after_the_press() -> None:
    bench = Bench()
    bench.run(1)
    pressed_ns = bench.now_ns
    bench.engine.begin(0, pressed_ns, 0)
    assert bench.keyframes_asked > 0
    bench.run(3)
    bench.stop()
    facts = bench.shelf.progress[0]
    assert facts.first_pts_ns > pressed_ns
    assert bench.shelf.audio_ticks(0)[0] * SECOND_NS // 48_000 >= facts.first_pts_ns - 21_000
    latency = bench.ear.first[0]
    assert latency.pressed_ns == pressed_ns
    assert latency.captured_ns == facts.first_pts_ns


def test_an_idr_frame_captured_before_the_press_does_not_eat_its_request() -> None:
    bench = Bench()
    bench.run(1)
    bench.now_ns += FRAME_NS
    bench.engine.begin(0, bench.now_ns + 1, 0)
    asked = bench.keyframes_asked
    bench.to_keyframe()
    bench.picture()
    assert bench.keyframes_asked == asked + 1
    assert bench.shelf.segments == {}


def test_pictures_and_sound_go_on_without_a_step_over_every_turn() -> None:
    bench = Bench.recording(11)
    bench.stop()
    assert len(bench.shelf.ended) >= 5
    assert steps(bench.shelf.all_video()) == {3_600}
    assert steps(bench.shelf.all_audio()) == {1_024}
    assert bench.shelf.gaps == []


def test_sound_goes_to_the_segment_of_its_time() -> None:
    bench = Bench.recording(7)
    bench.stop()
    for number, facts in list(bench.shelf.ended.items())[1:]:
        assert facts.audio_first_pts_ns >= facts.first_pts_ns
        before = bench.shelf.ended[number - 1]
        assert before.audio_last_pts_ns - facts.first_pts_ns <= 21_333_333 + 1


def test_a_segments_facts_count_what_its_file_holds() -> None:
    bench = Bench.recording(7)
    bench.stop()
    gop = 0
    for number, facts in bench.shelf.ended.items():
        assert facts.frames == len(bench.shelf.video_ticks(number))
        assert facts.samples == 1_024 * len(bench.shelf.audio_ticks(number))
        assert facts.gop_first == gop
        assert facts.dropped == 0
        gop += facts.gop_count


def test_file_times_are_boottime() -> None:
    bench = Bench.recording(3)
    bench.stop()
    facts = bench.shelf.ended[0]
    assert bench.shelf.video_ticks(0)[0] == facts.first_pts_ns * 9 // 100_000
    assert bench.shelf.audio_ticks(0)[0] == round(facts.audio_first_pts_ns * 48 / 1_000_000)


def test_a_stop_keeps_everything_captured_before_it() -> None:
    bench = Bench.recording(2.5)
    stop_ns = bench.now_ns
    bench.stop()
    last = bench.shelf.ended[max(bench.shelf.ended)]
    assert stop_ns < last.last_pts_ns <= stop_ns + FRAME_NS
    assert stop_ns - 21_333_334 < last.audio_last_pts_ns <= stop_ns + 21_333_334
    assert bench.engine.phase is Phase.WARM


def test_a_second_recording_begins_anew_with_the_same_encoders() -> None:
    bench = Bench()
    for _ in range(2):
        bench.shelf.segments.clear()
        bench.engine.begin(0, bench.now_ns, 0)
        bench.run(3)
        bench.stop()
        assert steps(bench.shelf.all_audio()) == {1_024}
        assert steps(bench.shelf.all_video()) == {3_600}
    assert len(bench.ear.starts) == len(bench.ear.first) == 2


def test_a_second_begin_is_refused_and_the_first_goes_on() -> None:
    bench = Bench.recording(1)
    with pytest.raises(CaptureError, match="under way"):
        bench.engine.begin(0, bench.now_ns, 0)
    bench.run(2)
    bench.stop()
    assert steps(bench.shelf.all_video()) == {3_600}


def test_started_is_told_once_both_tracks_are_with_the_sink_and_the_seal_lets_them_go() -> None:
    bench = Bench.recording(2.5)
    [started] = bench.ear.starts
    assert started.video_ns is not None
    assert started.audio_ns is not None
    assert started.plaintext_offset % 65_536 == 1
    assert len(bench.shelf.segments[0]) >= started.plaintext_offset


def test_an_idr_frame_is_asked_for_when_a_turn_is_due() -> None:
    bench = Bench()
    bench.film = pictures(250, gop=125)
    bench.run(1)
    bench.engine.begin(0, bench.now_ns, 0)
    bench.to_keyframe()
    bench.frame += -bench.frame % 125
    asked = bench.keyframes_asked
    bench.run(2.2)
    assert bench.keyframes_asked == asked + 1


def test_a_stop_before_the_first_picture_writes_nothing() -> None:
    bench = Bench()
    bench.start()
    bench.engine.stop(bench.now_ns)
    assert bench.engine.phase is Phase.WARM
    assert bench.shelf.segments == {}
