"""Keeps camera and microphone running.

Owns starting them, and starting them again every second once they are gone. Refuses to give up and
to judge: what a part delivers, and when it is gone, is the engine's business.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import Final

from agent.capture.inbox import Inbox, PartStarted, Picture
from agent.capture.media import Track
from hw.errors import CameraFault, MicrophoneFault
from hw.ports import Camera, Clock, Microphone
from hw.types import AudioBlock, VideoPacket

RETRY_SECONDS: Final = 1.0


class Feeds:
    """The two parts and the thread that starts them.

    Args:
        camera: The camera.
        microphone: The microphone.
        clock: Waits between attempts, and stamps what the encoder delivers.
        inbox: Takes what they deliver.
        failed: Told of an error that is no fault of a part.
    """

    def __init__(
        self,
        camera: Camera,
        microphone: Microphone,
        clock: Clock,
        inbox: Inbox,
        failed: Callable[[Exception], None],
    ) -> None:
        self._camera = camera
        self._microphone = microphone
        self._clock = clock
        self._inbox = inbox
        self._failed = failed
        self._wanted: set[Track] = set()
        self._lock = Lock()
        self._closing = Event()
        self._asked = Event()
        self._thread = Thread(target=self._run, name="capture-feeds", daemon=True)

    def open(self) -> None:
        """Start both parts, and keep them running."""
        self._wanted = set(Track)
        self._thread.start()

    def restart(self, track: Track) -> None:
        """Stop and start a part that is gone, until it starts."""
        with self._lock:
            self._wanted.add(track)
        self._asked.set()

    def keyframe(self) -> None:
        """Ask the camera for an IDR frame."""
        self._camera.request_keyframe()

    def close(self) -> None:
        """Stop both parts."""
        self._closing.set()
        self._asked.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._camera.stop()
        self._microphone.stop()

    def _run(self) -> None:
        try:
            self._start_wanted()
            while self._asked.wait() and not self._closing.is_set():
                self._asked.clear()
                if not self._clock.wait(self._closing, RETRY_SECONDS):
                    self._start_wanted()
        except Exception as error:  # noqa: BLE001 - whatever it is, the process is told and ends
            self._failed(error)

    def _start_wanted(self) -> None:
        for track in self._take_wanted():
            if not self._start(track):
                self.restart(track)

    def _take_wanted(self) -> list[Track]:
        with self._lock:
            wanted, self._wanted = sorted(self._wanted), set()
        return wanted

    def _start(self, track: Track) -> bool:
        start: dict[Track, Callable[[], None]] = {
            Track.VIDEO: self._start_camera,
            Track.AUDIO: self._start_microphone,
        }
        try:
            start[track]()
        except (CameraFault, MicrophoneFault) as fault:
            self._inbox.tell(fault)
            return False
        self._inbox.tell(PartStarted(track))
        return True

    def _start_camera(self) -> None:
        self._camera.stop()
        self._camera.start(self._see)

    def _start_microphone(self) -> None:
        self._microphone.stop()
        self._microphone.start(self._hear)

    def _see(self, packet: VideoPacket | CameraFault) -> None:
        if isinstance(packet, CameraFault):
            self._inbox.tell(packet)
        else:
            self._inbox.offer(Picture(packet, self._clock.monotonic_ns()))

    def _hear(self, block: AudioBlock | MicrophoneFault) -> None:
        if isinstance(block, MicrophoneFault):
            self._inbox.tell(block)
        else:
            self._inbox.offer(block)
