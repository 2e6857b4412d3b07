"""Capture with its threads, on the fake body in accelerated time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from threading import Event

import pytest

from agent.capture import Capture, CaptureError, CaptureRules, Cause, Progress
from hw.fake.board import recorder_board
from hw.fake.clock import JumpingClock
from hw.fake.world import FakeWorld
from hw.types import CameraSettings
from tests.kits.media.capture import Ear, Shelf

CAMERA = CameraSettings(width=320, height=240, bits_per_second=300_000)


class Device:
    """A recorder's capture in a world of its own."""

    def __init__(self, shelf: Shelf | None = None) -> None:
        self.clock = JumpingClock(settle_seconds=0.001)
        self.world = FakeWorld.here(self.clock)
        board = recorder_board(self.world.link, camera=CAMERA, source=self.clock)
        self.board_clock = board.clock
        self.shelf, self.ear = shelf or Shelf(), Ear()
        self.capture = Capture(
            camera=board.camera,
            microphone=board.microphone,
            clock=board.clock,
            rules=CaptureRules(segment_seconds=2, patience_seconds=30),
            sink=self.shelf,
            listener=self.ear,
        )

    def run(self, seconds: float) -> None:
        self.board_clock.wait(Event(), seconds)

    def press(self) -> int:
        pressed_ns = self.board_clock.monotonic_ns()
        self.capture.begin(0, pressed_ns)
        return pressed_ns


@pytest.fixture
def device() -> Iterator[Device]:
    device = Device()
    device.capture.warm()
    device.run(1)
    yield device
    device.capture.close()


def test_a_recording_has_both_tracks_and_says_when_it_started(device: Device) -> None:
    pressed_ns = device.press()
    device.run(5)
    device.capture.stop()
    facts = device.shelf.ended[0]
    assert len(device.shelf.video_ticks(0)) == facts.frames > 0
    assert len(device.shelf.audio_ticks(0)) * 1_024 == facts.samples > 0
    [latency] = device.ear.first
    assert pressed_ns == latency.pressed_ns <= latency.captured_ns <= latency.encoded_ns
    assert latency.encoded_ns <= latency.muxed_ns
    [started] = device.ear.starts
    assert started.video_ns == facts.first_pts_ns


def test_health_follows_the_writer(device: Device) -> None:
    assert not device.capture.health().recording
    device.press()
    device.run(5)
    while not device.shelf.ended:
        device.run(0.1)
    health = device.capture.health()
    assert health.recording
    assert health.camera
    assert health.microphone
    assert health.muxed_ns >= device.shelf.ended[0].last_pts_ns


def test_a_torn_microphone_cable_leaves_the_pictures_alone(device: Device) -> None:
    device.press()
    device.run(2)
    device.world.break_microphone()
    device.run(3)
    device.world.mend_microphone()
    device.run(4)
    device.capture.stop()
    ticks = [t for n in sorted(device.shelf.ended) for t in device.shelf.video_ticks(n)]
    assert {b - a for a, b in pairwise(ticks)} == {3_600}
    causes = [gap.cause for gap in device.shelf.gaps]
    assert causes == [Cause.MICROPHONE_GONE] * 2
    assert device.ear.recovered == ["microphone"]


def test_samples_the_driver_loses_are_a_gap(device: Device) -> None:
    device.press()
    device.run(3)
    device.world.lose_samples(4_800)
    device.run(3)
    device.capture.stop()
    [gap] = device.shelf.gaps
    assert gap.cause is Cause.SAMPLES_LOST
    assert gap.to_ns is not None
    assert gap.to_ns - gap.from_ns == pytest.approx(100_000_000, abs=1_000_000)


def test_samples_that_vanish_are_noticed_by_their_arrivals(device: Device) -> None:
    device.run(4)
    device.press()
    device.run(3)
    device.world.vanish_samples(9_600)
    device.run(12)
    device.capture.stop()
    [gap] = device.shelf.gaps
    assert gap.cause is Cause.SAMPLES_VANISHED
    assert gap.to_ns is not None
    assert gap.to_ns - gap.from_ns == pytest.approx(200_000_000, abs=2_000_000)


def test_a_part_that_is_missing_from_the_start_is_opened_as_soon_as_it_is_there() -> None:
    device = Device()
    device.world.break_microphone()
    device.capture.warm()
    device.run(2)
    device.press()
    device.run(3)
    device.world.mend_microphone()
    device.run(4)
    device.capture.stop()
    device.capture.close()
    assert [fault.part for fault in device.ear.faults] == ["microphone"]
    assert device.ear.recovered == ["microphone"]
    assert device.shelf.progress[max(device.shelf.progress)].samples > 0


class FullShelf(Shelf):
    """A sink that breaks at its second segment."""

    def end(self, number: int, facts: Progress) -> None:
        raise OSError("no more room on the shelf")


def test_a_sink_that_raises_ends_the_capture_and_is_told() -> None:
    device = Device(FullShelf())
    device.capture.warm()
    device.run(1)
    device.press()
    while not device.ear.errors:
        device.run(1)
    assert isinstance(device.ear.errors[0], OSError)
    with pytest.raises(CaptureError, match="no more room"):
        device.capture.stop()
    device.capture.close()


def test_a_second_begin_is_refused(device: Device) -> None:
    device.press()
    with pytest.raises(CaptureError) as refusal:
        device.press()
    assert refusal.value.code == "recording"
    device.run(3)
    device.capture.stop()
    assert device.shelf.ended


def test_what_is_not_durable_is_sent_again(device: Device) -> None:
    device.press()
    device.run(5)
    device.capture.replay(40, gop=9)
    device.run(2)
    device.capture.stop()
    again = device.shelf.ended[40]
    assert again.gop_first == 9
    assert again.first_pts_ns == device.shelf.progress[0].first_pts_ns


def test_close_ends_a_recording_under_way() -> None:
    device = Device()
    device.capture.warm()
    device.run(1)
    device.press()
    device.run(3)
    device.capture.close()
    assert sorted(device.shelf.ended) == sorted(device.shelf.segments)
