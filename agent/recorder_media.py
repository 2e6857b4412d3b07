"""Capture and the gate behind it, as the loop and the vault's link see them.

Owns warming capture up, what the loop asks of it, its stills, and where its news go. Refuses to
keep the loop waiting for a still: a camera that hangs hangs alone.
"""

from __future__ import annotations

import logging
from typing import Final

from agent.capture.media import CaptureListener, CaptureRules, Latency, Started
from agent.capture.recorder import Capture
from agent.disclosure.ear import Ear
from agent.media_gate import MediaGate, MediaLink
from agent.session.events import FirstFrame, PartFailed, PartRecovered, PhotoFailed, PhotoTaken
from agent.session.inbox import Inbox
from agent.session.parts import Media
from agent.settings import Settings
from agent.vault.messages import Durable
from agent.worker import Worker
from hw.errors import HardwareFault
from hw.ports import RecorderBoard

_log = logging.getLogger(__name__)

DEFAULT_SEGMENT_SECONDS: Final = 10
"""Until the vault has told the rulebook's number: a press does not wait for it."""
MOST_PHOTO_BYTES: Final = 8 * 1024 * 1024
"""A JPEG larger than this is no still of this camera."""
_MS_NS: Final = 1_000_000


class RecorderMedia(Media, CaptureListener):
    """Capture and the gate behind it.

    Args:
        settings: Say what the camera delivers.
        board: Camera, microphone and clock.
        inbox: Takes what capture has to say.
        link: Where media go.
        ear: Hears the microphone's blocks.
        stills: Takes stills, beside the loop.

    Attributes:
        is_recording: Whether media are on their way into a segment; any thread may look.
    """

    def __init__(
        self,
        settings: Settings,
        board: RecorderBoard,
        inbox: Inbox,
        link: MediaLink,
        ear: Ear,
        stills: Worker,
    ) -> None:
        self._frames_per_second = settings.camera.frames_per_second
        self._board = board
        self._inbox = inbox
        self._ear = ear
        self._stills = stills
        self._gate = MediaGate(link, inbox.post)
        self._capture: Capture | None = None
        self._segment_seconds = DEFAULT_SEGMENT_SECONDS
        self.is_recording = False

    # The loop's side.

    def prepare(self, segment_seconds: int) -> None:
        """Warm everything up; anew where the rulebook has another length of segments."""
        if self._capture is not None and segment_seconds == self._segment_seconds:
            return
        self.close()
        self._segment_seconds = segment_seconds
        self._warm()

    def is_warm(self) -> bool:
        """Whether both parts deliver."""
        if self._capture is None:
            return False
        health = self._capture.health()
        return health.camera and health.microphone

    def begin(self, number: int, gop: int, pressed_ns: int | None) -> None:
        """Record from the press on, or from now."""
        self.is_recording = True
        self._gate.hold()
        since_ns = self._board.clock.monotonic_ns() if pressed_ns is None else pressed_ns
        self._warm().begin(number, since_ns, gop=gop)

    def let_pass(self, number: int, gop: int) -> None:
        """The vault takes media: what was held, or all of it again where that was too much."""
        if not self._gate.let_pass():
            self.replay(number, gop)

    def replay(self, number: int, gop: int) -> None:
        """Send again what was not acknowledged."""
        self._gate.await_segment(number)
        self._warm().replay(number, gop=gop)

    def take_photo(self, pressed_ns: int) -> None:
        """Take a still, beside the loop and beside the recording."""
        if not self._stills.do(lambda: self._still(pressed_ns)):
            self._inbox.post(PhotoFailed(pressed_ns, "busy", "the camera still takes another"))

    def forget(self) -> None:
        """What was captured belongs to no session."""
        self._gate.close()

    def stop(self) -> None:
        """End the last segment."""
        self.is_recording = False
        self._warm().stop()

    def close(self) -> None:
        """Let go of camera and microphone."""
        if self._capture is not None:
            self._capture.close()
            self._capture = None

    def rewarm(self) -> None:
        """Warm up again what was let go of."""
        self._warm()

    def _warm(self) -> Capture:
        if self._capture is None:
            self._capture = Capture(
                camera=self._board.camera,
                microphone=self._board.microphone,
                clock=self._board.clock,
                rules=CaptureRules(
                    frames_per_second=self._frames_per_second,
                    segment_seconds=self._segment_seconds,
                ),
                sink=self._gate,
                listener=self,
            )
            self._capture.warm()
        return self._capture

    # The link's side.

    def durable(self, message: Durable) -> None:
        """The vault acknowledged."""
        self._gate.durable(message)
        if self._capture is not None:
            self._capture.durable(message.number, message.plaintext_offset)

    def interrupt(self) -> None:
        """The vault is gone."""
        self._gate.interrupt()

    # Capture's side.

    def first_frame(self, latency: Latency) -> None:
        """The first picture has been muxed."""
        _log.info(
            "first picture: captured %d ms after the press, encoded %d ms later, muxed after %d ms",
            (latency.captured_ns - latency.pressed_ns) // _MS_NS,
            (latency.encoded_ns - latency.captured_ns) // _MS_NS,
            (latency.muxed_ns - latency.pressed_ns) // _MS_NS,
        )
        self._inbox.post(FirstFrame(latency.captured_ns))

    def started(self, started: Started) -> None:
        """Picture and sound have been handed over."""
        self._gate.started(started)

    def part_failed(self, fault: HardwareFault) -> None:
        """A part is gone."""
        self._inbox.post(PartFailed(fault.part, fault.code, fault.detail))

    def part_recovered(self, part: str) -> None:
        """A part is back."""
        self._inbox.post(PartRecovered(part))

    def heard(self, samples: bytes, first_ns: int) -> None:
        """The microphone's blocks, also while nothing is recorded."""
        self._ear.heard(samples, first_ns)

    def failed(self, error: Exception) -> None:
        """Capture has died."""
        self._inbox.fail(error)

    # The stills' side.

    def _still(self, pressed_ns: int) -> None:
        pts_ns = self._board.clock.monotonic_ns()
        try:
            content = self._board.camera.still()
        except HardwareFault as fault:
            self._inbox.post(PhotoFailed(pressed_ns, fault.code, fault.detail))
            return
        if not 0 < len(content) <= MOST_PHOTO_BYTES:
            detail = f"a still of {len(content)} bytes"
            self._inbox.post(PhotoFailed(pressed_ns, "size", detail))
            return
        self._inbox.post(PhotoTaken(pressed_ns, pts_ns, content))
