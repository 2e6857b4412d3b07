"""The vault's answers to recorder and dock.

Owns the order in which requests take effect: they come on the sockets' threads, and whatever is
signed runs on the scribe's. Refuses to decide: whether a session may begin, what waits for the
bureau and what is released stand in their own modules.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Final

from agent.errors import RefusedError
from agent.settings import Device
from agent.vault import answers
from agent.vault import messages as m
from agent.vault.assembly import assemble
from agent.vault.chain.scribe import Scribe
from agent.vault.preflight.signing import Preflights
from agent.vault.preflight.wholeness import CASE
from agent.vault.session.photos import PhotoParts
from agent.vault.session.recovery import Remains
from agent.vault.session.slot import Slot
from agent.vault.updates import WAITS
from evidence import moments
from evidence.canonical import JsonObject
from evidence.errors import EvidenceError
from hw.errors import HardwareFault
from hw.ports import VaultBoard

_log = logging.getLogger(__name__)

_LOOK_EVERY_NS: Final = 1_000_000_000

Notify = Callable[[m.ToRecorder], None]
Answer = Callable[[m.ToDock], None]


def _is_opening(fault: Mapping[str, object]) -> bool:
    return (fault.get("part"), fault.get("state")) == (CASE, "begun")


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
        parts = assemble(device, board)
        self._board = board
        self._clock = parts.clock
        self._paths = device.paths
        self._medium = parts.medium
        self._log = parts.log
        self._examination = parts.examination
        self._admission = parts.admission
        self._shelf = parts.shelf
        self._handover = parts.handover
        self._docking = parts.docking
        self._words = parts.words
        self._updates = parts.updates
        self._latch = parts.latch
        self._wholeness = parts.wholeness
        self._field_test = parts.field_test
        self._notify: Notify = _nobody
        self._offered: list[m.PlanChoice] = []
        self._refused: str | None = None
        self._looked_ns = 0
        self._photo = PhotoParts()
        self._slot = Slot(
            parts.opener,
            parts.admission,
            parts.shelf,
            bits_per_second=device.settings.camera.bits_per_second,
            tell=self._tell,
            failed=failed,
        )
        self._scribe = Scribe(board.clock, self._beat, failed)
        self._preflights = Preflights(
            self._examination, self._latch, self._wholeness, self._log, self._scribe.submit
        )
        self._recover(parts.remains)

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
        self._photo = PhotoParts()
        self._scribe.submit(lambda: self._attach(notify))

    def detach(self) -> None:
        """The recorder is gone: what it sent is sealed; its session waits a minute for it."""
        self._notify = _nobody
        session = self._slot.session
        if session is None:
            return
        segment = session.release_feed()
        self._scribe.submit(lambda: self._slot.lose_recorder(session, segment))

    def begin(self, message: m.BeginSegment) -> None:
        """A segment begins."""
        session = self._slot.session
        if session is None:
            return
        segment = session.begin(message.number, message.init)
        if segment is not None:
            self._scribe.submit(lambda: session.watch(segment))

    def feed(self, message: m.Fragment) -> None:
        """Fragments of the open segment."""
        session = self._slot.session
        if session is not None:
            session.feed(message.number, message.content, message.progress)

    def end(self, message: m.EndSegment) -> None:
        """The recorder ended a segment."""
        session = self._slot.session
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

    def store_photo(self, message: m.StorePhoto) -> None:
        """A part of a still; the last one has it sealed and signed."""
        whole = self._photo.take(message)
        if whole is not None:
            pts_ns = message.pts_ns
            self._scribe.submit(lambda: self._tell(self._slot.store_photo(pts_ns, whole)))

    def close_session(self, message: m.CloseSession) -> None:
        """Close the session."""
        self._scribe.perform(lambda: self._close(message.reason))

    def note_press(self, message: m.NotePress) -> None:
        """A press without a session."""
        fields = {"button": message.button, "gesture": message.gesture, "at_ns": message.at_ns}
        self._scribe.submit(lambda: self._note("press", fields))

    def note_fault(self, message: m.NoteFault) -> None:
        """A part that failed or came back without a session; or a case that was opened."""
        fields = {
            "part": message.part,
            "code": message.code,
            "detail": message.detail[:1_000],
            "state": message.state,
        }
        self._scribe.submit(lambda: self._note_fault(fields))

    def store_preflight(self, message: m.StorePreflight) -> None:
        """What the recorder checked; the vault adds its own checks and signs the whole."""
        self._preflights.take(message, self._slot.bits_per_second, self._tell)

    def ask_status(self) -> None:
        """How the vault stands."""
        self._scribe.submit(lambda: self._tell(self._status()))

    # The dock's requests; ``answer`` is called once.

    def list_pending(self, answer: Answer) -> None:
        """What is there to push."""
        self._scribe.submit(lambda: answer(self._pending()))

    def submit_receipt(self, message: m.SubmitReceipt, answer: Answer) -> None:
        """Receipt bytes as the bureau sent them."""

        def job() -> None:
            recording = self._slot.session is not None
            answer(self._handover.take_receipt(message.content, recording=recording))

        self._scribe.submit(job)

    def submit_plan(self, message: m.SubmitPlan, answer: Answer) -> None:
        """Plan bytes as the bureau sent them."""
        self._scribe.submit(lambda: answer(self._take_plan(message.content)))

    def submit_word(self, message: m.SubmitWord, answer: Answer) -> None:
        """Assignment or rulebook as the bureau sent it."""
        self._scribe.submit(lambda: answer(self._take_word(message)))

    def submit_challenge(self, message: m.SubmitChallenge, answer: Answer) -> None:
        """A challenge as the bureau sent it."""
        self._scribe.submit(lambda: answer(self._answer_challenge(message.content)))

    def submit_time(self, message: m.SubmitTime, answer: Answer) -> None:
        """The bureau's time as it sent it."""
        self._scribe.submit(lambda: answer(self._take_time(message.content)))

    def submit_piece(self, message: m.SubmitPiece, answer: Answer) -> None:
        """A piece of an update as the bureau sent it."""
        self._scribe.submit(lambda: answer(self._take_piece(message)))

    def note_dock(self, message: m.NoteDock, answer: Answer) -> None:
        """The dock's state, for the device log and for the recorder."""

        def job() -> None:
            was = self._log.state.docked
            self._note("dock", {"state": message.state, "detail": message.detail[:1_000]})
            answer(m.Noted())
            if self._log.state.docked is not was:
                self._tell(m.DockChanged(docked=self._log.state.docked))
                self._updates.look(recording=self._slot.session is not None)

        self._scribe.submit(job)

    # A tester's requests; ``answer`` is called once.

    def ask_facts(self, message: m.AskFacts, answer: Callable[[m.ToTester], None]) -> None:
        """How the vault and one session stand."""

        def job() -> None:
            attached = self._notify is not _nobody
            told = self._field_test.facts(
                message, attached=attached, open_session=self._open_session()
            )
            answer(told)

        self._scribe.submit(job)

    def sign_report(self, message: m.SignReport, answer: Callable[[m.ToTester], None]) -> None:
        """Put the report of a field test on record, and vouch for it."""
        self._scribe.submit(lambda: answer(self._sign_report(message)))

    # On the scribe's thread.

    def _open_session(self) -> str | None:
        return None if self._slot.session is None else self._slot.session.sid

    def _sign_report(self, message: m.SignReport) -> m.ToTester:
        try:
            return self._field_test.sign(message, open_session=self._open_session())
        except RefusedError as error:
            return m.Refused(code=error.code, detail=error.detail)
        except HardwareFault as fault:
            return m.Refused(code="no_key", detail=fault.detail)

    def _tell(self, message: m.ToRecorder) -> None:
        """To whichever recorder is attached now."""
        self._notify(message)

    def _note(self, t: str, fields: JsonObject) -> None:
        """Record what nobody waits for; what a record cannot hold is no reason to die."""
        try:
            self._log.record(t, fields)
        except EvidenceError as error:
            _log.warning("a %s was not recorded: %s", t, error.detail)

    def _note_fault(self, fields: JsonObject) -> None:
        self._note("fault", fields)
        if _is_opening(fields):
            self._wholeness.opened("opened while nothing was recorded")

    def _store_event(self, message: m.StoreEvent) -> None:
        """Sign it; a case that is opened is told in the session and stops the use after it."""
        answer = self._slot.store_event(message)
        if isinstance(answer, m.Recorded) and message.kind == "fault":
            self._judge_fault(message.fields)
        self._tell(answer)

    def _judge_fault(self, fields: JsonObject) -> None:
        if _is_opening(fields):
            self._slot.tampered(CASE, "opened")
            self._wholeness.opened("opened in a session")

    def _recover(self, remains: Remains) -> None:
        self._wholeness.look()
        self._slot.recover(remains, self._examination.book)
        if self._slot.session is None:
            self._words.adopt_waiting()
        self._handover.recover()
        self._handover.release_due(recording=self._slot.session is not None)
        self._medium.keep_reserve()
        self._updates.look(recording=self._slot.session is not None)
        self._offered = self._shelf.choices()

    def _attach(self, notify: Notify) -> None:
        try:
            book = self._examination.book()
        except RefusedError as error:
            # A recorder asks again and again: the same reason is signed once.
            if error.detail != self._refused:
                self._log.record("refusal", {"code": error.code, "detail": error.detail[:1_000]})
            self._refused = error.detail
            notify(m.Refused(code=error.code, detail=error.detail))
            return
        self._refused = None
        self._notify = notify
        self._offered = self._shelf.choices()
        notify(
            answers.attached(
                book,
                self._slot.attach(),
                plans=self._offered,
                docked=self._log.state.docked,
                refused=self._admission.refusal(self._slot.bits_per_second),
            )
        )
        medium = self._slot.medium()
        if medium is not None:
            notify(medium)

    def _open(self, request: m.OpenSession) -> None:
        try:
            opened = self._slot.open(request)
        except RefusedError as error:
            self._log.record("refusal", {"code": error.code, "detail": error.detail[:1_000]})
            self._tell(m.Refused(code=error.code, detail=error.detail))
            return
        self._tell(opened)

    def _close(self, reason: str) -> None:
        answer = self._slot.close(reason)
        if isinstance(answer, m.SessionClosed):
            self._handover.closed(answer.sid)
        self._tell(answer)
        if isinstance(answer, m.SessionClosed):
            self._handover.release_due(recording=False)
            self._medium.keep_reserve()
            self._adopt_words()

    def _beat(self) -> None:
        self._board.watchdog.pet()
        now_ns = self._clock.monotonic_ns()
        reason = self._slot.beat(now_ns)
        if reason is not None:
            self._close(reason)
        if self._slot.session is None and self._handover.is_due(now_ns):
            self._handover.release_due(recording=False)
            self._medium.keep_reserve()
            self._adopt_words()
            self._updates.look(recording=False)
        if now_ns - self._looked_ns >= _LOOK_EVERY_NS:
            self._looked_ns = now_ns
            self._log.notice_step()
            self._latch.settle()
            self._wholeness.settle()
            self._offer_plans()

    def _offer_plans(self) -> None:
        """Let go of plans that are over; the recorder hears of what can be chosen now."""
        self._shelf.expire()
        choices = self._shelf.choices()
        if choices != self._offered:
            self._offered = choices
            self._tell(m.PlansChanged(plans=choices))

    def _take_plan(self, token: bytes) -> m.ToDock:
        try:
            plan_id = self._shelf.take(token)
        except RefusedError as error:
            self._handover.note_refused(error.code, error.detail, token)
            return m.Refused(code=error.code, detail=error.detail)
        self._offer_plans()
        return m.PlanTaken(plan_id=plan_id)

    def _answer_challenge(self, token: bytes) -> m.ToDock:
        try:
            return self._docking.answer(token)
        except (RefusedError, HardwareFault) as error:
            self._handover.note_refused("challenge", error.detail, token)
            return m.Refused(code="challenge", detail=error.detail)

    def _take_time(self, token: bytes) -> m.ToDock:
        try:
            return self._docking.take_time(token)
        except RefusedError as error:
            self._handover.note_refused("time", error.detail, token)
            return m.Refused(code="time", detail=error.detail)

    def _take_piece(self, message: m.SubmitPiece) -> m.ToDock:
        recording = self._slot.session is not None
        try:
            wanted = self._updates.take(message, recording=recording)
        except RefusedError as error:
            if error.code not in WAITS:
                self._handover.note_refused(error.code, error.detail, message.content)
            return m.Refused(code=error.code, detail=error.detail)
        self._updates.look(recording=recording)
        return wanted

    def _take_word(self, message: m.SubmitWord) -> m.ToDock:
        recording = self._slot.session is not None
        try:
            taken = self._words.take(message.kind, message.content, recording=recording)
        except RefusedError as error:
            self._handover.note_refused(error.code, error.detail, message.content)
            return m.Refused(code=error.code, detail=error.detail)
        if taken.changed:
            self._tell(m.WordAdopted())
        return taken.answer

    def _adopt_words(self) -> None:
        """Adopt what came while a session was open, or on a removable medium."""
        if self._words.adopt_waiting():
            self._tell(m.WordAdopted())

    def _pending(self) -> m.Pending:
        recording = self._slot.session is not None
        return answers.pending(self._log, self._medium, self._paths.device_log, recording=recording)

    def _status(self) -> m.Status:
        try:
            book = self._examination.book()
        except RefusedError as error:
            _log.warning("no deadline can be told: %s", error.detail)
            book = None
        waiting = self._examination.backlog(book)
        quality = self._clock.quality()
        return m.Status(
            free_minutes=self._examination.free_minutes(self._slot.bits_per_second),
            backlog=waiting.sessions,
            deadline_minutes=waiting.deadline_minutes,
            utc=moments.utc_text(self._clock.utc_ns()),
            utc_source=quality.source,
            utc_error_ms=quality.error_ms,
        )
