"""When a step between two packets is a gap."""

from __future__ import annotations

import pytest

from agent.capture.gaps import Continuity, Doubts, since
from agent.capture.media import (
    AUDIO_FRAME_NS,
    SECOND_NS,
    Cause,
    Doubt,
    Gap,
    MediaPacket,
    Track,
)

FRAME_NS = 40_000_000


def camera(frame_ns: int = FRAME_NS) -> Continuity:
    return Continuity(Track.VIDEO, frame_ns, Cause.FRAMES_LOST)


def test_the_first_packet_and_the_next_on_time_are_no_gap() -> None:
    track = camera()
    assert track.step(1_000) == (0, None)
    assert track.step(1_000 + FRAME_NS) == (0, None)


@pytest.mark.parametrize("jitter_ns", [-15_000_000, 15_000_000])
def test_jitter_is_no_gap(jitter_ns: int) -> None:
    track = camera()
    track.step(FRAME_NS)
    assert track.step(2 * FRAME_NS + jitter_ns) == (0, None)


def test_missing_frames_are_counted_and_a_gap() -> None:
    track = camera()
    track.step(0)
    assert track.step(4 * FRAME_NS) == (
        3,
        Gap(FRAME_NS, 4 * FRAME_NS, Cause.FRAMES_LOST, Track.VIDEO),
    )


def test_a_frame_missing_at_60_a_second_is_counted_but_no_gap() -> None:
    track = camera(16_666_667)
    track.step(0)
    assert track.step(2 * 16_666_667) == (1, None)


def test_an_expected_cause_explains_the_next_step_alone() -> None:
    track = camera()
    track.step(0)
    track.expect(Cause.QUEUE_FULL)
    gaps = [track.step(n * FRAME_NS)[1] for n in (3, 6)]
    assert [gap.cause for gap in gaps if gap] == [Cause.QUEUE_FULL, Cause.FRAMES_LOST]


def test_an_opened_gap_closes_with_the_same_begin_and_cause() -> None:
    track = camera()
    track.step(0)
    opened = track.broke(Cause.CAMERA_GONE)
    track.expect(Cause.QUEUE_FULL)
    _, closed = track.step(10 * FRAME_NS)
    assert opened == Gap(FRAME_NS, None, Cause.CAMERA_GONE, Track.VIDEO)
    assert closed == Gap(FRAME_NS, 10 * FRAME_NS, Cause.CAMERA_GONE, Track.VIDEO)


def test_an_opened_gap_closes_even_when_nothing_was_missed() -> None:
    track = camera()
    track.step(0)
    track.broke(Cause.CAMERA_GONE)
    assert track.step(FRAME_NS)[1] is not None


def test_only_the_part_after_the_beginning_belongs_to_a_recording() -> None:
    gap = Gap(100, 90_000_000, Cause.SILENT, Track.AUDIO)
    assert since(gap, 50) == gap
    assert since(gap, 10_000_000) == Gap(10_000_000, 90_000_000, Cause.SILENT, Track.AUDIO)
    assert since(gap, 80_000_000) is None
    assert since(Gap(1, None, Cause.SILENT, Track.AUDIO), 7) == Gap(
        7, None, Cause.SILENT, Track.AUDIO
    )


def sound(number: int, doubt: Doubt | None, gap: Gap | None = None) -> MediaPacket:
    return MediaPacket(
        track=Track.AUDIO,
        content=b"",
        pts_ns=number * AUDIO_FRAME_NS,
        duration_ns=AUDIO_FRAME_NS,
        keyframe=True,
        gap=gap,
        doubt=doubt,
    )


def test_silence_at_the_end_of_a_packet_belongs_to_the_gap_after_it() -> None:
    track = Continuity(Track.AUDIO, AUDIO_FRAME_NS, Cause.SAMPLES_LOST)
    track.step(0)
    track.ends_early(15_000_000)
    begins = AUDIO_FRAME_NS + 10_000_000
    lost = Gap(AUDIO_FRAME_NS - 15_000_000, begins, Cause.SAMPLES_LOST, Track.AUDIO)
    assert track.step(begins) == (1, lost)


def test_doubts_of_consecutive_packets_are_one_record() -> None:
    doubts = Doubts()
    assert doubts.follow(sound(0, None)) is None
    assert doubts.follow(sound(1, Doubt(30, 40, 7))) is None
    assert doubts.follow(sound(2, Doubt(40, 50, 9))) is None
    assert doubts.follow(sound(3, None)) == Doubt(30, 50, 9)
    assert doubts.end() is None


def test_a_doubt_is_told_at_a_gap_and_at_the_end() -> None:
    doubts = Doubts()
    doubts.follow(sound(1, Doubt(30, 40, 7)))
    lost = Gap(40, 90, Cause.SAMPLES_VANISHED, Track.AUDIO)
    assert doubts.follow(sound(2, Doubt(90, 95, 7), lost)) == Doubt(30, 40, 7)
    assert doubts.end() == Doubt(90, 95, 7)


def test_a_long_doubt_is_told_every_second() -> None:
    doubts = Doubts()
    spans = [Doubt(k * AUDIO_FRAME_NS, (k + 1) * AUDIO_FRAME_NS, 7) for k in range(100)]
    told = [doubts.follow(sound(k, span)) for k, span in enumerate(spans)]
    lengths = [one.to_ns - one.from_ns for one in told if one is not None]
    assert len(lengths) == 2
    assert max(lengths) <= SECOND_NS + AUDIO_FRAME_NS
