"""The door between capture and the vault.

Owns which media may pass: none before the vault has admitted the session, all of it afterwards, and
after an interruption only from the segment that is agreed on. Also knows which byte holds the first
picture and sound, so that the announcement waits for them to be on the medium. Refuses to let media
of one connection reach the next: there capture replays them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, unique
from threading import Lock
from typing import Final, Protocol, assert_never

from agent.session.events import Event, FirstFrame, MediaTaken
from agent.vault.messages import BeginSegment, Durable, EndSegment, Fragment, Progress

MOST_HELD_BYTES: Final = 16 * 1024 * 1024
"""About 30 s at 4 Mbit/s; a vault that takes longer to admit a session gets it replayed."""

Media = BeginSegment | Fragment | EndSegment


class MediaLink(Protocol):
    """Where media go."""

    def send_media(self, message: Media) -> None:
        """Hand ``message`` to the vault; nothing happens while it is away."""


@unique
class _Door(Enum):
    CLOSED = "closed"
    HOLDING = "holding"
    OPEN = "open"
    AWAITING = "awaiting"


@dataclass(slots=True)
class _Cue:
    """Where the first picture and the first sound have been sent."""

    number: int
    offset: int


class MediaGate:
    """Capture's segment sink.

    Args:
        link: Where media go.
        post: Takes ``FirstFrame`` and ``MediaTaken`` for the loop.
    """

    def __init__(self, link: MediaLink, post: Callable[[Event], None]) -> None:
        self._link = link
        self._post = post
        self._lock = Lock()
        self._door = _Door.CLOSED
        self._held: list[Media] = []
        self._held_bytes = 0
        self._awaited = 0
        self._offset = 0
        self._unframed = True
        self._seeking = True
        self._cue: _Cue | None = None

    # The loop's side.

    def hold(self) -> None:
        """Capture begins: keep everything until the vault has admitted the session."""
        with self._lock:
            self._reset(_Door.HOLDING)

    def let_pass(self) -> bool:
        """The vault takes media: hand over what was held; False when it was more than could be."""
        with self._lock:
            if self._door is not _Door.HOLDING:
                return False
            for message in self._held:
                self._link.send_media(message)
            self._held, self._held_bytes = [], 0
            self._door = _Door.OPEN
            return True

    def await_segment(self, number: int) -> None:
        """Nothing passes until segment ``number`` begins."""
        with self._lock:
            self._reset(_Door.AWAITING)
            self._awaited = number

    def close(self) -> None:
        """Nothing passes any more."""
        with self._lock:
            self._reset(_Door.CLOSED)

    # The link's side.

    def interrupt(self) -> None:
        """The vault is gone; only what was never sent is still held."""
        with self._lock:
            if self._door is not _Door.HOLDING:
                self._reset(_Door.CLOSED)

    def durable(self, message: Durable) -> None:
        """The vault acknowledged."""
        with self._lock:
            cue = self._cue
            if cue is None or (message.number, message.plaintext_offset) < (cue.number, cue.offset):
                return
            self._cue = None
        self._post(MediaTaken())

    # Capture's side, on its mux thread.

    def begin(self, number: int, init: bytes) -> None:
        """Segment ``number`` begins."""
        with self._lock:
            self._offset = len(init)
            if self._door is _Door.AWAITING and number == self._awaited:
                self._door = _Door.OPEN
            self._pass(BeginSegment(number=number, init=init), len(init))

    def fragment(self, number: int, content: bytes, progress: Progress) -> None:
        """Whole fragments of the open segment."""
        with self._lock:
            self._offset += len(content)
            passed = self._pass(
                Fragment(number=number, content=content, progress=progress), len(content)
            )
            first = passed and self._unframed and progress.frames > 0
            self._unframed = self._unframed and not first
            if passed and self._seeking and progress.frames > 0 and progress.samples > 0:
                self._seeking = False
                self._cue = _Cue(number, self._offset)
        if first:
            self._post(FirstFrame(progress.first_pts_ns))

    def end(self, number: int, progress: Progress) -> None:
        """Segment ``number`` is complete."""
        with self._lock:
            self._pass(EndSegment(number=number, progress=progress), 0)

    def _pass(self, message: Media, size: int) -> bool:
        match self._door:
            case _Door.OPEN:
                self._link.send_media(message)
                return True
            case _Door.HOLDING:
                self._held.append(message)
                self._held_bytes += size
                if self._held_bytes > MOST_HELD_BYTES:
                    self._reset(_Door.CLOSED)
                return True
            case _Door.CLOSED | _Door.AWAITING:
                return False
            case _:
                assert_never(self._door)

    def _reset(self, door: _Door) -> None:
        self._door = door
        self._held, self._held_bytes = [], 0
        self._unframed = self._seeking = True
        self._cue = None
