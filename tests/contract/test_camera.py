"""What every camera does."""

from __future__ import annotations

import threading
from io import BytesIO
from itertools import pairwise

import av
import pytest

from hw.errors import CameraFault
from hw.fake.world import FakeWorld
from hw.ports import Camera
from hw.types import VideoPacket
from tests.contract.bodies import SMALL, Body, Collected

PERIOD_NS = 1_000_000_000 // SMALL.frames_per_second
SPS, PPS, IDR, SLICE = 7, 8, 5, 1


@pytest.fixture
def camera(body: Body) -> Camera:
    return body.recorder.camera


def _packets(camera: Camera, count: int) -> list[VideoPacket]:
    sink: Collected[VideoPacket | CameraFault] = Collected()
    camera.start(sink)
    delivered = sink.wait_for(count)
    camera.stop()
    assert all(isinstance(packet, VideoPacket) for packet in delivered)
    return [packet for packet in delivered if isinstance(packet, VideoPacket)]


def _units(packet: VideoPacket) -> list[int]:
    """The types of the packet's NAL units."""
    parts = packet.data.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01")[1:]
    return [part[0] & 0x1F for part in parts]


def test_first_packet_is_a_key_frame_with_its_parameters(camera: Camera) -> None:
    first, second = _packets(camera, 2)
    assert first.keyframe
    assert first.data.startswith((b"\x00\x00\x01", b"\x00\x00\x00\x01"))
    kinds = [kind for kind in _units(first) if kind in (SPS, PPS, IDR)]
    assert kinds[:3] == [SPS, PPS, IDR]
    assert not second.keyframe
    assert SLICE in _units(second)


def test_every_idr_frame_carries_its_parameters(camera: Camera) -> None:
    packets = _packets(camera, SMALL.keyframe_interval + 2)
    keys = [index for index, packet in enumerate(packets) if packet.keyframe]
    assert keys == [0, SMALL.keyframe_interval]
    for index in keys:
        assert {SPS, PPS, IDR} <= set(_units(packets[index]))
    assert all(IDR not in _units(packet) for packet in packets if not packet.keyframe)


def test_pts_rise_by_whole_frames_on_the_boards_clock(body: Body, camera: Camera) -> None:
    before_ns = body.recorder.clock.monotonic_ns()
    packets = _packets(camera, 10)
    after_ns = body.recorder.clock.monotonic_ns()
    steps = [b.pts_ns - a.pts_ns for a, b in pairwise(packets)]
    assert all(step > PERIOD_NS // 2 for step in steps)
    assert all(abs(step % PERIOD_NS - PERIOD_NS // 2) > PERIOD_NS // 3 for step in steps)
    assert before_ns - PERIOD_NS <= packets[0].pts_ns
    assert packets[-1].pts_ns <= after_ns


def test_a_requested_key_frame_comes_within_five_frames(camera: Camera) -> None:
    sink: Collected[VideoPacket | CameraFault] = Collected()
    camera.start(sink)
    asked_at = len(sink.wait_for(3))
    camera.request_keyframe()
    packets = sink.wait_for(asked_at + 8)[asked_at:]
    keys = [n for n, p in enumerate(packets) if isinstance(p, VideoPacket) and p.keyframe]
    assert keys
    assert keys[0] < 5


def test_stopping_twice_is_fine_and_nothing_comes_after(body: Body, camera: Camera) -> None:
    sink: Collected[VideoPacket | CameraFault] = Collected()
    camera.start(sink)
    sink.wait_for(2)
    camera.stop()
    camera.stop()
    delivered = len(sink.items)
    camera.start(Collected[object]())
    camera.still()
    camera.stop()
    assert len(sink.items) == delivered


def test_starting_again_begins_with_a_key_frame(camera: Camera) -> None:
    first, again = _packets(camera, 3), _packets(camera, 3)
    assert again[0].keyframe
    assert again[0].pts_ns > first[-1].pts_ns


def test_a_still_is_a_jpeg_of_full_size_and_drops_no_frame(camera: Camera) -> None:
    sink: Collected[VideoPacket | CameraFault] = Collected()
    camera.start(sink)
    sink.wait_for(2)
    stills = [camera.still() for _ in range(3)]
    packets = [p for p in sink.wait_for(10) if isinstance(p, VideoPacket)]
    steps = {b.pts_ns - a.pts_ns for a, b in pairwise(packets)}
    assert max(steps) < PERIOD_NS * 3 // 2
    for still in stills:
        assert still.startswith(b"\xff\xd8\xff")
        with av.open(BytesIO(still), "r", format="mjpeg") as file:
            picture = next(file.decode(video=0))
        assert picture.width >= SMALL.width
        assert picture.width * SMALL.height == picture.height * SMALL.width


def test_every_packet_decodes_to_one_picture(camera: Camera) -> None:
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    packets = _packets(camera, 12)
    pictures = [p for packet in packets for p in decoder.decode(av.Packet(packet.data))]
    pictures += decoder.decode(None)
    assert len(pictures) == len(packets)


def test_a_missing_camera_refuses_to_start(camera: Camera, world: FakeWorld) -> None:
    world.break_camera()
    with pytest.raises(CameraFault):
        camera.start(Collected[object]())
    with pytest.raises(CameraFault):
        camera.still()
    world.mend_camera()
    assert _packets(camera, 1)[0].keyframe


def test_a_camera_that_breaks_says_so_once_and_then_nothing(
    camera: Camera, world: FakeWorld
) -> None:
    sink: Collected[VideoPacket | CameraFault] = Collected()
    camera.start(sink)
    sink.wait_for(2)
    world.break_camera()
    sink.wait_until(lambda: isinstance(sink.items[-1], CameraFault))
    delivered = len(sink.items)
    camera.stop()
    assert len(sink.items) == delivered
    assert sum(isinstance(item, CameraFault) for item in sink.items) == 1


def test_a_stalled_camera_keeps_who_asks_for_a_still_waiting(
    camera: Camera, world: FakeWorld
) -> None:
    stills: Collected[bytes] = Collected()
    world.stall_camera()
    asker = threading.Thread(target=lambda: stills(camera.still()), daemon=True)
    asker.start()
    asker.join(0.1)
    assert (asker.is_alive(), stills.items) == (True, [])
    world.mend_camera()
    assert stills.wait_for(1)[0].startswith(b"\xff\xd8\xff")


def test_a_frozen_camera_gives_the_same_still_again(camera: Camera, world: FakeWorld) -> None:
    world.freeze_camera()
    frozen = [camera.still() for _ in range(2) if not threading.Event().wait(0.1)]
    world.mend_camera()
    assert frozen[0] == frozen[1]
    assert camera.still() != frozen[0]


def test_a_smeared_lens_costs_the_picture_its_edges(camera: Camera, world: FakeWorld) -> None:
    sharp = camera.still()
    world.smear_camera()
    assert len(camera.still()) < len(sharp) * 2 // 3
