"""Is the bureau's rulebook (本单位办法) in force?

Owns the judgement of its term. Refuses to refuse over a term: only a rulebook that cannot be read
or trusted at all refuses, since then nobody says for whom to seal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agent.preflight.results import Trouble, ok, refuse, warn
from agent.vault.messages import CheckResult

NAME: Final = "rulebook"
SOON_DAYS: Final = 14

_DAY_NS: Final = 24 * 3_600 * 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RulebookFacts:
    """The rulebook in force.

    Attributes:
        version: Its version; None where there is none that can be trusted.
        not_before_ns: Begin of its term.
        expires_ns: End of its term.
        utc_ns: The wall clock, nanoseconds since 1970.
        clock_sure: Whether that clock can be held against a term.
        trouble: Why there is none.
    """

    version: int | None
    not_before_ns: int = 0
    expires_ns: int = 0
    utc_ns: int
    clock_sure: bool
    trouble: Trouble | None = None


def check(facts: RulebookFacts) -> CheckResult:
    """Judge the rulebook; the value is its version."""
    if facts.version is None:
        trouble = facts.trouble or Trouble("failed", "there is no rulebook")
        return refuse(NAME, trouble.code, trouble.detail)
    told = f"version {facts.version}"
    if not facts.clock_sure:
        return ok(NAME, f"{told}; its term cannot be told without a sure clock", facts.version)
    if facts.utc_ns < facts.not_before_ns:
        return warn(NAME, "early", f"{told} is not in force yet", facts.version)
    days = (facts.expires_ns - facts.utc_ns) // _DAY_NS
    if days < 0:
        return warn(NAME, "expired", f"{told} expired {-days} days ago", facts.version)
    if days < SOON_DAYS:
        return warn(NAME, "expiring", f"{told} expires in {days} days", facts.version)
    return ok(NAME, f"{told}, for {days} more days", facts.version)
