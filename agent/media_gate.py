"""The door between capture and the vault.

Owns which media may pass: none before the vault has admitted the session, all of it afterwards, and
after an interruption only from the segment that is agreed on. Also knows which byte holds the first
picture and sound, so that the announcement waits for them to be on the medium. Refuses to let media
of one connection reach the next: there capture replays them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, unique
from threading import Lock
from typing import Any, Final, Protocol, assert_never

from agent.capture.media import Doubt, Gap, Progress, SegmentSink, Started, Track
from agent.session.events import Event, MediaTaken
from agent.vault import messages as m
from agent.vault.messages import BeginSegment, Durable, EndSegment, Fragment

MOST_HELD_BYTES: Final = 16 * 1024 * 1024
"""About 30 s at 4 Mbit/s; a vault that takes longer to admit a session gets it replayed."""

Media = BeginSegment | Fragment | EndSegment


class MediaLink(Protocol):
    """Where media go."""

    def send_media(self, message: Media) -> None:
        """Hand ``message`` to the vault; nothing happens while it is away."""

    def store_event(self, kind: str, fields: Mapping[str, Any]) -> None:
        """Have an event signed, now or as soon as the vault is back."""


@unique
class _Door(Enum):
    CLOSED = "closed"
    """No session: nothing passes, gaps and doubts neither."""
    HOLDING = "holding"
    OPEN = "open"
    INTERRUPTED = "interrupted"
    """The vault is away, or cannot be given what was held: media are replayed later."""
    AWAITING = "awaiting"


class MediaGate(SegmentSink):
    """Capture's segment sink.

    Args:
        link: Where media go.
        post: Takes ``MediaTaken`` for the loop.
    """

    def __init__(self, link: MediaLink, post: Callable[[Event], None]) -> None:
        self._link = link
        self._post = post
        self._lock = Lock()
        self._door = _Door.CLOSED
        self._held: list[Media] = []
        self._held_bytes = 0
        self._awaited = 0
        self._cue: tuple[int, int] | None = None

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
            if self._door in {_Door.OPEN, _Door.AWAITING}:
                self._reset(_Door.INTERRUPTED)

    def durable(self, message: Durable) -> None:
        """The vault acknowledged."""
        with self._lock:
            cue = self._cue
            if cue is None or (message.number, message.plaintext_offset) < cue:
                return
            self._cue = None
        self._post(MediaTaken())

    # Capture's side, on its mux thread.

    def begin(self, number: int, init: bytes) -> None:
        """Segment ``number`` begins."""
        with self._lock:
            if self._door is _Door.AWAITING and number == self._awaited:
                self._door = _Door.OPEN
            self._pass(BeginSegment(number=number, init=init), len(init))

    def fragment(self, number: int, content: bytes, progress: Progress, *, keyframe: bool) -> None:
        """Whole fragments of the open segment."""
        del keyframe
        told = _for_vault(progress)
        with self._lock:
            self._pass(Fragment(number=number, content=content, progress=told), len(content))

    def end(self, number: int, facts: Progress) -> None:
        """Segment ``number`` is complete."""
        with self._lock:
            self._pass(EndSegment(number=number, progress=_for_vault(facts)), 0)

    def gap(self, gap: Gap) -> None:
        """Media is missing: signed as an event, in its place among the media."""
        fields = {
            "track": gap.track.value,
            "from_ns": gap.from_ns,
            "to_ns": gap.to_ns,
            "cause": gap.cause.value,
        }
        self._tell("gap", fields)

    def doubt(self, doubt: Doubt) -> None:
        """Times of sound are less certain: signed as gaps are."""
        fields = {
            "track": Track.AUDIO.value,
            "from_ns": doubt.from_ns,
            "to_ns": doubt.to_ns,
            "within_ns": doubt.within_ns,
        }
        self._tell("doubt", fields)

    def started(self, started: Started) -> None:
        """Picture and sound have been handed over up to here."""
        with self._lock:
            self._cue = (started.number, started.plaintext_offset)

    def _tell(self, kind: str, fields: Mapping[str, Any]) -> None:
        with self._lock:
            if self._door is not _Door.CLOSED:
                self._link.store_event(kind, fields)

    def _pass(self, message: Media, size: int) -> None:
        match self._door:
            case _Door.OPEN:
                self._link.send_media(message)
            case _Door.HOLDING:
                self._held.append(message)
                self._held_bytes += size
                if self._held_bytes > MOST_HELD_BYTES:
                    self._reset(_Door.INTERRUPTED)
            case _Door.CLOSED | _Door.INTERRUPTED | _Door.AWAITING:
                pass
            case _:
                assert_never(self._door)

    def _reset(self, door: _Door) -> None:
        self._door = door
        self._held, self._held_bytes = [], 0
        self._cue = None


def _for_vault(progress: Progress) -> m.Progress:
    """The same, as the vault's protocol has it."""
    return m.Progress(
        frames=progress.frames,
        samples=progress.samples,
        dropped=progress.dropped,
        first_pts_ns=progress.first_pts_ns,
        last_pts_ns=progress.last_pts_ns,
        gop_first=progress.gop_first,
        gop_count=progress.gop_count,
    )
