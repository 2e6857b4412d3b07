"""Is a button stuck?

Answers B1: 确保无故障.

Owns how long a finger may rest on a button. Refuses to prove a dead one: only a press does that,
and every press is a signed record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agent.preflight.results import Trouble, ok, warn
from agent.vault.messages import CheckResult
from hw.types import ButtonName

NAME: Final = "buttons"


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonFacts:
    """How the buttons stand.

    Attributes:
        down: Those that were down at every look, though nobody has a reason to press them so long.
        looked_ms: From the first look to the last.
        trouble: Why they could not be read.
    """

    down: tuple[ButtonName, ...]
    looked_ms: int
    trouble: Trouble | None = None


def check(facts: ButtonFacts) -> CheckResult:
    """Judge the buttons; the value is how many are stuck."""
    if facts.trouble is not None:
        return warn(NAME, facts.trouble.code, facts.trouble.detail)
    if facts.down:
        names = ", ".join(name.value for name in facts.down)
        return warn(NAME, "stuck", f"down for {facts.looked_ms} ms: {names}", len(facts.down))
    return ok(NAME, "none is stuck", 0)
