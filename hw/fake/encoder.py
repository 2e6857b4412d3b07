"""The fake camera's encoder: real H.264 by x264.

Owns the settings that the recording needs: SPS and PPS before every IDR frame, an IDR on request,
no B frames, one packet out for each frame in. Refuses time: its own pts only count frames.
"""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
from av.video.frame import PictureType

from hw.errors import CameraFault
from hw.fake.picture import Luma
from hw.types import CameraSettings

_WARM_UP_FRAMES = 5
_RING = 3


class Encoder:
    """An encoder that is warm when it is made, and lives as long as the camera.

    Args:
        settings: Size, rate, bits and the longest way from one IDR frame to the next.
    """

    def __init__(self, settings: CameraSettings) -> None:
        self._codec = _open_codec(settings)
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
        """Encode the canvas.

        Returns:
            Annex B, and whether it is an IDR frame, which it always is where ``keyframe`` asked.

        Raises:
            CameraFault: The encoder did not answer with one packet.
        """
        frame = self._frames[self._count % _RING]
        frame.pts = self._count
        frame.pict_type = PictureType.I if keyframe else PictureType.NONE
        self._count += 1
        try:
            packets = self._codec.encode(frame)
        except av.FFmpegError as error:
            raise CameraFault("camera", f"the encoder failed: {error}") from error
        if len(packets) != 1:
            raise CameraFault("camera", f"the encoder made {len(packets)} packets of one frame")
        return bytes(packets[0]), packets[0].is_keyframe


def _open_codec(settings: CameraSettings) -> av.VideoCodecContext:
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height = settings.width, settings.height
    codec.pix_fmt = "yuv420p"
    codec.time_base = Fraction(1, settings.frames_per_second)
    codec.framerate = Fraction(settings.frames_per_second, 1)
    codec.bit_rate = settings.bits_per_second
    codec.gop_size = settings.keyframe_interval
    codec.thread_count = 1
    codec.options = {
        "preset": "superfast",
        "tune": "zerolatency",
        "forced-idr": "1",
        "x264-params": "scenecut=0:repeat-headers=1:annexb=1:bframes=0:force-cfr=1",
        "maxrate": str(settings.bits_per_second),
        "bufsize": str(settings.bits_per_second),
    }
    codec.open()
    return codec


def _grey_frame(settings: CameraSettings) -> av.VideoFrame:
    frame = av.VideoFrame(settings.width, settings.height, "yuv420p")
    for plane in frame.planes:
        np.frombuffer(memoryview(plane), np.uint8)[:] = 128
    return frame
