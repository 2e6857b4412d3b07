"""The fake camera's encoder: real H.264 by x264.

Owns the canvases that are drawn on, in turn. Refuses settings of its own: the encoder is the one
that a Raspberry Pi without an encoder uses.
"""

from __future__ import annotations

import av
import numpy as np

from hw.fake.picture import Luma
from hw.types import CameraSettings
from hw.x264 import X264

_WARM_UP_FRAMES = 5
_RING = 3


class Encoder:
    """An encoder that is warm when it is made, and lives as long as the camera.

    Args:
        settings: Size, rate, bits and the longest way from one IDR frame to the next.
    """

    def __init__(self, settings: CameraSettings) -> None:
        self._codec = X264(settings)
        self._frames = [_grey_frame(settings) for _ in range(_RING)]
        self._count = 0
        for _ in range(_WARM_UP_FRAMES):
            self.encode(keyframe=False)

    def canvas(self) -> Luma:
        """The luma plane to draw the next frame on, height × width."""
        frame = self._frames[self._count % _RING]
        plane = frame.planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        canvas: Luma = rows[: frame.height, : frame.width]
        return canvas

    def encode(self, *, keyframe: bool) -> tuple[bytes, bool]:
        """Encode the canvas; see ``X264.encode``."""
        frame = self._frames[self._count % _RING]
        self._count += 1
        return self._codec.encode(frame, keyframe=keyframe)


def _grey_frame(settings: CameraSettings) -> av.VideoFrame:
    frame = av.VideoFrame(settings.width, settings.height, "yuv420p")
    for plane in frame.planes:
        np.frombuffer(memoryview(plane), np.uint8)[:] = 128
    return frame
