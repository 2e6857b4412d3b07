"""The order of a start: nothing from before the press, and a fresh key frame first."""

from __future__ import annotations

import pytest

from hw.errors import CameraFault
from hw.fake.clock import JumpingClock
from hw.pi.camera import OnPacket, PiCamera, Rig
from hw.pi.tap import Tap
from hw.types import VideoPacket

PERIOD_NS = 40_000_000
LATENCY_NS = 60_000_000


class ScriptedRig(Rig):
    """An encoder whose frames come out ``LATENCY_NS`` after the shutter."""

    def __init__(self, clock: JumpingClock, on_packet: OnPacket) -> None:
        self._clock = clock
        self._on_packet = on_packet
        self._wanted = False
        self.closed = False

    def request_keyframe(self) -> None:
        self._wanted = True

    def still(self, after_ns: int) -> bytes:
        return b"\xff\xd8\xff" + str(after_ns).encode()

    def close(self) -> None:
        self.closed = True

    def encode(self) -> None:
        """Let one frame out."""
        self._clock.advance(PERIOD_NS / 1e9)
        pts_ns = self._clock.monotonic_ns() - LATENCY_NS
        wanted, self._wanted = self._wanted, False
        self._on_packet(VideoPacket(data=b"", pts_ns=pts_ns, keyframe=wanted))


class Bench:
    def __init__(self) -> None:
        self.clock = JumpingClock()
        self.rigs: list[ScriptedRig] = []
        self.there = True

    def open_rig(self, on_packet: OnPacket) -> Rig:
        if not self.there:
            raise CameraFault("camera", "no cable")
        self.rigs.append(ScriptedRig(self.clock, on_packet))
        return self.rigs[-1]


def test_a_warm_cameras_frames_from_before_the_press_are_dropped() -> None:
    bench = Bench()
    camera = PiCamera(bench.open_rig, bench.clock)
    got: list[VideoPacket | CameraFault] = []
    for _ in range(5):
        bench.rigs[0].encode()
    pressed_ns = bench.clock.monotonic_ns()
    camera.start(got.append)
    for _ in range(5):
        bench.rigs[0].encode()
    packets = [item for item in got if isinstance(item, VideoPacket)]
    assert packets[0].keyframe
    assert packets[0].pts_ns >= pressed_ns
    assert packets[0].pts_ns - pressed_ns <= 2 * PERIOD_NS


def test_a_frame_that_was_dropped_is_a_step_in_the_stamps() -> None:
    bench = Bench()
    camera = PiCamera(bench.open_rig, bench.clock)
    got: list[VideoPacket | CameraFault] = []
    camera.start(got.append)
    for _ in range(4):
        bench.rigs[0].encode()
    bench.clock.advance(PERIOD_NS / 1e9)
    bench.rigs[0].encode()
    last, this = (item for item in got[-2:] if isinstance(item, VideoPacket))
    assert this.pts_ns - last.pts_ns == 2 * PERIOD_NS


def test_a_camera_that_is_not_there_says_so_at_the_start_and_is_found_later() -> None:
    bench = Bench()
    bench.there = False
    camera = PiCamera(bench.open_rig, bench.clock)
    with pytest.raises(CameraFault, match="no cable"):
        camera.start(lambda _: None)
    with pytest.raises(CameraFault, match="no cable"):
        camera.still()
    bench.there = True
    camera.start(lambda _: None)
    assert len(bench.rigs) == 1


def test_a_camera_that_fell_silent_is_opened_anew_by_the_next_start() -> None:
    bench = Bench()
    camera = PiCamera(bench.open_rig, bench.clock)
    camera.start(lambda _: None)
    bench.rigs[0].encode()
    camera.stop()
    bench.clock.advance(3)
    camera.start(lambda _: None)
    assert (bench.rigs[0].closed, len(bench.rigs)) == (True, 2)


def test_a_second_listener_is_refused() -> None:
    bench = Bench()
    camera = PiCamera(bench.open_rig, bench.clock)
    camera.start(lambda _: None)
    with pytest.raises(CameraFault, match="already"):
        camera.start(lambda _: None)


def test_a_tap_gives_one_last_item_and_then_nothing() -> None:
    tap: Tap[str] = Tap()
    got: list[str] = []
    tap.push("dropped")
    assert tap.open(got.append)
    assert not tap.open(got.append)
    tap.push("first")
    tap.end("last")
    tap.push("late")
    tap.close()
    assert got == ["first", "last"]
