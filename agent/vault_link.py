"""The recorder's end of the vault's socket.

Owns the connection: finding the vault again whenever it is gone, the order of what is sent, and the
events and stills that the vault has not signed yet: they are sent again on the next connection
under the same id, so that none is lost and none is signed twice. Refuses to keep media: what was
not acknowledged, capture replays.
"""

from __future__ import annotations

import logging
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from threading import Condition, Event, Lock, Thread
from typing import Any, Final, Protocol, assert_never

from agent.channel import Channel
from agent.errors import ProtocolError, VaultError
from agent.media_gate import Media
from agent.session import events as e
from agent.vault import messages as m
from hw.ports import Clock

_log = logging.getLogger(__name__)

RecorderChannel = Channel[m.ToRecorder, m.FromRecorder]

_Settled = m.SegmentSealed | m.Attached | m.WordAdopted

_CONNECT_SECONDS: Final = 1.0
_RETRY_SECONDS: Final = 0.1
_TURNED_AWAY_SECONDS: Final = 10.0
"""A vault that cannot work says so, and signs it, each time it is asked."""
MOST_OUTGOING_BYTES: Final = 16 * 1024 * 1024
"""A vault that is this far behind counts as gone."""
MOST_OWED: Final = 4_096
PHOTO_PART_BYTES: Final = 512 * 1024
"""A still is longer than a message may be: it goes in parts."""

_Owed = tuple[m.StoreEvent] | tuple[m.StorePhoto, ...]
"""Messages that the vault answers once, with ``Recorded``, after the last of them."""
_Note = m.NotePress | m.NoteFault
_NEVER_REFUSED: Final = (m.StorePreflight, m.AskStatus)


class MediaSide(Protocol):
    """Who keeps media until they are acknowledged."""

    def durable(self, message: m.Durable) -> None:
        """The vault acknowledged."""

    def interrupt(self) -> None:
        """The connection broke; a new one is not sought yet."""


class _Outbox:
    """Messages on their way to one connection, sent by a thread of their own."""

    def __init__(self, channel: RecorderChannel) -> None:
        self._channel = channel
        self._queue: deque[tuple[m.FromRecorder, int]] = deque()
        self._bytes = 0
        self._changed = Condition()
        self._closed = False
        Thread(target=self._run, name="to-vault", daemon=True).start()

    def put(self, message: m.FromRecorder, size: int = 0) -> None:
        """Queue ``message``; a queue that is too full ends the connection."""
        with self._changed:
            if self._closed:
                return
            self._queue.append((message, size))
            self._bytes += size
            full = self._bytes > MOST_OUTGOING_BYTES
            self._changed.notify()
        if full:
            _log.warning("the vault does not keep up; connecting anew")
            self.close()

    def close(self) -> None:
        """Send nothing more and end the connection. Idempotent."""
        with self._changed:
            self._closed = True
            self._queue.clear()
            self._changed.notify()
        self._channel.close()

    def _run(self) -> None:
        while (message := self._next()) is not None:
            try:
                self._channel.send(message)
            except OSError:
                self.close()

    def _next(self) -> m.FromRecorder | None:
        with self._changed:
            while not self._queue and not self._closed:
                self._changed.wait()
            if self._closed:
                return None
            message, size = self._queue.popleft()
            self._bytes -= size
            return message


