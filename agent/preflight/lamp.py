"""Does the status lamp show what it is told?

Answers B1, and S2§9: recording is never hidden.

Owns the comparison of what was asked with what is read back. Refuses to refuse: the camera's wired
light shines without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agent.preflight.results import Trouble, ok, warn
from agent.vault.messages import CheckResult
from hw.types import LampPattern

NAME: Final = "lamp"


@dataclass(frozen=True, slots=True, kw_only=True)
class LampFacts:
    """What the lamp was told and shows.

    Attributes:
        asked: The pattern it was told last; None where it could not be read back.
        lit: The pattern that is read back; None where it is dark.
        trouble: Why it could not be read back.
    """

    asked: LampPattern | None
    lit: LampPattern | None
    trouble: Trouble | None = None


def check(facts: LampFacts) -> CheckResult:
    """Judge the lamp."""
    if facts.asked is None:
        trouble = facts.trouble or Trouble("failed", "it cannot be read back")
        return warn(NAME, trouble.code, trouble.detail)
    if facts.lit is None:
        return warn(NAME, "dark", f"it is dark where it was told {facts.asked.value}")
    if facts.lit is not facts.asked:
        told = f"it shows {facts.lit.value} where it was told {facts.asked.value}"
        return warn(NAME, "stuck", told)
    return ok(NAME, f"it shows {facts.lit.value}, as told")
