"""Is there room for a session?

Answers B3: 足够的存储空间.

Owns the comparison with the rulebook's minutes. Refuses to make room: what is stored goes only by
the bureau's receipt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agent.preflight.results import Trouble, ok, refuse, warn
from agent.vault.messages import CheckResult

NAME: Final = "space"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceFacts:
    """How much room there is.

    Attributes:
        minutes: Of recording at the expected rate; None where the medium could not be asked.
        warn_minutes: The rulebook's ``storage.warn_minutes``.
        refuse_minutes: The rulebook's ``storage.refuse_minutes``.
        trouble: Why the medium could not be asked.
    """

    minutes: int | None
    warn_minutes: int
    refuse_minutes: int
    trouble: Trouble | None = None


def check(facts: SpaceFacts) -> CheckResult:
    """Judge the space; the value is minutes of recording."""
    if facts.minutes is None:
        trouble = facts.trouble or Trouble("failed", "the medium says nothing of its space")
        return refuse(NAME, trouble.code, trouble.detail)
    told = f"room for {facts.minutes} minutes"
    if facts.minutes < facts.refuse_minutes:
        return refuse(NAME, "full", f"{told}, {facts.refuse_minutes} are needed", facts.minutes)
    if facts.minutes < facts.warn_minutes:
        return warn(NAME, "short", f"{told}, {facts.warn_minutes} are wanted", facts.minutes)
    return ok(NAME, told, facts.minutes)
