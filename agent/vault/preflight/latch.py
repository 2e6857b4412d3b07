"""Faults after which the recorder is not used any more, on record (M2).

Owns the ``stop_use`` records: set by a check before use, by a medium that is caught at a lie in a
session, or by a recorder that is not whole any more (A9); cleared by an assignment with a higher
number than the one in force then. Refuses to end a session: one that runs goes on to its end, the
next start is refused.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from agent.errors import RefusedError
from agent.preflight import stop_use
from agent.preflight.results import code_of
from agent.vault.chain.device_log import DeviceLog
from agent.vault.messages import CheckResult
from agent.vault.preflight.examination import Examination
from evidence.assignment import Assignment

_log = logging.getLogger(__name__)

_LONGEST: Final = 1_000


class Latch:
    """Sets and clears.

    Args:
        examination: Knows the rulebook and the assignment in force.
        log: Holds what stands.
    """

    def __init__(self, examination: Examination, log: DeviceLog) -> None:
        self._examination = examination
        self._log = log

    def judge(self, checks: Sequence[CheckResult]) -> None:
        """Latch where what was found now, and at the checks before, is of that kind."""
        if self._log.state.stop_use is not None:
            return
        failed = stop_use.ailing(self._log.state.ailing, checks)
        fault = stop_use.judge(checks, failed, self._parts())
        if fault is None:
            return
        self._record("set", fault.name, code_of(fault), fault.detail, self._examination.word())

    def stop(self, part: str, code: str, detail: str) -> None:
        """Latch for what no rulebook weighs: the recorder was tampered with (A9)."""
        fault, number = self._log.state.stop_use, self.number()
        if fault is None or (fault.part, fault.code, fault.assignment) != (part, code, number):
            self._record("set", part, code, detail, self._examination.word())

    def number(self) -> int | None:
        """Number of the assignment in force; None without one that can be believed."""
        word = self._examination.word()
        return None if word is None else word.number

    def settle(self) -> None:
        """Clear it where the bureau has handed the recorder out again since."""
        fault = self._log.state.stop_use
        if fault is None:
            return
        word = self._examination.word()
        if fault.is_lifted_by(word):
            self._record("cleared", fault.part, fault.code, fault.detail, word)

    def _record(
        self, state: str, part: str, code: str, detail: str, word: Assignment | None
    ) -> None:
        number = None if word is None else word.number
        _log.warning("stop using: %s %s (%s)", part, state, code)
        fields = {"state": state, "part": part, "code": code, "detail": detail[:_LONGEST]}
        self._log.record("stop_use", {**fields, "assignment": number})

    def _parts(self) -> tuple[str, ...]:
        """Whose faults count; nobody's where no rulebook says so."""
        try:
            return self._examination.book().codes("upkeep.stop_use")
        except RefusedError:
            return ()
