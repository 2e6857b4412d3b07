"""In real time: the camera's or the microphone's cable is torn off while a recording runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from threading import Event

import pytest

from agent.capture import Capture, CaptureRules, Cause, Gap, Track
from hw.fake.board import recorder_board
from hw.fake.world import FakeWorld
from hw.types import CameraSettings
from tests.kits.media.capture import Ear, Shelf

CAMERA = CameraSettings(width=320, height=240, bits_per_second=300_000)
PATIENCE_SECONDS = 20


class Device:
    """Capture on the fake body, in real time."""

    def __init__(self) -> None:
        self.world = FakeWorld.here()
        board = recorder_board(self.world.link, camera=CAMERA)
        self.clock = board.clock
        self.shelf, self.ear = Shelf(), Ear()
        self.capture = Capture(
            camera=board.camera,
            microphone=board.microphone,
            clock=board.clock,
            rules=CaptureRules(segment_seconds=2),
            sink=self.shelf,
            listener=self.ear,
        )

    def until(self, true: Callable[[], object]) -> None:
        """Wait for a fact."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not true():
            assert time.monotonic() < deadline
            self.clock.wait(Event(), 0.02)


@pytest.fixture
def device() -> Iterator[Device]:
    device = Device()
    device.capture.warm()
    device.until(lambda: device.capture.health().camera and device.capture.health().microphone)
    device.capture.begin(0, device.clock.monotonic_ns())
    device.until(lambda: device.ear.starts)
    yield device
    device.capture.close()


def test_a_torn_camera_cable_is_a_fault_an_open_gap_and_a_return(device: Device) -> None:
    device.world.break_camera()
    device.until(lambda: device.ear.faults)
    device.world.mend_camera()
    device.until(lambda: device.ear.recovered)
    device.until(lambda: len(device.shelf.gaps) > 1)
    device.capture.stop()
    assert [fault.part for fault in device.ear.faults] == device.ear.recovered == ["camera"]
    opened, closed = [gap for gap in device.shelf.gaps if gap.track is Track.VIDEO]
    assert opened == Gap(closed.from_ns, None, Cause.CAMERA_GONE, Track.VIDEO)
    assert closed.to_ns is not None
    assert closed.to_ns - closed.from_ns >= 500_000_000
    blocks = [tick for n in sorted(device.shelf.ended) for tick in device.shelf.audio_ticks(n)]
    assert all(abs(b - a - 1_024) <= 1 for a, b in pairwise(blocks))


def test_a_torn_microphone_cable_leaves_the_pictures_alone(device: Device) -> None:
    device.world.break_microphone()
    device.until(lambda: device.ear.faults)
    device.world.mend_microphone()
    device.until(lambda: device.ear.recovered)
    device.until(lambda: len(device.shelf.gaps) > 1)
    device.capture.stop()
    assert [gap.cause for gap in device.shelf.gaps] == [Cause.MICROPHONE_GONE] * 2
    frames = sum(facts.frames for facts in device.shelf.ended.values())
    assert frames == sum(len(device.shelf.video_ticks(n)) for n in device.shelf.ended)


def test_a_stalled_camera_is_started_again_and_its_silence_is_a_gap(device: Device) -> None:
    device.world.stall_camera()
    device.until(lambda: device.ear.faults)
    device.world.mend_camera()
    device.until(lambda: device.ear.recovered)
    device.capture.stop()
    assert {gap.cause for gap in device.shelf.gaps} == {Cause.SILENT}