class VaultLink:
    """Talks to the vault, whichever process that is now.

    Args:
        path: The vault's socket.
        clock: The device's clock.
        post: Takes events for the loop.
    """

    def __init__(self, path: Path, clock: Clock, post: Callable[[e.Event], None]) -> None:
        self._path = path
        self._clock = clock
        self._post = post
        self._ended = Event()
        self._lock = Lock()
        self._outbox: _Outbox | None = None
        self._questions: deque[m.FromRecorder] = deque()
        self._owed: deque[_Owed] = deque()
        self._name = secrets.token_hex(4)
        self._serial = count(1)
        self._going = False
        self._notes: deque[_Note] = deque(maxlen=MOST_OWED)
        self._preflight: m.StorePreflight | None = None

    def start(self, media: MediaSide) -> None:
        """Begin to seek the vault; ``media`` is told before the loop hears of anything."""
        Thread(target=self._run, args=(media,), name="from-vault", daemon=True).start()

    def stop(self) -> None:
        """End the connection and seek no other."""
        self._ended.set()
        with self._lock:
            outbox = self._outbox
        if outbox is not None:
            outbox.close()

    # What the loop asks for.

    def open_session(self, request: m.OpenSession) -> None:
        """Ask for a session."""
        with self._lock:
            self._ask(request)

    def go_on(self) -> None:
        """The session is open at the vault: what it has not signed yet follows now."""
        with self._lock:
            self._going = self._outbox is not None
            if self._going:
                for owed in self._owed:
                    self._ask(*owed)

    def store_event(self, kind: str, fields: Mapping[str, Any]) -> None:
        """Have an event of the session signed, now or as soon as the vault is back.

        Raises:
            VaultError: Too many are waiting.
        """
        event_id = f"{self._name}:{next(self._serial)}"
        self._owe((m.StoreEvent(kind=kind, fields=dict(fields), id=event_id),))

    def store_photo(self, pts_ns: int, content: bytes) -> None:
        """Have a still of the session sealed and signed, now or as soon as the vault is back.

        Raises:
            VaultError: Too much is waiting.
        """
        pieces = [
            content[begin : begin + PHOTO_PART_BYTES]
            for begin in range(0, len(content), PHOTO_PART_BYTES)
        ]
        self._owe(
            tuple(
                m.StorePhoto(pts_ns=pts_ns, part=part, parts=len(pieces), content=piece)
                for part, piece in enumerate(pieces)
            )
        )

    def store_preflight(self, preflight: m.StorePreflight) -> None:
        """Have a check before use signed; while the vault is away the last one waits for it."""
        with self._lock:
            if self._outbox is None:
                self._preflight = preflight
            else:
                self._ask(preflight)

    def ask_status(self) -> None:
        """Ask how the vault stands; while it is away nobody answers."""
        with self._lock:
            self._ask(m.AskStatus())

    def close_session(self, reason: str) -> None:
        """Ask for the end of the session."""
        with self._lock:
            self._ask(m.CloseSession(reason=reason))

    def forget_session(self) -> None:
        """Nothing of the session is owed any more."""
        with self._lock:
            self._owed.clear()
            self._going = False

    def note(self, note: _Note) -> None:
        """Have a press or a fault without a session signed, now or as soon as the vault is back."""
        with self._lock:
            if self._outbox is None:
                self._notes.append(note)
            else:
                self._outbox.put(note)

    def send_media(self, message: Media) -> None:
        """Hand media to the vault; nothing happens while it is away."""
        size = len(message.content) if isinstance(message, m.Fragment) else 0
        with self._lock:
            if self._outbox is not None:
                self._outbox.put(message, size)

    # The connection's thread.

    def _run(self, media: MediaSide) -> None:
        while not self._ended.is_set():
            turned_away = self._connect_once(media)
            self._clock.wait(self._ended, _TURNED_AWAY_SECONDS if turned_away else _RETRY_SECONDS)

    def _connect_once(self, media: MediaSide) -> bool:
        """One connection, to its end; whether the vault turned this recorder away for good."""
        try:
            channel: RecorderChannel = Channel.connect(
                self._path, m.ToRecorder, seconds=_CONNECT_SECONDS
            )
        except OSError:
            return False  # not there yet; sought again in a moment
        outbox = _Outbox(channel)
        outbox.put(m.Attach())
        attached = False
        try:
            for message in channel:
                if isinstance(message, m.WordAdopted):
                    return False  # attached anew in a moment, and told what has changed
                if attached:
                    self._take(message, media)
                elif isinstance(message, m.Attached):
                    self._attach(message, outbox)
                    attached = True
                else:
                    return self._turned_away(message)
        except (OSError, ProtocolError) as error:
            _log.warning("the connection to the vault broke: %s", error)
        finally:
            outbox.close()
            if attached:
                self._detach(media)
        return False

    def _turned_away(self, message: m.ToRecorder) -> bool:
        _log.warning("the vault does not take this recorder: %s", message)
        # Its connection to the process before this one ends in a moment.
        if not isinstance(message, m.Refused) or message.code == "recording":
            return False
        self._post(e.SessionRefused(message.code, message.detail))
        return True

    def _attach(self, message: m.Attached, outbox: _Outbox) -> None:
        with self._lock:
            self._outbox = outbox
            self._questions.clear()
            self._going = False
            while self._notes:
                outbox.put(self._notes.popleft())
            if self._preflight is not None:
                self._ask(self._preflight)
                self._preflight = None
        self._post(_attached(message))

    def _detach(self, media: MediaSide) -> None:
        media.interrupt()
        with self._lock:
            self._outbox = None
            self._going = False
        self._post(e.VaultLost())

    def _take(self, message: m.ToRecorder, media: MediaSide) -> None:
        match message:
            case m.Durable():
                media.durable(message)
                self._post(e.MediaAdvanced(self._clock.monotonic_ns()))
            case m.Recorded():
                self._signed()
            case m.SessionOpened():
                self._answered(m.OpenSession)
                self._post(e.SessionOpened(message.session))
            case m.SessionClosed():
                self._answered(m.CloseSession)
                self._post(e.SessionClosed(message.sid, message.reason))
            case m.Refused():
                self._refused(message)
            case m.PreflightStored():
                self._answered(m.StorePreflight)
                checks = tuple(message.checks)
                self._post(e.PreflightStored(message.trigger, checks, message.sha256))
            case m.Status():
                self._answered(m.AskStatus)
                self._post(e.StatusTold(message))
            case _:
                self._hear(message)

    def _hear(self, message: m.StorageState | m.DockChanged | m.PlansChanged | _Settled) -> None:
        """What the vault says without being asked."""
        match message:
            case m.StorageState():
                level, minutes, intact = message.level, message.minutes, message.intact
                self._post(e.StorageChanged(level, minutes, intact))
            case m.DockChanged():
                self._post(e.DockChanged(message.docked))
            case m.PlansChanged():
                self._post(e.PlansChanged(tuple(message.plans)))
            case m.SegmentSealed():
                pass  # a ``Durable`` with the whole segment has come before it
            case m.Attached() | m.WordAdopted():
                raise ProtocolError("attached twice on one connection")
            case _:
                assert_never(message)

    def _owe(self, owed: _Owed) -> None:
        with self._lock:
            if len(self._owed) >= MOST_OWED:
                raise VaultError(f"{MOST_OWED} events wait for a vault that does not come back")
            self._owed.append(owed)
            if self._going:
                self._ask(*owed)

    def _ask(self, *messages: m.FromRecorder) -> None:
        """Send what is answered once, after its last message."""
        if self._outbox is None:
            return
        self._questions.append(messages[-1])
        for message in messages:
            size = len(message.content) if isinstance(message, m.StorePhoto) else 0
            self._outbox.put(message, size)

    def _answered(self, *kinds: type[m.FromRecorder]) -> m.FromRecorder | None:
        """The question of one of ``kinds`` that was just answered: those come in order."""
        with self._lock:
            question = next((one for one in self._questions if isinstance(one, kinds)), None)
            if question is None:
                return None
            self._questions.remove(question)
            if self._owed and self._owed[0][-1] is question:
                self._owed.popleft()
            return question

    def _signed(self) -> None:
        question = self._answered(m.StoreEvent, m.StorePhoto)
        if question is None:
            raise ProtocolError("an event was answered that was not sent")
        if isinstance(question, m.StorePhoto):
            self._post(e.PhotoStored())

    def _refused(self, message: m.Refused) -> None:
        """A refusal answers the question that waits longest, of those that can be refused."""
        with self._lock:
            refusable = (q for q in self._questions if not isinstance(q, _NEVER_REFUSED))
            first = next(refusable, None)
        if isinstance(first, m.OpenSession) and message.code == "no_session":
            return
        # Told to the log as well: without a session the vault has nothing to sign it under.
        _log.error("the vault refused: %s (%s)", message.detail, message.code)
        if first is None:
            return
        self._answered(type(first))
        if isinstance(first, m.OpenSession):
            self._post(e.SessionRefused(message.code, message.detail))
        elif isinstance(first, m.StorePhoto):
            self._post(e.PhotoFailed(None, message.code, message.detail))


def _attached(message: m.Attached) -> e.VaultAttached:
    return e.VaultAttached(
        session=message.session,
        announcements=tuple(message.announcements),
        segment_seconds=message.segment_seconds,
        conduct=message.conduct,
        plans=tuple(message.plans),
        docked=message.docked,
        refused=message.refused,
    )
