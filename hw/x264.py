"""x264 as the recording needs it; both bodies use it.

Owns the settings: SPS and PPS before every IDR frame, an IDR frame on request, no B frames, one
packet out for each frame in. Refuses time: pts only count frames here.
"""

from __future__ import annotations

from fractions import Fraction

import av
from av.video.frame import PictureType

from hw.errors import CameraFault
from hw.types import CameraSettings


class X264:
    """An open encoder.

    Args:
        settings: Size, rate, bits and the longest way from one IDR frame to the next.
        pixels: ffmpeg's name of the frames' format.
    """

    def __init__(self, settings: CameraSettings, pixels: str = "yuv420p") -> None:
        self._codec = _open_codec(settings, pixels)
        self._count = 0

    def encode(self, frame: av.VideoFrame, *, keyframe: bool) -> tuple[bytes, bool]:
        """Encode ``frame``.

        Returns:
            Annex B, and whether it is an IDR frame, which it always is where ``keyframe`` asked.

        Raises:
            CameraFault: The encoder did not answer with one packet.
        """
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


def _open_codec(settings: CameraSettings, pixels: str) -> av.VideoCodecContext:
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height = settings.width, settings.height
    codec.pix_fmt = pixels
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
