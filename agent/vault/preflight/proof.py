"""Proving the medium while a session is open.

Owns when it is proved and whether the last proof was good. Refuses to judge, which is the check
before use's: a card that lies while it records is found by what finds it before. Refuses to have
anybody wait: a proof is asked in a thread of its own, and its answer is fetched when it has come.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from agent.preflight import storage
from agent.preflight.bounded import Question
from agent.preflight.results import REFUSE, Trouble, code_of
from agent.vault.messages import CheckResult

FIRST_NS: Final = 10 * 1_000_000_000
"""After a session's begin: the announcement has the medium for itself."""
EVERY_NS: Final = 60 * 1_000_000_000
"""From one answer to the next proof. Each costs one write of 4 KiB, over the one before."""


class ProofWatch:
    """Has the medium proved again and again.

    Args:
        prove: The check of the medium; takes seconds, and no longer than its bound.

    Attributes:
        doubt: What the last proof found wrong; None while nothing is.
    """

    def __init__(self, prove: Callable[[], CheckResult]) -> None:
        self._prove = prove
        self._question: Question[CheckResult] | None = None
        self._due_ns: int | None = None
        self._proved = False
        self.doubt: CheckResult | None = None

    def look(self, now_ns: int) -> bool:
        """Whether another thing is known than at the last look; the first proof always is one."""
        if self._question is None:
            self._ask(now_ns)
            return False
        if not self._question.answered.is_set():
            return False
        answer, self._question = self._question.answer(), None
        self._due_ns = now_ns + EVERY_NS
        return self._take(_judged(answer))

    def _ask(self, now_ns: int) -> None:
        if self._due_ns is None:
            self._due_ns = now_ns + FIRST_NS
        if now_ns >= self._due_ns:
            self._question = Question(storage.NAME, self._prove)

    def _take(self, check: CheckResult) -> bool:
        """One that is slow has kept what was written: the check before use says so."""
        doubt = check if check.state == REFUSE else None
        known, self._proved = self._proved, True
        if known and _code(doubt) == _code(self.doubt):
            return False
        self.doubt = doubt
        return True


def _judged(answer: CheckResult | Trouble) -> CheckResult:
    if isinstance(answer, Trouble):
        return storage.check(storage.StorageFacts(intact=False, milliseconds=0, trouble=answer))
    return answer


def _code(doubt: CheckResult | None) -> str | None:
    return None if doubt is None else code_of(doubt)
