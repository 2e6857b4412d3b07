"""Encoding by x264 inside picamera2, for a Pi 5 and for machines that are no Pi.

Owns the way from the camera's buffer to the encoder. picamera2 has an encoder of its own for this,
but with PyAV 14 and later a request for a key frame ends its thread, and it encodes on several
threads, each of which makes a frame wait. Refuses to hold a buffer longer than one call.
"""

from __future__ import annotations

from collections.abc import Iterator

import av
import numpy as np
from numpy.typing import NDArray

from hw.pi.libraries import Foreign, library
from hw.types import CameraSettings
from hw.x264 import X264

Plane = NDArray[np.uint8]

_FORMATS = {"YUV420": "yuv420p", "NV12": "nv12"}
"""picamera2's name of a format, and ffmpeg's."""


def x264_encoder(settings: CameraSettings) -> Foreign:
    """An encoder of picamera2's kind (it takes no other).

    Raises:
        MissingPartFault: picamera2 is not installed.
    """
    base: type[Foreign] = library("picamera2.encoders.encoder").Encoder
    mapped = library("picamera2.request").MappedArray

    class X264Encoder(base):  # type: ignore[misc]  # picamera2 has no types
        """Called in picamera2's one thread, but for ``force_key_frame``."""

        def force_key_frame(self) -> None:
            self._wanted = True

        def _start(self) -> None:
            self._wanted = False
            pixels = _FORMATS[self._format]
            self._x264 = X264(settings, pixels)
            self._frame = av.VideoFrame(settings.width, settings.height, pixels)

        def _encode(self, stream: str, request: Foreign) -> None:
            at_us = self._timestamp(request)
            with mapped(request, stream, reshape=False) as buffer:
                fill(self._frame, buffer.array, self._stride)
            wanted, self._wanted = self._wanted, False
            encoded, keyframe = self._x264.encode(self._frame, keyframe=wanted)
            self.outputframe(encoded, keyframe, at_us)

    return X264Encoder()


def fill(frame: av.VideoFrame, buffer: Plane, stride: int) -> None:
    """Copy the camera's planes, whose rows are ``stride`` bytes apart, into ``frame``."""
    for target, source in zip(_rows(frame), _planes(frame, buffer, stride), strict=True):
        target[:] = source[: target.shape[0], : target.shape[1]]


def _rows(frame: av.VideoFrame) -> Iterator[Plane]:
    """The frame's planes, rows x bytes, without the padding at the rows' ends."""
    bytes_per_row = {"yuv420p": (1, 2, 2), "nv12": (1, 1)}[frame.format.name]
    for plane, divisor in zip(frame.planes, bytes_per_row, strict=True):
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        yield rows[: plane.height, : frame.width // divisor]


def _planes(frame: av.VideoFrame, buffer: Plane, stride: int) -> Iterator[Plane]:
    """The camera's planes, one behind the other: luma, then chroma of half the height."""
    luma, half = frame.height * stride, frame.height // 2
    yield buffer[:luma].reshape(-1, stride)
    if frame.format.name == "nv12":
        yield buffer[luma : luma + half * stride].reshape(-1, stride)
        return
    size = half * (stride // 2)
    for start in (luma, luma + size):
        yield buffer[start : start + size].reshape(-1, stride // 2)
