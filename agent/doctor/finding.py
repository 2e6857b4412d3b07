"""What a check of a protection can find.

Owns the three states and their order. Refuses a fourth: what cannot be looked at is absent, and the
detail says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique


@unique
class State(StrEnum):
    """How a protection is."""

    LIVE = "live"
    """There, and it holds."""
    ABSENT = "absent"
    """Not there: this machine goes without it."""
    BROKEN = "broken"
    """It should be there, and does not hold."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One protection as it was found.

    Attributes:
        name: Stable code, for machines; ``agent.doctor.words`` has it in Chinese.
        state: See ``State``.
        detail: What was looked at and found, in one English sentence.
    """

    name: str
    state: State
    detail: str


def live(name: str, detail: str) -> Finding:
    """It holds."""
    return Finding(name, State.LIVE, detail)


def absent(name: str, detail: str) -> Finding:
    """It is not there."""
    return Finding(name, State.ABSENT, detail)


def broken(name: str, detail: str) -> Finding:
    """It does not hold."""
    return Finding(name, State.BROKEN, detail)
