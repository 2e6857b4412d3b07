"""Is the case closed?

Answers A9: 严禁随意拆卸.

Owns the judgement of the switch under the lid. Refuses to tell a lid that is open from a wire that
is broken: both leave nobody who could say that it was closed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agent.preflight.results import Trouble, ok, warn
from agent.vault.messages import CheckResult

NAME: Final = "case"
OPEN: Final = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """How the lid is.

    Attributes:
        is_open: Whether nothing presses the switch under it.
        trouble: Why the switch could not be read.
    """

    is_open: bool
    trouble: Trouble | None = None


def check(facts: CaseFacts) -> CheckResult:
    """Judge the case."""
    if facts.trouble is not None:
        return warn(NAME, facts.trouble.code, facts.trouble.detail)
    if facts.is_open:
        return warn(NAME, OPEN, "nothing presses the switch under the lid")
    return ok(NAME, "it is closed")
