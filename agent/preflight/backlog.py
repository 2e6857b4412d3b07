"""Is something waiting to be handed in?

Answers H1: 活动结束后24小时内导入.

Owns when the officer is told of the deadline. Refuses to refuse: a new case does not wait for an
old one's transfer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agent.preflight.results import Trouble, ok, warn
from agent.vault.messages import CheckResult

NAME: Final = "backlog"
DUE_MINUTES: Final = 4 * 60
"""Half a working day before the deadline there is still time to drive to the bureau."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BacklogFacts:
    """What has no ``stored`` receipt.

    Attributes:
        sessions: Closed sessions without one; None where the log could not be read.
        deadline_minutes: Until the oldest is due; negative: overdue; None without one.
        due_minutes: So long before the deadline the officer is told.
        trouble: Why the log could not be read.
    """

    sessions: int | None
    deadline_minutes: int | None = None
    due_minutes: int = DUE_MINUTES
    trouble: Trouble | None = None


def check(facts: BacklogFacts) -> CheckResult:
    """Judge the backlog; the value is how many sessions wait."""
    if facts.sessions is None:
        trouble = facts.trouble or Trouble("failed", "the backlog is not known")
        return warn(NAME, trouble.code, trouble.detail)
    if facts.sessions == 0 or facts.deadline_minutes is None:
        return ok(NAME, f"{facts.sessions} sessions wait for the dock", facts.sessions)
    told = f"{facts.sessions} sessions wait, the oldest is due in {facts.deadline_minutes} minutes"
    if facts.deadline_minutes < 0:
        late = f"{facts.sessions} sessions wait, {-facts.deadline_minutes} minutes overdue"
        return warn(NAME, "overdue", late, facts.sessions)
    if facts.deadline_minutes < facts.due_minutes:
        return warn(NAME, "due", told, facts.sessions)
    return ok(NAME, told, facts.sessions)
