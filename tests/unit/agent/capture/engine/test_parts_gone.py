"""A camera or microphone that is gone, silent, or back: the other goes on."""

from __future__ import annotations

import pytest

from agent.capture.engine import SILENCE_NS
from agent.capture.media import SECOND_NS, Cause, Gap, Track
from tests.kits.media.capture import (
    CAMERA_GONE,
    FRAME_NS,
    MICROPHONE_GONE,
    Bench,
    lasted,
    pictures,
    steps,
)


def test_sound_goes_on_alone_while_the_camera_is_gone_and_pictures_come_back() -> None:
    bench = Bench.recording(1.5)
    bench.camera = False
    bench.engine.part_failed(CAMERA_GONE)
    assert bench.restarts == [Track.VIDEO]
    bench.run(5)
    bench.camera = True
    bench.to_keyframe()
    bench.run(2)
    bench.stop()
    assert steps(bench.shelf.all_audio()) == {1_024}
    opened, closed = bench.shelf.gaps
    assert opened == Gap(closed.from_ns, None, Cause.CAMERA_GONE, Track.VIDEO)
    assert lasted(closed) == pytest.approx(5 * SECOND_NS, abs=3 * FRAME_NS)
    assert bench.ear.faults == [CAMERA_GONE]
    assert bench.ear.recovered == ["camera"]


def test_pictures_go_on_alone_while_the_microphone_is_gone_and_sound_comes_back() -> None:
    bench = Bench.recording(1.5)
    bench.microphone = False
    bench.engine.part_failed(MICROPHONE_GONE)
    bench.run(5)
    assert bench.shelf.progress[max(bench.shelf.progress)].last_pts_ns > bench.now_ns - SECOND_NS
    bench.microphone = True
    bench.run(2)
    bench.stop()
    assert steps(bench.shelf.all_video()) == {3_600}
    opened, closed = bench.shelf.gaps
    assert opened == Gap(closed.from_ns, None, Cause.MICROPHONE_GONE, Track.AUDIO)
    assert closed.to_ns is not None
    assert bench.ear.recovered == ["microphone"]


def test_a_recording_without_a_camera_begins_with_sound_and_an_open_gap() -> None:
    bench = Bench()
    bench.camera = False
    bench.engine.part_failed(CAMERA_GONE)
    bench.start()
    bench.run(3)
    bench.stop()
    opened, closed = bench.shelf.gaps
    assert (opened.to_ns, closed.from_ns) == (None, opened.from_ns)
    assert closed.to_ns is not None
    assert steps(bench.shelf.all_audio()) == {1_024}
    assert bench.ear.starts[0].video_ns is None


def test_a_recording_without_a_microphone_begins_with_pictures() -> None:
    bench = Bench()
    bench.microphone = False
    bench.engine.part_failed(MICROPHONE_GONE)
    bench.start()
    bench.run(5)
    bench.stop()
    assert steps(bench.shelf.all_video()) == {3_600}
    assert bench.ear.starts[0].audio_ns is None
    assert [gap.cause for gap in bench.shelf.gaps] == [Cause.MICROPHONE_GONE] * 2


def test_a_part_that_delivers_nothing_is_gone_and_is_started_again() -> None:
    bench = Bench.recording(1.5)
    bench.camera = False
    bench.run(SILENCE_NS / SECOND_NS + 0.5)
    assert bench.restarts == [Track.VIDEO]
    assert bench.shelf.gaps[0].cause is Cause.SILENT
    assert "delivered nothing" in str(bench.ear.faults[0])


def test_a_part_that_was_started_again_and_is_still_silent_is_started_once_more() -> None:
    bench = Bench()
    bench.start()
    bench.camera = False
    bench.run(SILENCE_NS / SECOND_NS + 0.5)
    bench.engine.part_started(Track.VIDEO)
    bench.run(6)
    assert bench.restarts == [Track.VIDEO] * 2
    assert len(bench.ear.faults) == 1


@pytest.mark.parametrize("told_first", [True, False])
@pytest.mark.parametrize("mended_ms", range(0, 2_000, 200))
def test_sound_that_comes_back_is_never_late_wherever_in_a_segment(
    mended_ms: int, *, told_first: bool
) -> None:
    bench = Bench.recording(1)
    bench.microphone = False
    bench.engine.part_failed(MICROPHONE_GONE)
    bench.run(3 + mended_ms / 1_000)
    if told_first:
        bench.engine.part_started(Track.AUDIO)
    bench.microphone = True
    bench.run(0.1)
    bench.engine.part_started(Track.AUDIO)
    bench.run(2)
    bench.stop()
    assert [gap.cause for gap in bench.shelf.gaps] == [Cause.MICROPHONE_GONE] * 2
    assert steps(bench.shelf.all_video()) == {3_600}


def test_a_camera_that_comes_back_with_another_picture_size_begins_a_segment() -> None:
    bench = Bench.recording(1.5, segment_seconds=60)
    bench.engine.part_failed(CAMERA_GONE)
    bench.film = pictures(250, size=128)
    bench.to_keyframe()
    bench.run(1)
    bench.stop()
    assert len(bench.shelf.ended) == 2
    assert len(bench.shelf.video_ticks(1)) == bench.shelf.ended[1].frames


def test_a_stop_while_a_part_is_gone_closes_its_gap() -> None:
    bench = Bench.recording(1.5)
    bench.camera = False
    bench.engine.part_failed(CAMERA_GONE)
    bench.run(1)
    stop_ns = bench.now_ns
    bench.stop()
    assert [gap.to_ns for gap in bench.shelf.gaps] == [None, stop_ns]
