"""A long recording in short segments: nothing is lost or repeated where they join.

The whole path from the lens and the room to the bytes of the files: the fake body's camera burns a
counter into each picture and flashes once a second, its room beeps at the same instant, and its
microphone's crystal is 50 ppm fast. Device time runs as fast as the encoder can.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import lru_cache
from threading import Event

import av
import numpy as np
import pytest

from agent.capture import Capture, CaptureRules
from hw.fake.board import recorder_board
from hw.fake.clock import JumpingClock
from hw.fake.picture import read_clock, read_counter, read_flash
from hw.fake.world import FakeWorld
from hw.types import CameraSettings
from tests.kits.media.capture import Ear, Shelf

LEAST_SEGMENTS = 200
SEGMENT_SECONDS = 2
PPM = 50
LOUD = 3_000
FIVE_MS = 0.005
CAMERA = CameraSettings(width=320, height=240, bits_per_second=600_000)


class Recording:
    """What the files of one recording hold, decoded."""

    def __init__(self, shelf: Shelf) -> None:
        self.numbers = sorted(shelf.segments)
        self.counters: list[list[int]] = []
        self.video_pts: list[float] = []
        self.flashes: list[float] = []
        self.clock_errors: list[float] = []
        self.audio_ticks: list[int] = []
        self.first_of_segment: list[int] = []
        for number in self.numbers:
            content = bytes(shelf.segments[number])
            self._look(content)
            self._count_blocks(content)
        self.beeps = list(_onsets(bytes(shelf.segments[number]) for number in self.numbers))

    def _look(self, content: bytes) -> None:
        """Decode a segment's pictures, alone."""
        counters = []
        with av.open(io.BytesIO(content), "r") as file:
            for frame in file.decode(video=0):
                luma = _luma(frame)
                counter, at_ns = read_counter(luma), read_clock(luma)
                assert counter is not None
                assert at_ns is not None
                assert frame.time is not None
                counters.append(counter)
                self.video_pts.append(frame.time)
                self.clock_errors.append(abs(frame.time - at_ns / 1e9))
                if read_flash(luma):
                    self.flashes.append(frame.time)
        self.counters.append(counters)

    def _count_blocks(self, content: bytes) -> None:
        """Decode a segment's sound, alone."""
        self.first_of_segment.append(len(self.audio_ticks))
        with av.open(io.BytesIO(content), "r") as file:
            for frame in file.decode(audio=0):
                assert frame.samples == 1_024
                assert frame.pts is not None
                self.audio_ticks.append(frame.pts)


def _luma(frame: av.VideoFrame) -> np.ndarray:
    plane = frame.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: frame.height, : frame.width]


def _onsets(segments: Iterator[bytes]) -> Iterator[float]:
    """When each beep begins, seconds; one decoder runs through all segments."""
    decoder: av.AudioCodecContext | None = None
    quiet_until = 0.0
    for content in segments:
        with av.open(io.BytesIO(content), "r") as file:
            stream = file.streams.audio[0]
            if decoder is None:
                decoder = av.CodecContext.create("aac", "r")
                decoder.extradata = stream.codec_context.extradata
            for packet in file.demux(stream):
                if packet.pts is None:
                    continue
                for frame in decoder.decode(packet):
                    loud = np.flatnonzero(np.abs(frame.to_ndarray()[0]) > LOUD / 32_768)
                    at = packet.pts / 48_000 + (loud[0] / 48_000 if loud.size else 0.0)
                    if loud.size and at > quiet_until:
                        quiet_until = at + 0.5
                        yield at


@pytest.fixture
def recording(campaign_size: Callable[..., int]) -> Recording:
    """200 joins each day, 1,000 in a campaign; one recording for all tests."""
    return record(campaign_size(ci=200, full=1_000))


@lru_cache(maxsize=1)
def record(segments: int) -> Recording:
    """Record until so many segments have ended."""
    clock = JumpingClock()
    world = FakeWorld.here(clock)
    world.tune_microphone(PPM)
    world.clap()
    board = recorder_board(world.link, camera=CAMERA, source=clock)
    shelf, ear = Shelf(), Ear()
    rules = CaptureRules(segment_seconds=SEGMENT_SECONDS, patience_seconds=60)
    capture = Capture(
        camera=board.camera,
        microphone=board.microphone,
        clock=board.clock,
        rules=rules,
        sink=shelf,
        listener=ear,
    )
    capture.warm()
    board.clock.wait(Event(), 2)
    capture.begin(0, board.clock.monotonic_ns())
    while len(shelf.ended) < segments and not ear.errors:
        board.clock.wait(Event(), 1)
    capture.stop()
    capture.close()
    assert ear.errors == []
    assert ear.faults == []
    assert shelf.gaps == []
    return Recording(shelf)


@pytest.mark.slow
def test_no_frame_is_lost_or_repeated_over_its_joins(recording: Recording) -> None:
    assert len(recording.numbers) > LEAST_SEGMENTS
    counters = [counter for segment in recording.counters for counter in segment]
    assert counters == list(range(counters[0], counters[0] + len(counters)))


@pytest.mark.slow
def test_every_picture_stands_at_its_capture_time(recording: Recording) -> None:
    assert max(recording.clock_errors) < 20e-6


@pytest.mark.slow
def test_sound_goes_on_over_every_join_without_a_lost_or_repeated_sample(
    recording: Recording,
) -> None:
    ticks = recording.audio_ticks
    steps = np.diff(ticks)
    # Samples are never resampled: drift lives in their times, by less than a tick each packet.
    assert set(steps.tolist()) <= {1_023, 1_024, 1_025}
    joins = recording.first_of_segment[1:]
    assert len(joins) >= LEAST_SEGMENTS
    assert all(abs(ticks[first] - ticks[first - 1] - 1_024) <= 1 for first in joins)
    expected = (ticks[-1] - ticks[0]) * (1 + PPM * 1e-6)
    assert (len(ticks) - 1) * 1_024 == pytest.approx(expected, abs=300)


@pytest.mark.slow
@pytest.mark.rule("D10")
def test_flash_and_beep_stay_together_within_5_ms_in_every_second(recording: Recording) -> None:
    beeps = np.array(recording.beeps)
    apart = [float(np.min(np.abs(beeps - flash))) for flash in recording.flashes[1:-1]]
    assert len(apart) >= (len(recording.numbers) - 1) * SEGMENT_SECONDS - 3
    assert max(apart) <= FIVE_MS
