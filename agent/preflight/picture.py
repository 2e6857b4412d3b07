"""What two stills say about the camera.

Owns decoding and the three measures: brightness, sharpness, and the pixels that differ. Only the
middle of a picture is judged for light and sharpness: dates and numbers are burnt in at its edges.
Refuses thresholds: they stand with the checks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from hw.errors import CameraFault

Luma = NDArray[np.uint8]

_WIDTH: Final = 320
"""Sharpness is measured at this width, so that it means the same at every resolution."""
_TILES: Final = 8
_SHARPEST: Final = 0.9
"""The tenth of the tiles that is sharpest counts: a wall beside a face is no blur."""
_NOISE: Final = 1
"""Levels by which a pixel may differ and still be the same."""
_LEAST: Final = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Measures of two stills.

    Attributes:
        luma: Median brightness of the middle of the second one, 0 to 255.
        sharpness: Variance of the Laplacian in its sharpest tiles, squared levels.
        differing: Pixels that are not the same in both.
    """

    luma: int
    sharpness: int
    differing: int


def compare(first: bytes, second: bytes) -> Sight:
    """Measure two JPEGs of the same camera.

    Raises:
        CameraFault: They cannot be decoded, or are not of one size.
    """
    before, after = decode(first), decode(second)
    if before.shape != after.shape:
        raise CameraFault("camera", "two stills differ in size")
    apart = np.abs(before.astype(np.int16) - after) > _NOISE
    middle = _middle(after)
    return Sight(
        luma=int(np.median(middle)),
        sharpness=_sharpness(_reduced(middle)),
        differing=int(apart.sum()),
    )


def decode(jpeg: bytes) -> Luma:
    """The luma of a JPEG, 0 to 255, height × width.

    Raises:
        CameraFault: It is none, or a tiny one.
    """
    codec = av.CodecContext.create("mjpeg", "r")
    if not isinstance(codec, av.VideoCodecContext):
        raise TypeError("mjpeg is a codec of pictures")
    try:
        pictures = [*codec.decode(av.Packet(jpeg)), *codec.decode(None)] if jpeg else []
    except av.FFmpegError as error:
        raise CameraFault("camera", f"a still cannot be decoded: {error}") from error
    if not pictures or min(pictures[0].width, pictures[0].height) < _LEAST:
        raise CameraFault("camera", "a still holds no picture")
    # The first plane of every YUV picture is its luma; JPEG's is of full range.
    plane = pictures[0].planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    luma: Luma = rows[: pictures[0].height, : pictures[0].width].copy()
    return luma


def _middle(luma: Luma) -> Luma:
    height = luma.shape[0]
    return luma[height * 45 // 100 : height * 90 // 100]


def _reduced(luma: Luma) -> NDArray[np.float32]:
    """Brought to about 320 pixels of width by averaging."""
    step = max(1, luma.shape[1] // _WIDTH)
    rows, columns = luma.shape[0] // step, luma.shape[1] // step
    cells = luma[: rows * step, : columns * step].reshape(rows, step, columns, step)
    reduced: NDArray[np.float32] = cells.mean(axis=(1, 3), dtype=np.float32)
    return reduced


def _sharpness(picture: NDArray[np.float32]) -> int:
    around = picture[:-2, 1:-1] + picture[2:, 1:-1] + picture[1:-1, :-2] + picture[1:-1, 2:]
    laplacian = around - 4 * picture[1:-1, 1:-1]
    tiles = [
        float(tile.var())
        for band in np.array_split(laplacian, _TILES, axis=0)
        for tile in np.array_split(band, _TILES, axis=1)
    ]
    return int(np.quantile(tiles, _SHARPEST))
