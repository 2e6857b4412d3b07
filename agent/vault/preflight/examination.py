"""What the vault knows of its own fitness, judged by the checks of ``agent.preflight``.

Owns gathering the facts: the rulebook in force, custody, key, room, medium, clock, backlog. Refuses
to judge them: the same checks say whether a start is admitted and what a preflight signs, so that
the two never differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agent.errors import RefusedError
from agent.preflight import backlog, clock, custody, key, rulebook, space, storage
from agent.preflight.bounded import Bounded
from agent.preflight.results import FAILED, Trouble
from agent.settings import Paths
from agent.vault.chain.device_log import DeviceLog
from agent.vault.mandate import WRONG, Mandate, SigningFault, load_assignment, load_rulebook
from agent.vault.messages import CheckResult
from agent.vault.store.medium import Medium
from evidence import moments
from evidence.assignment import Assignment
from evidence.moments import TimeSource
from evidence.rulebook import Rulebook
from hw.errors import HardwareFault
from hw.ports import Clock

_PROBE: Final = b"recorder: is the signing key usable"
"""No line of any chain: without a dot it is no JWS signing input."""
_PROOF_SECONDS: Final = 5.0
_MS_NS: Final = 1_000_000
_MINUTE_NS: Final = 60 * 1_000_000_000
_HOUR_MINUTES: Final = 60
_UNSURE: Final = frozenset({TimeSource.LAST_KNOWN, TimeSource.NONE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What has no ``stored`` receipt.

    Attributes:
        sessions: How many.
        deadline_minutes: Until the oldest is due at the bureau (S0§20); negative: overdue; None
            without one, or where no rulebook says when.
    """

    sessions: int
    deadline_minutes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """Looks at the vault.

    Attributes:
        paths: Where rulebook and assignment lie.
        mandate: The device and its key.
        medium: The store.
        log: The device log.
        clock: The device's clock.
        bounded: Bounds the wait for the medium's proof.
        officer: Whom a session without a plan names, by the device's settings; None for nobody.
    """

    paths: Paths
    mandate: Mandate
    medium: Medium
    log: DeviceLog
    clock: Clock
    bounded: Bounded
    officer: str | None = None

    def book(self) -> Rulebook:
        """The rulebook in force.

        Raises:
            RefusedError: ``no_rulebook``.
        """
        return load_rulebook(self.paths, self.mandate)

    def rulebook(self) -> CheckResult:
        """Whether there is a rulebook, and its term."""
        now_ns, sure = self.clock.utc_ns(), self.clock_is_sure()
        try:
            book = self.book()
        except RefusedError as error:
            trouble = Trouble(FAILED, error.detail)
            return rulebook.check(
                rulebook.RulebookFacts(
                    version=None, utc_ns=now_ns, clock_sure=sure, trouble=trouble
                )
            )
        return rulebook.check(
            rulebook.RulebookFacts(
                version=book.version,
                not_before_ns=moments.utc_ns(book.not_before),
                expires_ns=moments.utc_ns(book.expires),
                utc_ns=now_ns,
                clock_sure=sure,
            )
        )

    def assignment(self) -> Assignment | None:
        """The bureau's word in force; None where it has never said one.

        Raises:
            RefusedError: ``custody``: it cannot be believed.
        """
        return load_assignment(self.paths, self.mandate)

    def word(self) -> Assignment | None:
        """The bureau's word in force; None where none can be believed."""
        try:
            return self.assignment()
        except RefusedError:
            return None

    def custody(self, book: Rulebook, users: Sequence[str] | None = None) -> CheckResult:
        """Whose the recorder is (S0§6, S0§19, S0§27), and whether a fault stops its use (S2§10).

        Args:
            book: The rulebook in force.
            users: Whom a session that begins now would name; None: whom one without a plan would.
        """
        if users is None:
            users = [] if self.officer is None else [self.officer]
        word, trouble = None, None
        try:
            word = self.assignment()
        except RefusedError as error:
            trouble = Trouble(FAILED, error.detail)
        return custody.check(
            custody.CustodyFacts(
                assignment=word,
                users=tuple(users),
                stop_use=self.log.state.stop_use,
                trouble=trouble,
                revoked=self.mandate.device in book.policy["custody.revoked"],
                utc_ns=self.clock.utc_ns(),
                clock_sure=self.clock_is_sure(),
                certified_until_ns=self.mandate.certified_until_ns,
            )
        )

    def key(self) -> CheckResult:
        """Whether the signing key signs, and as the certificate says."""
        began_ns = self.clock.monotonic_ns()
        trouble, verified = None, True
        try:
            self.mandate.signer.sign(_PROBE)
        except SigningFault as fault:
            verified = False
            trouble = None if fault.trouble.code == WRONG else fault.trouble
        took = (self.clock.monotonic_ns() - began_ns) // _MS_NS
        return key.check(key.KeyFacts(verified=verified, milliseconds=took, trouble=trouble))

    def space(self, bits_per_second: int, book: Rulebook) -> CheckResult:
        """Whether there is room for a session of that rate."""
        minutes, trouble = None, None
        try:
            seconds = book.number("segment.seconds")
            minutes = self.medium.space(bits_per_second, seconds).minutes
        except HardwareFault as fault:
            trouble = Trouble(FAILED, fault.detail)
        return space.check(
            space.SpaceFacts(
                minutes=minutes,
                warn_minutes=book.number("storage.warn_minutes"),
                refuse_minutes=book.number("storage.refuse_minutes"),
                trouble=trouble,
            )
        )

    def free_minutes(self, bits_per_second: int) -> int:
        """Room for so much recording at that rate; 0 where the medium does not say."""
        try:
            return self.medium.space(bits_per_second).minutes
        except HardwareFault:
            return 0

    def writable(self) -> CheckResult | None:
        """What is wrong with a medium that takes nothing; None where it says it does."""
        trouble = Trouble(FAILED, "the medium takes nothing more")
        try:
            if self.medium.is_writable():
                return None
        except HardwareFault as fault:
            trouble = Trouble(FAILED, fault.detail)
        return storage.check(storage.StorageFacts(intact=False, milliseconds=0, trouble=trouble))

    def storage(self) -> CheckResult:
        """Whether the medium keeps what is written to it."""
        unwritable = self.writable()
        if unwritable is not None:
            return unwritable
        began_ns = self.clock.monotonic_ns()
        proof = self.bounded.ask("storage", self.medium.prove, _PROOF_SECONDS)
        trouble = proof if isinstance(proof, Trouble) else None
        took = (self.clock.monotonic_ns() - began_ns) // _MS_NS
        return storage.check(
            storage.StorageFacts(intact=proof is True, milliseconds=took, trouble=trouble)
        )

    def time(self) -> CheckResult:
        """How far the wall clock is to be trusted."""
        quality = self.clock.quality()
        return clock.check(
            clock.ClockFacts(
                utc_ns=self.clock.utc_ns(),
                source=TimeSource(quality.source),
                error_ms=quality.error_ms,
                not_before_ns=self._not_before_ns(),
            )
        )

    def _not_before_ns(self) -> int:
        """It is certainly later than what is on record and than the certificate's begin."""
        return max(self.log.state.last_utc_ns, self.mandate.certified_since_ns)

    def handed_in(self, book: Rulebook) -> CheckResult:
        """What waits for the dock, and its deadline."""
        waiting = self.backlog(book)
        return backlog.check(
            backlog.BacklogFacts(
                sessions=waiting.sessions, deadline_minutes=waiting.deadline_minutes
            )
        )

    def backlog(self, book: Rulebook | None) -> Backlog:
        """Closed sessions without a ``stored`` receipt, and when the oldest is due."""
        waiting = [one for one in self.log.state.sessions.values() if one.waits]
        if not waiting or book is None:
            return Backlog(sessions=len(waiting), deadline_minutes=None)
        allowed = book.number("upload.deadline_hours") * _HOUR_MINUTES
        oldest_ns = min(one.ended_ns for one in waiting)
        gone = (self.clock.utc_ns() - oldest_ns) // _MINUTE_NS
        return Backlog(sessions=len(waiting), deadline_minutes=allowed - gone)

    def clock_is_sure(self) -> bool:
        """Whether the wall clock can be held against a term."""
        vouched = self.clock.quality().source not in _UNSURE
        return vouched and self.clock.utc_ns() >= self._not_before_ns()

    def sure_now(self) -> str | None:
        """The wall clock, RFC 3339; None where nobody can tell how wrong it is."""
        return moments.utc_text(self.clock.utc_ns()) if self.clock_is_sure() else None
