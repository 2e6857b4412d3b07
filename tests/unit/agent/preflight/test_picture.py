"""What two stills say: brightness, sharpness and what differs, at any size."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.preflight.camera import BLACK_LUMA
from agent.preflight.picture import Sight, compare, decode
from agent.preflight.view import BLURRED_SHARPNESS, DIM_LUMA
from hw.errors import CameraFault
from hw.fake.board import recorder_board
from hw.fake.clock import JumpingClock
from hw.fake.world import FakeWorld
from hw.types import CameraSettings

Luma = NDArray[np.uint8]
SIZES = [(320, 240), (640, 480), (1_280, 720), (1_920, 1_080)]


def _jpeg(luma: Luma) -> bytes:
    height, width = luma.shape
    codec = av.CodecContext.create("mjpeg", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.width, codec.height, codec.pix_fmt = width, height, "yuvj420p"
    codec.time_base = Fraction(1, 1)
    codec.options = {"qmin": "2", "qmax": "4"}
    chroma = np.full((height // 2, width), 128, np.uint8)
    frame = av.VideoFrame.from_ndarray(np.vstack([luma, chroma]), format="yuvj420p")
    return b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)])


def _sight(world: FakeWorld, clock: JumpingClock, size: tuple[int, int]) -> Sight:
    settings = CameraSettings(width=size[0], height=size[1])
    camera = recorder_board(world.link, camera=settings, source=clock).camera
    first = camera.still()
    clock.advance(0.5)
    return compare(first, camera.still())


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()


@pytest.fixture
def world(clock: JumpingClock) -> FakeWorld:
    return FakeWorld.here(clock)


@pytest.mark.parametrize("size", SIZES)
def test_a_street_is_bright_sharp_and_moves(
    world: FakeWorld, clock: JumpingClock, size: tuple[int, int]
) -> None:
    sight = _sight(world, clock, size)
    assert sight.luma > 2 * DIM_LUMA
    assert sight.sharpness > 4 * BLURRED_SHARPNESS
    assert sight.differing > size[0] * size[1] // 10


@pytest.mark.parametrize("size", SIZES)
def test_a_wall_that_stands_still_is_not_taken_for_a_frozen_camera(
    world: FakeWorld, clock: JumpingClock, size: tuple[int, int]
) -> None:
    world.still_scene()
    assert _sight(world, clock, size).differing > 0


@pytest.mark.parametrize("size", SIZES)
def test_a_covered_lens_is_black_though_the_numbers_shine(
    world: FakeWorld, clock: JumpingClock, size: tuple[int, int]
) -> None:
    world.cover_camera()
    assert _sight(world, clock, size).luma <= BLACK_LUMA


@pytest.mark.parametrize("size", SIZES)
def test_a_smeared_lens_leaves_no_edge(
    world: FakeWorld, clock: JumpingClock, size: tuple[int, int]
) -> None:
    world.smear_camera()
    assert _sight(world, clock, size).sharpness < BLURRED_SHARPNESS


def test_a_frozen_camera_shows_the_same_twice(world: FakeWorld, clock: JumpingClock) -> None:
    world.freeze_camera()
    assert _sight(world, clock, (640, 480)).differing == 0


def test_a_wall_beside_a_face_is_no_blur() -> None:
    luma = np.full((720, 1_280), 120, np.uint8)
    random = np.random.default_rng(4)
    blocks = random.integers(60, 200, (18, 10), np.uint8)
    luma[360:720, :200] = blocks.repeat(20, 0).repeat(20, 1)
    assert compare(_jpeg(luma), _jpeg(luma)).sharpness > BLURRED_SHARPNESS


def test_noise_of_one_level_is_no_difference() -> None:
    luma = np.full((240, 320), 120, np.uint8)
    other = luma.copy()
    other[::2] += 1
    assert compare(_jpeg(luma), _jpeg(other)).differing == 0


@pytest.mark.parametrize("still", [b"", b"\xff\xd8\xff", b"no picture", b"\xff\xd8" + bytes(99)])
def test_what_is_no_picture_is_the_cameras_fault(still: bytes) -> None:
    with pytest.raises(CameraFault):
        decode(still)


def test_stills_of_two_sizes_are_the_cameras_fault() -> None:
    small, large = np.zeros((240, 320), np.uint8), np.zeros((480, 640), np.uint8)
    with pytest.raises(CameraFault, match="size"):
        compare(_jpeg(small), _jpeg(large))
