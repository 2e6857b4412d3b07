"""The vault's answers to recorder and dock.

Owns the one session that may be open, and the order in which requests take effect. Requests come on
the sockets' threads; whatever is signed runs on the scribe's. Refuses a start for few reasons only:
no usable key or rulebook, no room, or a session that is open already.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import Final

from agent.errors import AgentError, ReceiptRefusedError, RefusedError
from agent.settings import Device
from agent.vault import answers, recovery
from agent.vault import messages as m
from agent.vault.catalog import Catalog
from agent.vault.custody import Custody
from agent.vault.device_log import DeviceLog, Start, open_device_log
from agent.vault.live_session import LiveSession, Opened, OpenSegment
from agent.vault.mandate import Mandate, load_mandate, load_rulebook
from agent.vault.medium import Medium
from agent.vault.opening import Opener, ReadyChain
from agent.vault.scribe import Scribe
from agent.vault.space import SpaceWatch
from evidence.digests import sha256_hex
from evidence.errors import EvidenceError
from evidence.records import EVENTS
from evidence.rulebook import Rulebook
from hw.ports import VaultBoard

_log = logging.getLogger(__name__)

RECORDER_ABSENT_NS: Final = 60 * 1_000_000_000
"""A recorder that stays away this long ends its session as interrupted."""

_RELEASE_EVERY_NS: Final = 60 * 1_000_000_000
_MOST_REFUSALS: Final = 100
"""Refused receipts recorded per start: a hostile broker must not fill the device log."""

Notify = Callable[[m.ToRecorder], None]


def _nobody(message: m.ToRecorder) -> None:
    """Messages while no recorder is attached: what they say stands in the journal."""
    _log.debug("no recorder for %s", type(message).__name__)


class Vault:
    """One vault over one store.

    Args:
        device: Settings and folder.
        board: The vault's ports.
        failed: Told when the vault cannot go on; its process has to end non-zero.

    Raises:
        RefusedError: The signing key or its certificate is unusable.
    """

    def __init__(
        self, device: Device, board: VaultBoard, failed: Callable[[Exception], None]
    ) -> None:
        settings, paths = device.settings, device.paths
        self._board = board
        self._clock = board.clock
        self._failed = failed
        self._paths = paths
        self._mandate: Mandate = load_mandate(paths, settings.device_id, board.key)
        self._medium = Medium(
            paths,
            board.locker,
            board.storage,
            floor_bytes=settings.storage_floor_bytes,
            reserve_bytes=settings.reserve_bytes,
        )
        start = Start(boot_id=board.boot_id, start_id=secrets.token_hex(16))
        self._log: DeviceLog = open_device_log(
            self._medium, self._mandate, start, board.clock, settings.firmware
        )
        self._opener = Opener(
            medium=self._medium,
            mandate=self._mandate,
            log=self._log,
            start=start,
            clock=board.clock,
            firmware=settings.firmware,
        )
        self._custody = Custody(self._medium, self._log, self._mandate)
        self._catalog = Catalog(paths.catalog)
        self._notify: Notify = _nobody
        self._expected_bits = settings.camera.bits_per_second
        self._refusals_left = _MOST_REFUSALS
        self._space: SpaceWatch | None = None
        self._session: LiveSession | None = None
        self._absent_since_ns: int | None = None
        self._last_release_ns = 0
        self._scribe = Scribe(board.clock, self._beat, failed)
        self._recover()
        self._ready: ReadyChain = self._prepare()

    def start(self) -> None:
        """Begin to work."""
        self._scribe.start()

    def stop(self) -> None:
        """Finish what is queued; an open session stays open and is recovered at the next start."""
        self._scribe.stop()
        self._log.close()

    # The recorder's requests, on its connection's thread.

    def attach(self, notify: Notify) -> None:
        """A recorder is there: tell it the rulebook's part of its work and the open session."""
        self._scribe.submit(lambda: self._attach(notify))

    def detach(self) -> None:
        """The recorder is gone: what it sent is sealed; its session waits a minute for it."""
        self._notify = _nobody
        session = self._session
        if session is None:
            return
        segment = session.release_feed()
        self._scribe.submit(lambda: self._lose_recorder(session, segment))

    def begin(self, message: m.BeginSegment) -> None:
        """A segment begins."""
        session = self._session
        if session is None:
            return
        segment = session.begin(message.number, message.init)
        if segment is not None:
            self._scribe.submit(lambda: session.watch(segment))

    def feed(self, message: m.Fragment) -> None:
        """Fragments of the open segment."""
        if self._session is not None:
            self._session.feed(message.number, message.content, message.progress)

    def end(self, message: m.EndSegment) -> None:
        """The recorder ended a segment."""
        session = self._session
        if session is None:
            return
        segment = session.release_feed(message.number)
        if segment is not None:
            self._scribe.submit(lambda: session.seal(segment, "recorder"))

    def open_session(self, request: m.OpenSession) -> None:
        """Start a session, or say why not; segments sent after it find it open."""
        self._scribe.perform(lambda: self._open(request))

    def store_event(self, message: m.StoreEvent) -> None:
        """An event of the open session."""
        self._scribe.submit(lambda: self._store_event(message))

    def close_session(self, message: m.CloseSession) -> None:
        """Close the session."""
        self._scribe.perform(lambda: self._close(message.reason))

    def note_press(self, message: m.NotePress) -> None:
        """A press without a session."""
        fields = {"button": message.button, "gesture": message.gesture, "at_ns": message.at_ns}
        self._scribe.submit(lambda: self._log.record("press", fields))

    # The dock's requests; ``answer`` is called once.

    def list_pending(self, answer: Callable[[m.ToDock], None]) -> None:
        """What is there to push."""
        self._scribe.submit(lambda: answer(self._pending()))

    def submit_receipt(self, message: m.SubmitReceipt, answer: Callable[[m.ToDock], None]) -> None:
        """Receipt bytes as the bureau sent them."""
        self._scribe.submit(lambda: answer(self._take_receipt(message.content)))

    def note_dock(self, message: m.NoteDock, answer: Callable[[m.ToDock], None]) -> None:
        """The dock's state, for the device log."""

        def job() -> None:
            self._log.record("dock", {"state": message.state, "detail": message.detail[:1_000]})
            answer(m.Noted())

        self._scribe.submit(job)

    # On the scribe's thread.

    def _recover(self) -> None:
        opened = recovery.recover(self._opener)
        if opened is not None:
            self._go_on(opened)
        self._custody.take_kept()
        self._custody.finish_releases()
        self._release_due()
        self._medium.keep_reserve()
        self._catalog.rebuild(
            [answers.catalog_row(self._log, sid) for sid in self._log.state.sessions]
        )

    def _go_on(self, opened: Opened) -> None:
        """Wait for the recorder, under the very rulebook the session was opened with."""
        try:
            book = load_rulebook(self._paths, self._mandate)
        except RefusedError as error:
            _log.warning("session %s cannot go on: %s", opened.sid, error.detail)
            recovery.close_interrupted(self._opener, opened)
            return
        if book.sha256 != opened.rulebook_sha256:
            recovery.close_interrupted(self._opener, opened)
            return
        self._session = self._live(opened, book)
        self._absent_since_ns = self._clock.monotonic_ns()

    def _prepare(self) -> ReadyChain:
        open_counter = self._session.counter if self._session is not None else 0
        return self._opener.prepare(max(self._log.state.counter, open_counter) + 1)

    def _live(self, opened: Opened, book: Rulebook) -> LiveSession:
        self._space = SpaceWatch(self._medium, book, self._expected_bits)
        return LiveSession(
            opened,
            self._medium,
            list(book.recipients.values()),
            notify=lambda message: self._notify(message),  # noqa: PLW0108 - looked up at each call
            failed=self._failed,
        )

    def _attach(self, notify: Notify) -> None:
        try:
            book = load_rulebook(self._paths, self._mandate)
        except RefusedError as error:
            self._refuse(error, notify)
            return
        self._notify = notify
        session = self._session
        if session is not None and self._absent_since_ns is not None:
            self._absent_since_ns = None
            session.event("fault", answers.recorder_fault("ended"))
        notify(answers.attached(book, session.active() if session is not None else None))

    def _lose_recorder(self, session: LiveSession, segment: OpenSegment | None) -> None:
        if self._session is not session:
            return
        if segment is not None:
            session.seal(segment, "vault")
        session.event("fault", answers.recorder_fault("begun"))
        self._absent_since_ns = self._clock.monotonic_ns()

    def _open(self, request: m.OpenSession) -> None:
        try:
            book = self._admit(request.bits_per_second)
        except RefusedError as error:
            self._refuse(error, self._notify)
            return
        self._expected_bits = request.bits_per_second
        self._session = self._live(self._opener.open(request, self._ready, book), book)
        self._notify(m.SessionOpened(session=self._session.active()))

    def _admit(self, bits_per_second: int) -> Rulebook:
        """The rulebook of a session that may begin now.

        Raises:
            RefusedError: It may not.
        """
        if self._session is not None:
            raise RefusedError("a session is open already", code="recording")
        book = load_rulebook(self._paths, self._mandate)
        space = self._medium.space(bits_per_second)
        least = book.number("storage.refuse_minutes")
        if space.minutes < least:
            raise RefusedError(
                f"room for {space.minutes} minutes where {least} are needed; dock the recorder",
                code="storage",
            )
        return book

    def _refuse(self, error: AgentError, notify: Notify) -> None:
        self._log.record("refusal", {"code": error.code, "detail": error.detail[:1_000]})
        notify(m.Refused(code=error.code, detail=error.detail))

    def _store_event(self, message: m.StoreEvent) -> None:
        if self._session is None:
            self._notify(m.Refused(code="no_session", detail=f"no session for {message.kind}"))
            return
        if message.kind not in EVENTS:
            self._notify(m.Refused(code="protocol", detail=f"no event {message.kind!r}"))
            return
        try:
            index = self._session.event(message.kind, message.fields)
        except EvidenceError as error:
            self._notify(m.Refused(code="protocol", detail=error.detail))
            return
        self._notify(m.Recorded(journal_i=index))

    def _close(self, reason: str) -> None:
        session = self._session
        if session is None:
            self._notify(m.Refused(code="no_session", detail="no session is open"))
            return
        facts = session.finish(reason, self._mandate.signer)
        close = {"root": session.root, "reason": reason}
        recovery.enter_closed(self._opener, session.sid, session.counter, facts, close)
        self._session = None
        self._absent_since_ns = None
        self._ready = self._prepare()
        self._catalog.put(answers.catalog_row(self._log, session.sid))
        self._notify(m.SessionClosed(sid=session.sid, reason=reason))
        self._release_due()
        self._medium.keep_reserve()

    def _beat(self) -> None:
        self._board.watchdog.pet()
        now_ns = self._clock.monotonic_ns()
        if self._session is not None:
            self._session.beat(now_ns)
            self._watch_space(self._session, now_ns)
            self._watch_absence(now_ns)
        elif now_ns - self._last_release_ns >= _RELEASE_EVERY_NS:
            self._release_due()

    def _watch_space(self, session: LiveSession, now_ns: int) -> None:
        change = self._space.look(now_ns) if self._space is not None else None
        if change is None:
            return
        session.event(
            "storage",
            {"level": change.level, "free_bytes": change.free_bytes, "minutes": change.minutes},
        )
        self._notify(m.StorageState(level=change.level, minutes=change.minutes))
        if change.ends_session:
            self._close("storage")

    def _watch_absence(self, now_ns: int) -> None:
        since_ns = self._absent_since_ns
        if since_ns is not None and now_ns - since_ns > RECORDER_ABSENT_NS:
            self._close(recovery.INTERRUPTED)

    def _pending(self) -> m.Pending:
        return answers.pending(
            self._log, self._medium, self._paths.device_log, recording=self._session is not None
        )

    def _take_receipt(self, token: bytes) -> m.ToDock:
        try:
            taken = self._custody.take(token)
        except ReceiptRefusedError as error:
            self._note_refused(error, token)
            return m.Refused(code=error.code, detail=error.detail)
        released = self._release_due()
        self._catalog.put(answers.catalog_row(self._log, taken.sid))
        return m.ReceiptTaken(sid=taken.sid, kind=taken.kind, released=taken.sid in released)

    def _note_refused(self, error: ReceiptRefusedError, token: bytes) -> None:
        _log.warning("a receipt was refused: %s", error.detail)
        if self._refusals_left > 0:
            self._refusals_left -= 1
            detail = f"{error.detail} (receipt {sha256_hex(token)[:16]})"
            self._log.record("refusal", {"code": "receipt", "detail": detail})

    def _release_due(self) -> list[str]:
        """Release what the rulebook allows, unless something records."""
        self._last_release_ns = self._clock.monotonic_ns()
        if self._session is not None:
            return []
        try:
            keep_days = load_rulebook(self._paths, self._mandate).number("release.keep_days")
        except RefusedError as error:
            # Without a rulebook nobody has said how long to keep: everything is kept.
            _log.warning("nothing is released: %s", error.detail)
            return []
        released = self._custody.release_due(self._clock.utc_ns(), keep_days)
        for sid in released:
            self._catalog.put(answers.catalog_row(self._log, sid))
        return released
