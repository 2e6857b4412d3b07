"""The one session that may be open.

Owns its beginning, its end and what happens while its recorder is away; all of it on the scribe's
thread. Refuses a second session, and to end one because a recorder or a vault died: a minute is
given to come back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from agent.errors import RefusedError
from agent.vault import answers
from agent.vault import messages as m
from agent.vault.preflight.admission import Admission, Admitted
from agent.vault.preflight.proof import ProofWatch
from agent.vault.session import recovery
from agent.vault.session.live_session import LiveSession, OpenSegment
from agent.vault.session.opened import Opened
from agent.vault.session.opening import Opener, ReadyChain, users_of
from agent.vault.session.plans import PlanShelf
from agent.vault.session.recovery import Closing, Remains
from agent.vault.session.untold import rules_of, untold
from agent.vault.store.space import OK, UNKNOWN, SpaceChange, SpaceWatch
from evidence import schema as s
from evidence.canonical import JsonObject
from evidence.errors import EvidenceError, RecordError
from evidence.plan import Plan
from evidence.records import EVENTS
from evidence.rulebook import Announcement, Rulebook
from hw.errors import HardwareFault

_log = logging.getLogger(__name__)

RECORDER_ABSENT_NS: Final = 60 * 1_000_000_000
"""A recorder that stays away this long ends its session as interrupted."""

_OWN_EVENTS: Final = frozenset({"photo", "storage", "clock_step"})
"""What only the vault can know: nobody else's word for it is signed."""


