"""The numbers in the test picture survive what an encoder does to them."""

from __future__ import annotations

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.fake.encoder import Encoder
from hw.fake.picture import (
    Luma,
    cells_bottom,
    date_strip,
    draw_clock,
    draw_counter,
    draw_flash,
    read_clock,
    read_counter,
    read_flash,
)
from hw.fake.scene import Dark, Scene, Street
from hw.types import CameraSettings


def _canvas(width: int = 320, height: int = 240) -> Luma:
    return np.full((height, width), 90, np.uint8)


def _luma(picture: av.VideoFrame) -> Luma:
    plane = picture.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    luma: Luma = rows[: picture.height, : picture.width]
    return luma


@given(
    counter=st.integers(0, 2**32 - 1),
    at_ns=st.integers(0, 2**64 - 1),
    width=st.sampled_from([320, 330, 640, 1280]),
)
def test_numbers_are_read_as_they_were_drawn(counter: int, at_ns: int, width: int) -> None:
    luma = _canvas(width)
    draw_clock(luma, at_ns)
    draw_counter(luma, counter)
    assert (read_counter(luma), read_clock(luma)) == (counter, at_ns)


@pytest.mark.parametrize("bits_per_second", [200_000, 1_000_000, 5_000_000])
@pytest.mark.parametrize("scene", [Street(640, 480), Street(640, 480, step=0), Dark()])
def test_numbers_survive_the_encoder(scene: Scene, bits_per_second: int) -> None:
    encoder = Encoder(CameraSettings(width=640, height=480, bits_per_second=bits_per_second))
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    read: list[tuple[int | None, int | None, bool]] = []
    for frame in range(30):
        luma = encoder.canvas()
        scene.paint(luma, frame)
        if frame % 10 == 0:
            draw_flash(luma)
        draw_counter(luma, 0xDEADBEEF + frame)
        draw_clock(luma, frame * 40_000_000)
        encoded, _ = encoder.encode(keyframe=frame == 0)
        for picture in decoder.decode(av.Packet(encoded)):
            shown = _luma(picture)
            read.append((read_counter(shown), read_clock(shown), read_flash(shown)))
    assert read == [(0xDEADBEEF + n, n * 40_000_000, n % 10 == 0) for n in range(30)]


def test_a_damaged_number_is_not_read() -> None:
    luma = _canvas()
    draw_counter(luma, 1_234)
    luma[:16, 16:32] = 235
    assert read_counter(luma) is None


def test_a_plain_picture_has_no_numbers_but_black() -> None:
    assert read_counter(_canvas()) == 0
    assert read_counter(np.full((240, 320), 200, np.uint8)) is None


def test_the_flash_leaves_the_numbers_alone() -> None:
    luma = _canvas()
    draw_counter(luma, 7)
    draw_clock(luma, 8)
    draw_flash(luma)
    assert (read_counter(luma), read_clock(luma), read_flash(luma)) == (7, 8, True)


def test_a_narrow_picture_takes_more_rows() -> None:
    assert (cells_bottom(1280), cells_bottom(320)) == (32, 96)


def test_the_date_is_written_for_people() -> None:
    strip = date_strip(0, scale=2)
    assert strip.shape == (2 * 9, 2 * (19 * 6 + 2))
    assert set(np.unique(strip)) == {16, 235}
    assert (date_strip(1_000_000_000, 1) != date_strip(2_000_000_000, 1)).any()
