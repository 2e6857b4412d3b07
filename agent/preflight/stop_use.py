"""Is a fault of the kind after which a recorder must not be used any more?

Answers M2: 遇到故障应立即停止使用并及时报告.

Owns which findings these are, as data, and how often they have to come one after the other. Refuses
the list of parts: which of them count is the bureau's (``upkeep.stop_use``); and refuses to end a
recording that runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from agent.preflight.results import FAILED, HUNG, OK, code_of
from agent.vault.messages import CheckResult
from evidence.assignment import Assignment

TIMES: Final = 3
"""A part that is dead at so many checks in a row is dead: one check may have met a loose moment."""

AT_ONCE: Final[Mapping[str, frozenset[str]]] = {
    # Nothing it signs is this recorder's: worse than no signature.
    "key": frozenset({"wrong"}),
    # It says it has kept what it has not: no later answer of it can be believed either.
    "storage": frozenset({"differs"}),
}
"""Part → findings of which one is enough."""

AGAIN: Final[Mapping[str, frozenset[str]]] = {
    "key": frozenset({FAILED, HUNG}),
    "storage": frozenset({HUNG}),
    # A lens that is covered is black; it is the officer's to uncover, and no fault of the camera.
    "camera": frozenset({FAILED, HUNG, "frozen"}),
    "microphone": frozenset({FAILED, HUNG, "dead"}),
}
"""Part → findings that have to come ``TIMES`` times in a row. A loudspeaker is not among them: the
officer says the words himself (C8). Nor is a medium that takes nothing: it may be full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopUse:
    """A fault after which the recorder is not used any more.

    Attributes:
        part: Which part.
        code: What was found.
        detail: For people who read the log, English.
        assignment: Number of the assignment in force when it was found; None without one.
    """

    part: str
    code: str
    detail: str
    assignment: int | None

    def is_lifted_by(self, assignment: Assignment | None) -> bool:
        """Whether the bureau has handed it out again since: the keeper has cleared it."""
        if assignment is None or not assignment.permits_recording:
            return False
        return assignment.number > (self.assignment or 0)


def ailing(before: Mapping[str, int], checks: Iterable[CheckResult]) -> dict[str, int]:
    """How many checks in a row each part has failed, after one more check before use."""
    found = dict(before)
    for check in checks:
        if code_of(check) in AGAIN.get(check.name, frozenset()):
            found[check.name] = found.get(check.name, 0) + 1
        elif check.state == OK:
            found.pop(check.name, None)
    return found


def judge(
    checks: Iterable[CheckResult], failed: Mapping[str, int], parts: Iterable[str]
) -> CheckResult | None:
    """The finding after which it must not be used any more, if there is one.

    Args:
        checks: What was found now.
        failed: From ``ailing``, these checks included.
        parts: Whose faults count, by the rulebook.
    """
    counted = frozenset(parts)
    for check in checks:
        at_once = code_of(check) in AT_ONCE.get(check.name, frozenset())
        if check.name in counted and (at_once or failed.get(check.name, 0) >= TIMES):
            return check
    return None
