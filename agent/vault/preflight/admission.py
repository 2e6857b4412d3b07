"""Whether a session may begin now.

Owns the few reasons for which a start is refused: no writable store, no room, no usable key or
rulebook, a device that is revoked, nobody's, stopped by a fault, or not for whoever would use it.
Refuses every other reason: a recording with a warning is worth more than none, and no clock,
speaker or missing plan ever stops one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from agent.errors import RefusedError
from agent.preflight import results
from agent.vault.messages import CheckResult
from agent.vault.preflight.examination import Examination
from agent.vault.preflight.latch import Latch
from agent.vault.preflight.proof import ProofWatch
from agent.vault.preflight.wholeness import Wholeness
from evidence.assignment import Assignment
from evidence.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Admitted:
    """What holds for a session that may begin now.

    Attributes:
        book: Its rulebook.
        assignment: Whose the recorder is.
        checks: What was looked at for it.
    """

    book: Rulebook
    assignment: Assignment | None
    checks: tuple[CheckResult, ...]


class Admission:
    """Judges a start.

    Args:
        examination: Knows how the vault stands.
        latch: Sees to it that a recorder is not used with a fault that stops its use.
        wholeness: Sees to it that it is made of its own parts.
        prove: The check of the medium, for as long as what was admitted lasts.
    """

    def __init__(
        self,
        examination: Examination,
        latch: Latch,
        wholeness: Wholeness,
        prove: Callable[[], CheckResult],
    ) -> None:
        self._examination = examination
        self._latch = latch
        self._wholeness = wholeness
        self._prove = prove

    def admit(self, bits_per_second: int, users: Sequence[str] | None = None) -> Admitted:
        """What holds for a session that may begin now.

        Args:
            bits_per_second: Expected rate of its media.
            users: Whom it would name (A4); None: whom a session without a plan would.

        Raises:
            RefusedError: It may not: ``no_rulebook``, ``custody``, ``no_key``, ``no_store`` or
                ``storage``.
        """
        book = self._examination.book()
        self._wholeness.look()
        checks = []
        for check in self._checks(bits_per_second, book, users):
            checks.append(check)
            code = results.refusal([check])
            if code is not None:
                raise RefusedError(f"{check.name}: {check.detail}", code=code)
        return Admitted(book, self._examination.assignment(), tuple(checks))

    def refusal(self, bits_per_second: int) -> str | None:
        """Code of what would refuse a start now; None where one would be admitted."""
        try:
            self.admit(bits_per_second)
        except RefusedError as refused:
            return refused.code
        return None

    def watch_medium(self) -> ProofWatch:
        """A watch over the medium of a session that begins now: a press waits for no proof."""
        return ProofWatch(self._prove)

    def doubt(self, check: CheckResult) -> None:
        """Something was found out in a session that was admitted: the next one may not be."""
        self._latch.judge([check])

    def _checks(
        self, bits_per_second: int, book: Rulebook, users: Sequence[str] | None
    ) -> Iterator[CheckResult]:
        """Those that may refuse and take no time: a press waits for them."""
        yield self._examination.custody(book, users)
        yield self._examination.key()
        unwritable = self._examination.writable()
        if unwritable is not None:
            yield unwritable
        yield self._examination.space(bits_per_second, book)
