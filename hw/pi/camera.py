"""The camera of a Raspberry Pi: warm from the start, tapped by a press.

Owns the order of a start (a fresh key frame, captured after the press, comes first) and of a new
try when the camera has gone silent. A frame that the sensor or the encoder dropped is missing from
the stamps, whole periods apart; nothing is filled in. Refuses to keep frames that nobody asked for,
and any mode switch while on duty: it breaks the encoder.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from hw.errors import CameraFault
from hw.pi.tap import Tap
from hw.ports import Camera, Clock, VideoSink
from hw.types import VideoPacket

_SECOND_NS = 1_000_000_000
_SILENT_NS = 2 * _SECOND_NS
"""A camera that has delivered nothing for so long is opened anew by the next start."""


class Rig(Protocol):
    """An opened sensor with a running encoder; see ``hw.pi.picamera``."""

    def request_keyframe(self) -> None:
        """Make one of the next frames an IDR frame."""

    def still(self, after_ns: int) -> bytes:
        """A JPEG of the first picture captured after ``after_ns``; waits for one."""

    def close(self) -> None:
        """Stop, and let go of the sensor."""


OnPacket = Callable[[VideoPacket], None]
OpenRig = Callable[[OnPacket], Rig]
"""Opens the sensor; raises ``CameraFault`` where there is none."""


class PiCamera(Camera):
    """A camera whose sensor and encoder run as long as the board is open.

    Args:
        open_rig: Opens sensor and encoder.
        clock: The clock of the sensor's stamps.
    """

    def __init__(self, open_rig: OpenRig, clock: Clock) -> None:
        self._open_rig = open_rig
        self._clock = clock
        self._tap: Tap[VideoPacket | CameraFault] = Tap()
        self._rig: Rig | None = None
        self._seen_ns = 0
        self._not_before_ns: int | None = None
        self._warm()

    def start(self, sink: VideoSink) -> None:
        """Deliver from the first key frame that is captured from now on.

        Raises:
            CameraFault: It cannot be opened, or is already started.
        """
        if self._tap.is_open():
            raise CameraFault("camera", "it is already started; stop it first")
        rig = self._awake()
        self._not_before_ns = self._clock.monotonic_ns()
        self._tap.open(sink)
        rig.request_keyframe()

    def stop(self) -> None:
        """Stop delivering; sensor and encoder stay warm."""
        self._tap.close()

    def request_keyframe(self) -> None:
        """Make one of the next frames an IDR frame."""
        if self._rig is not None:
            self._rig.request_keyframe()

    def still(self) -> bytes:
        """A JPEG of the next picture, taken from the large stream beside the recording."""
        rig = self._rig if self._rig is not None else self._awake()
        return rig.still(self._clock.monotonic_ns())

    def close(self) -> None:
        """Let go of the sensor."""
        self._tap.close()
        rig, self._rig = self._rig, None
        if rig is not None:
            rig.close()

    def _warm(self) -> None:
        """Open the camera if it is there; ``start`` says when it is not."""
        try:
            self._reopen()
        except CameraFault:
            self._rig = None

    def _awake(self) -> Rig:
        if self._rig is None or self._clock.monotonic_ns() - self._seen_ns > _SILENT_NS:
            return self._reopen()
        return self._rig

    def _reopen(self) -> Rig:
        self.close()
        self._seen_ns = self._clock.monotonic_ns()
        self._rig = self._open_rig(self._see)
        return self._rig

    def _see(self, packet: VideoPacket) -> None:
        """Called from the encoder's thread."""
        self._seen_ns = self._clock.monotonic_ns()
        if not self._tap.is_open():
            return
        if self._not_before_ns is not None:
            if not packet.keyframe:
                return
            if packet.pts_ns < self._not_before_ns:
                # It was on its way when the press came: ask for one that was not.
                self.request_keyframe()
                return
            self._not_before_ns = None
        self._tap.push(packet)
