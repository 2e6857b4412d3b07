"""Capture: camera and microphone in, sealed-to-be segments out.

Owns the mux thread, the only one that touches a segment's bytes, and the calls that reach into it.
Refuses decisions: when to record is the session's business, what is written the engine's.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from threading import Thread
from typing import Final, assert_never

from agent.capture.engine import Asks, Engine, Phase
from agent.capture.errors import CaptureError
from agent.capture.feeds import Feeds
from agent.capture.inbox import Command, Inbox, Item, Overflow, PartStarted, Picture
from agent.capture.media import CaptureListener, CaptureRules, Health, SegmentSink
from hw.errors import CameraFault, MicrophoneFault
from hw.ports import Camera, Clock, Microphone
from hw.types import AudioBlock

_IDLE_SECONDS: Final = 0.1
"""How soon silence and a stop's deadline are noticed while nothing comes in."""
_ANSWER_SECONDS: Final = 30.0


class Capture:
    """Records one session after the other.

    Args:
        camera: The camera, which encodes.
        microphone: The microphone.
        clock: CLOCK_BOOTTIME, and the only waiter.
        rules: The numbers.
        sink: Takes the segments, in the mux thread.
        listener: Hears what happens, in capture's threads.
    """

    def __init__(
        self,
        *,
        camera: Camera,
        microphone: Microphone,
        clock: Clock,
        rules: CaptureRules,
        sink: SegmentSink,
        listener: CaptureListener,
    ) -> None:
        self._clock = clock
        self._listener = listener
        self._inbox = Inbox(rules)
        self._feeds = Feeds(camera, microphone, clock, self._inbox, self._die)
        self._engine = Engine(
            rules=rules,
            sink=sink,
            listener=listener,
            asks=Asks(keyframe=self._feeds.keyframe, restart=self._feeds.restart),
            now_ns=clock.monotonic_ns,
        )
        self._stopping: Future[None] | None = None
        self._error: Exception | None = None
        self._closing = False
        self._thread = Thread(target=self._run, name="capture-mux", daemon=True)

    def warm(self) -> None:
        """Start camera, microphone and encoders; what they deliver is dropped. Once."""
        self._thread.start()
        self._feeds.open()

    def begin(self, first_number: int, since_ns: int, *, gop: int = 0) -> None:
        """Record, beginning with the first IDR frame captured at or after ``since_ns``.

        Args:
            first_number: Number of the first segment.
            since_ns: The press, CLOCK_BOOTTIME.
            gop: Running number of its first group of pictures in the session.

        Raises:
            CaptureError: A recording is under way, or capture has died.
        """
        _wait_for(self._call(lambda: self._engine.begin(first_number, since_ns, gop)))

    def stop(self) -> None:
        """Record up to now, end the segment, stay warm. Returns when all of it is with the sink.

        Raises:
            CaptureError: Capture has died.
        """
        stopping: Future[None] = Future()
        at_ns = self._clock.monotonic_ns()
        _wait_for(self._call(lambda: self._stop(at_ns, stopping)))
        _wait_for(stopping)

    def durable(self, number: int, plaintext_offset: int) -> None:
        """So much of segment ``number``, and all of those before it, is on the vault's medium."""
        self._call(lambda: self._engine.durable(number, plaintext_offset))

    def replay(self, next_number: int, *, gop: int = 0) -> None:
        """Send again what the vault may not have, from an IDR frame on, as ``next_number``.

        Args:
            next_number: The segment to begin with; the open one is left as it is.
            gop: Running number of its first group of pictures in the session.
        """
        self._call(lambda: self._engine.replay(next_number, gop))

    def health(self) -> Health:
        """How capture is now: the heartbeat behind the lamp."""
        return self._engine.health()

    def close(self) -> None:
        """Stop camera, microphone and the mux thread. A recording under way is stopped first."""
        if self._error is None and self._engine.phase is not Phase.WARM:
            self.stop()
        self._closing = True
        self._inbox.close()
        self._feeds.close()
        if self._thread.ident is not None:
            self._thread.join()
        self._engine.close()

    def _call(self, run: Callable[[], None]) -> Future[None]:
        if self._error is not None:
            raise CaptureError(f"capture has died: {self._error}") from self._error
        done: Future[None] = Future()
        self._inbox.tell(Command(lambda: _settle(done, run)))
        return done

    def _stop(self, at_ns: int, stopping: Future[None]) -> None:
        self._engine.stop(at_ns)
        self._stopping = stopping

    def _run(self) -> None:
        try:
            while not self._closing:
                self._clock.wait(self._inbox.ready, _IDLE_SECONDS)
                self._work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the process is told and ends
            self._die(error)

    def _work(self) -> None:
        seen_ns = self._clock.monotonic_ns()
        for item in self._inbox.take():
            self._handle(item)
        self._engine.advance(seen_ns)
        if self._stopping is not None and self._engine.phase is Phase.WARM:
            stopping, self._stopping = self._stopping, None
            stopping.set_result(None)

    def _handle(self, item: Item) -> None:
        match item:
            case Picture():
                self._engine.picture(item.packet, item.delivered_ns)
            case AudioBlock():
                self._engine.sound(item)
            case CameraFault() | MicrophoneFault():
                self._engine.part_failed(item)
            case Overflow():
                self._engine.overflowed(item.track, item.amount)
            case PartStarted():
                self._engine.part_started(item.track)
            case Command():
                item.run()
            case _:
                assert_never(item)

    def _die(self, error: Exception) -> None:
        self._error = error
        self._inbox.close()
        if self._stopping is not None:
            self._stopping.set_exception(CaptureError(f"capture has died: {error}"))
        self._listener.failed(error)


def _settle(done: Future[None], run: Callable[[], None]) -> None:
    """Run in the mux thread. A refusal goes to who asked; anything else ends the thread too."""
    try:
        run()
    except Exception as error:
        done.set_exception(error)
        if not isinstance(error, CaptureError) or error.code != "recording":
            raise
    else:
        done.set_result(None)


def _wait_for(done: Future[None]) -> None:
    try:
        done.result(_ANSWER_SECONDS)
    except FutureTimeoutError as error:
        raise CaptureError("the mux thread does not answer") from error
