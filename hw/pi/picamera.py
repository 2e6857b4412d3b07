"""A sensor and its encoder, through picamera2.

Owns the two streams (a large one for stills, a small one that is encoded), the choice of the
encoder and the absolute stamp of every packet. Refuses picamera2's own outputs: they rebase time,
and some fall silent on an error.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from hw.errors import CameraFault
from hw.pi.camera import OnPacket, OpenRig, Rig
from hw.pi.libraries import Foreign, library
from hw.pi.picamera_x264 import x264_encoder
from hw.types import CameraSettings, VideoPacket

_ROOT = Path("/")
_HARDWARE_ENCODER = "dev/video11"
"""bcm2835-codec: Zero 2 W, 3 and 4 have it, a Pi 5 does not."""
_STILL_LARGER = 3
_THAN_VIDEO = 2
"""Stills have 3/2 of the video's width and height: 1920 x 1080 beside 1280 x 720."""
_BUFFERS = 6
"""Frames of memory: one may be held for a still while the encoder holds two."""
_MICROSECOND_NS = 1_000


@dataclass(frozen=True, slots=True)
class Libraries:
    """What of picamera2 is used; on a bench without a sensor some of it is another.

    Attributes:
        camera: Opens the first sensor.
        encoder: Makes an encoder that has not started.
        output: The class that picamera2's outputs are of.
        pixels: The format of both streams.
    """

    camera: Callable[[], Foreign]
    encoder: Callable[[CameraSettings], Foreign]
    output: type[Foreign]
    pixels: str = "YUV420"


def picamera_rig(settings: CameraSettings, root: Path = _ROOT) -> OpenRig:
    """How to open the Pi's camera.

    Args:
        settings: What to ask of it.
        root: Where ``dev`` is; a folder in tests.

    Raises:
        MissingPartFault: picamera2 is not installed.
    """
    libraries = Libraries(
        camera=library("picamera2").Picamera2,
        encoder=hardware_encoder if (root / _HARDWARE_ENCODER).exists() else x264_encoder,
        output=library("picamera2.outputs").Output,
    )

    def open_rig(on_packet: OnPacket) -> Rig:
        return PicameraRig(settings, libraries, on_packet)

    return open_rig


def hardware_encoder(settings: CameraSettings) -> Foreign:
    """The SoC's own H.264 encoder, SPS and PPS before every IDR frame."""
    return library("picamera2.encoders.h264_encoder").H264Encoder(
        bitrate=settings.bits_per_second,
        repeat=True,
        iperiod=settings.keyframe_interval,
        framerate=settings.frames_per_second,
    )


class PicameraRig(Rig):
    """The first sensor, opened, configured and running.

    Raises:
        CameraFault: There is none, or it is in use.
    """

    def __init__(self, settings: CameraSettings, libraries: Libraries, on_packet: OnPacket) -> None:
        self._camera = _open(libraries.camera)
        self._encoder = libraries.encoder(settings)
        try:
            self._camera.configure(_configuration(self._camera, settings, libraries.pixels))
            output = packet_output(libraries.output, self._encoder, on_packet)
            self._camera.start_encoder(self._encoder, output, name="lores")
            self._camera.start()
        except Exception as error:
            with suppress(RuntimeError):  # picamera2 cannot always close what did not start
                self._camera.close()
            raise CameraFault("camera", f"it cannot be started: {error}") from error

    def request_keyframe(self) -> None:
        """Make one of the next frames an IDR frame."""
        self._encoder.force_key_frame()

    def still(self, after_ns: int) -> bytes:
        """A JPEG of the large stream's first picture after ``after_ns``.

        picamera2's own ``flush`` wants an exposure time that not every sensor tells, and ends its
        thread without one.
        """
        try:
            while True:
                with self._camera.captured_request() as request:
                    if request.get_metadata()["SensorTimestamp"] >= after_ns:
                        file = BytesIO()
                        request.save("main", file, format="jpeg")
                        return file.getvalue()
        except (RuntimeError, KeyError) as error:
            raise CameraFault("camera", f"no picture can be taken: {error!r}") from error

    def close(self) -> None:
        """Stop sensor and encoder, and let go of them.

        Raises:
            CameraFault: picamera2 cannot; what it holds is gone until the process ends.
        """
        try:
            self._camera.stop_encoder()
            self._camera.close()
        except RuntimeError as error:
            raise CameraFault("camera", f"it cannot be closed: {error}") from error


def packet_output(base: type[Foreign], encoder: Foreign, on_packet: OnPacket) -> Foreign:
    """An output of picamera2 (it takes only its own kind) that hands packets on.

    picamera2 counts from the first frame; ``firsttimestamp`` makes that the sensor's own stamp
    again, CLOCK_BOOTTIME in microseconds.
    """

    class PacketOutput(base):  # type: ignore[misc]  # picamera2 has no types
        def outputframe(
            self,
            frame: bytes,
            keyframe: bool = True,  # noqa: FBT001, FBT002 - picamera2's
            timestamp: int | None = None,
            packet: object = None,
            audio: bool = False,  # noqa: FBT001, FBT002 - picamera2's
        ) -> None:
            if timestamp is not None and encoder.firsttimestamp is not None:
                at_us = encoder.firsttimestamp + timestamp
                on_packet(
                    VideoPacket(
                        data=bytes(frame), pts_ns=at_us * _MICROSECOND_NS, keyframe=bool(keyframe)
                    )
                )

    return PacketOutput()


def _open(camera: Callable[[], Foreign]) -> Foreign:
    try:
        return camera()
    except (RuntimeError, IndexError, OSError) as error:
        raise CameraFault(
            "camera",
            f"libcamera finds none ({error}); is the cable in (rpicam-hello --list-cameras), is its"
            " overlay loaded, does no other program use it?",
        ) from error


def _configuration(camera: Foreign, settings: CameraSettings, pixels: str) -> Foreign:
    """Two streams at a fixed rate."""
    video = (settings.width, settings.height)
    still = tuple(side * _STILL_LARGER // (2 * _THAN_VIDEO) * 2 for side in video)
    period_us = round(1_000_000 / settings.frames_per_second)
    return camera.create_video_configuration(
        main={"size": still, "format": pixels},
        lores={"size": video, "format": pixels},
        buffer_count=_BUFFERS,
        controls={"FrameDurationLimits": (period_us, period_us)},
        encode="lores",
    )
