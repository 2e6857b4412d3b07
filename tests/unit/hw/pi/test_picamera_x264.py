"""The camera's buffers, rows padded as the hardware pads them, come out as the same picture."""

from __future__ import annotations

import av
import numpy as np
import pytest

from hw.pi.picamera_x264 import fill

WIDTH, HEIGHT, STRIDE = 36, 8, 64


def _padded(rows: np.ndarray, stride: int) -> np.ndarray:
    wide = np.full((rows.shape[0], stride), 0xEE, np.uint8)
    wide[:, : rows.shape[1]] = rows
    return wide.ravel()


def _picture() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    luma = np.arange(WIDTH * HEIGHT, dtype=np.uint8).reshape(HEIGHT, WIDTH)
    blue = np.arange(WIDTH * HEIGHT // 4, dtype=np.uint8).reshape(HEIGHT // 2, WIDTH // 2)
    return luma, blue, 255 - blue


def test_three_planes_are_taken_over_without_their_padding() -> None:
    luma, blue, red = _picture()
    rows = [_padded(luma, STRIDE), _padded(blue, STRIDE // 2), _padded(red, STRIDE // 2)]
    frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    fill(frame, np.concatenate(rows), STRIDE)
    expected = np.concatenate([luma.ravel(), blue.ravel(), red.ravel()])
    assert np.array_equal(frame.to_ndarray().ravel(), expected)


def test_interleaved_chroma_is_taken_over_without_its_padding() -> None:
    luma, blue, red = _picture()
    chroma = np.dstack([blue, red]).reshape(HEIGHT // 2, WIDTH)
    frame = av.VideoFrame(WIDTH, HEIGHT, "nv12")
    fill(frame, np.concatenate([_padded(luma, STRIDE), _padded(chroma, STRIDE)]), STRIDE)
    assert np.array_equal(frame.to_ndarray(), np.vstack([luma, chroma]))


def test_a_buffer_that_is_too_short_is_no_picture() -> None:
    with pytest.raises(ValueError, match="reshape"):
        fill(av.VideoFrame(WIDTH, HEIGHT, "nv12"), np.zeros(100, np.uint8), STRIDE)