class Slot:
    """Holds the session that is open, if one is.

    Args:
        opener: Opens and resumes.
        admission: Judges a start.
        shelf: Holds the plans.
        bits_per_second: Expected rate of the media until a recorder says another.
        tell: Takes messages for the recorder, whichever is attached.
        failed: Told when the medium fails for good.
    """

    def __init__(
        self,
        opener: Opener,
        admission: Admission,
        shelf: PlanShelf,
        *,
        bits_per_second: int,
        tell: Callable[[m.ToRecorder], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self._opener = opener
        self._admission = admission
        self._shelf = shelf
        self._tell = tell
        self._failed = failed
        self.bits_per_second = bits_per_second
        self.session: LiveSession | None = None
        self._space: SpaceWatch | None = None
        self._proof: ProofWatch | None = None
        self._announced: tuple[Announcement, ...] = ()
        self._blind: HardwareFault | None = None
        self._absent_since_ns: int | None = None
        self._ready: ReadyChain | None = None

    def recover(self, remains: Remains, book: Callable[[], Rulebook]) -> None:
        """Bring what a crash left to a state that verifies, and make the next chain ready."""
        opened = remains.recover(self._opener, rules_of(book))
        if opened is not None:
            self._go_on(opened, book)
        self._prepare()

    def attach(self) -> m.ActiveSession | None:
        """A recorder is there: the session it has to go on with."""
        if self.session is None:
            return None
        if self._absent_since_ns is not None:
            self._absent_since_ns = None
            self.session.event("fault", answers.recorder_fault("ended"))
        return self.session.active()

    def medium(self) -> m.StorageState | None:
        """How the medium stands, for a recorder that has just come; None where all is well."""
        if self.session is None:
            return None
        state = self._medium()
        return state if state.level != OK or not state.intact else None

    def lose_recorder(self, session: LiveSession, segment: OpenSegment | None) -> None:
        """The recorder is gone: what it sent is sealed, and it may come back."""
        if self.session is not session:
            return
        if segment is not None:
            session.seal(segment, "vault")
        session.event("fault", answers.recorder_fault("begun"))
        self._absent_since_ns = self._opener.clock.monotonic_ns()

    def open(self, request: m.OpenSession) -> m.SessionOpened:
        """Start a session.

        Raises:
            RefusedError: It may not begin.
        """
        if self.session is not None:
            raise RefusedError("a session is open already", code="recording")
        try:
            s.code(request.activity, "activity")
            s.optional(s.text)(request.officer, "officer")
        except RecordError as error:
            raise RefusedError(error.detail, code="protocol") from error
        plan = None if request.plan_id is None else self._shelf.find(request.plan_id)
        admitted = self._admission.admit(request.bits_per_second, users_of(request, plan))
        self.bits_per_second = request.bits_per_second
        opened = self._opener.open(request, self._take_ready(), admitted, plan)
        session = self.session = self._live(opened, admitted.book)
        for check in _doubts(request, admitted, plan):
            session.event("check", check)
        return m.SessionOpened(session=session.active())

    def store_event(self, message: m.StoreEvent) -> m.Recorded | m.Refused:
        """Sign an event of the session; one that was sent before is signed once."""
        if self.session is None:
            return m.Refused(code="no_session", detail=f"no session for {message.kind}")
        if message.kind not in EVENTS or message.kind in _OWN_EVENTS:
            return m.Refused(code="protocol", detail=f"no event {message.kind!r} for a recorder")
        known = self.session.signed_as(message.id)
        if known is not None:
            return m.Recorded(journal_i=known)
        fields = dict(message.fields)
        counted = self._opener.log.state.count
        if message.kind == "button":
            fields["count"] = self._opener.log.count()
        try:
            index = self.session.event(message.kind, fields, message.id)
        except EvidenceError as error:
            # It was not written: the number is still free.
            self._opener.log.state.count = counted
            return m.Refused(code="protocol", detail=error.detail)
        return m.Recorded(journal_i=index)

    def tampered(self, part: str, detail: str) -> None:
        """Sign in the session, if one is open, that the recorder is tampered with (A9)."""
        if self.session is not None:
            self.session.event("tamper", {"part": part, "detail": detail})

    def store_photo(self, pts_ns: int, content: bytes) -> m.Recorded | m.Refused:
        """Seal and sign a still of the session."""
        if self.session is None:
            return m.Refused(code="no_session", detail="no session for a still")
        return m.Recorded(journal_i=self.session.photo(pts_ns, content))

    def close(self, reason: str) -> m.SessionClosed | m.Refused:
        """Close the session and enter it in the device log."""
        session = self.session
        if session is None:
            return m.Refused(code="no_session", detail="no session is open")
        try:
            s.code(reason, "reason")
        except RecordError as error:
            return m.Refused(code="protocol", detail=error.detail)
        now_ns = self._opener.clock.monotonic_ns()
        for kind, fields in untold(self._announced, session.told, reason, now_ns):
            session.event(kind, fields)
        facts = session.finish(reason, self._opener.mandate.signer)
        closing = Closing(
            sid=session.sid,
            counter=session.counter,
            facts=facts,
            root=session.root,
            reason=reason,
            ended_ns=session.now_utc_ns(),
            plan_id=session.plan_id,
            ending=session.ending,
            secrecy=session.secrecy,
        )
        recovery.enter_closed(self._opener, closing)
        self.session = None
        self._absent_since_ns = None
        self._prepare()
        return m.SessionClosed(sid=session.sid, reason=reason)

    def beat(self, now_ns: int) -> str | None:
        """Let the session go on; the reason for which it has to end now, or None."""
        session = self.session
        if session is None:
            return None
        session.beat(now_ns)
        since_ns = self._absent_since_ns
        if since_ns is not None and now_ns - since_ns > RECORDER_ABSENT_NS:
            return recovery.INTERRUPTED
        self._watch_medium(session, now_ns)
        return self._watch_space(session, now_ns)

    def _watch_medium(self, session: LiveSession, now_ns: int) -> None:
        """A medium that does not keep what it takes is a fault; it ends nothing."""
        proof = self._proof
        if proof is None:
            return
        before = proof.doubt
        if not proof.look(now_ns):
            return
        if before is not None:
            session.event("fault", answers.doubt(before, "ended"))
        if proof.doubt is not None:
            session.event("fault", answers.doubt(proof.doubt, "begun"))
            self._admission.doubt(proof.doubt)
        self._tell(self._medium())

    def _watch_space(self, session: LiveSession, now_ns: int) -> str | None:
        change = self._space.look(now_ns) if self._space is not None else None
        if change is None:
            return None
        if change.fault is not None:
            # As long as it takes bytes the session goes on.
            session.event("fault", answers.fault(change.fault, "begun"))
        elif self._blind is not None:
            session.event("fault", answers.fault(self._blind, "ended"))
        self._blind = change.fault
        if change.level not in (OK, UNKNOWN):
            session.event(
                "storage",
                {"level": change.level, "free_bytes": change.free_bytes, "minutes": change.minutes},
            )
        self._tell(self._medium())
        return "storage" if change.ends_session else None

    def _medium(self) -> m.StorageState:
        space = self._space.now if self._space is not None else SpaceChange(level=OK)
        doubt = self._proof.doubt if self._proof is not None else None
        return m.StorageState(level=space.level, minutes=space.minutes, intact=doubt is None)

    def _go_on(self, opened: Opened, book: Callable[[], Rulebook]) -> None:
        """Wait for the recorder, under the very rulebook the session was opened with."""
        try:
            held = book()
        except RefusedError as error:
            _log.warning("session %s cannot go on: %s", opened.sid, error.detail)
            recovery.close_interrupted(self._opener, opened, None)
            return
        if held.sha256 != opened.rulebook_sha256:
            recovery.close_interrupted(self._opener, opened, None)
            return
        self.session = self._live(opened, held)
        self._absent_since_ns = self._opener.clock.monotonic_ns()

    def _prepare(self) -> None:
        """Make the next chain ready; a key that does not sign now may do so at the press."""
        open_counter = self.session.counter if self.session is not None else 0
        counter = max(self._opener.log.state.counter, open_counter) + 1
        self._ready = None
        try:
            self._ready = self._opener.prepare(counter)
        except HardwareFault as fault:
            _log.error("no chain can be made ready: %s", fault)

    def _take_ready(self) -> ReadyChain:
        ready, self._ready = self._ready, None
        return ready or self._opener.prepare(self._opener.log.state.counter + 1)

    def _live(self, opened: Opened, book: Rulebook) -> LiveSession:
        self._blind = None
        self._announced = book.announcements
        self._space = SpaceWatch(self._opener.medium, book, self.bits_per_second)
        self._proof = self._admission.watch_medium()
        return LiveSession(
            opened,
            self._opener.medium,
            list(book.recipients.values()),
            notify=self._tell,
            failed=self._failed,
        )


def _doubts(request: m.OpenSession, admitted: Admitted, plan: Plan | None) -> list[JsonObject]:
    """What the desk has to look at: an unknown plan, somebody else's recorder (S0§19)."""
    doubts = []
    if request.plan_id is not None and plan is None:
        doubts.append(_failed("plan", f"plan {request.plan_id[:64]} is not held here"))
    custodian = None if admitted.assignment is None else admitted.assignment.custodian
    users = users_of(request, plan)
    if users and custodian not in users:
        doubts.append(_failed("custody", f"used by {', '.join(users)}, assigned to {custodian}"))
    return doubts


def _failed(name: str, detail: str) -> JsonObject:
    return {"name": name, "passed": False, "detail": detail[:1_000]}
