"""Is the recorder made of the parts that its bureau knows?

Answers A9: 不得私自将设备进行拆装和更换.

Owns the comparison of what is there with what is on record. Refuses to tell two parts without
serial numbers apart: another one of the same model at the same place looks the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from agent.preflight.results import Trouble, ok, warn
from agent.vault.messages import CheckResult

NAME: Final = "parts"


@dataclass(frozen=True, slots=True)
class Made:
    """One part: its model, and its serial number where one can be read."""

    model: str
    serial: str | None

    def __str__(self) -> str:
        """As people read it."""
        return self.model if self.serial is None else f"{self.model} {self.serial}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsFacts:
    """What the recorder is made of.

    Attributes:
        known: On record, by the part's name; None before the first record.
        there: Found now.
        trouble: Why it could not be looked at.
    """

    known: Mapping[str, Made] | None
    there: Mapping[str, Made]
    trouble: Trouble | None = None


def check(facts: PartsFacts) -> CheckResult:
    """Judge the parts; the value is how many are others or missing."""
    if facts.trouble is not None:
        return warn(NAME, facts.trouble.code, facts.trouble.detail)
    known = facts.known or {}
    swapped = [name for name in known if name in facts.there and known[name] != facts.there[name]]
    missing = [name for name in known if name not in facts.there]
    if swapped:
        told = "; ".join(f"{name}: {known[name]}, now {facts.there[name]}" for name in swapped)
        return warn(NAME, "swapped", told, len(swapped) + len(missing))
    if missing:
        return warn(NAME, "missing", ", ".join(missing), len(missing))
    return ok(NAME, f"all {len(facts.there)} are those on record", 0)
