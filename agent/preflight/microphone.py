"""Does the microphone hear?

Answers B1: 确保无故障.

Owns the floors below which a room's sound is no sound. Refuses to guess from a room that is merely
quiet: every living microphone has noise of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agent.preflight.results import Trouble, ok, warn
from agent.vault.messages import CheckResult

NAME: Final = "microphone"
DEAD_MDB: Final = -90_000
"""Thousandths of dBFS. One step of 16 bits is -90 dB: below it the samples say nothing."""
FAINT_MDB: Final = -72_000
"""A microphone's own noise lies above this; below it something covers the hole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MicrophoneFacts:
    """What was heard of the room.

    Attributes:
        level_mdb: Level in thousandths of dBFS; None where no sound came.
        trouble: Why none came, where that is known.
    """

    level_mdb: int | None
    trouble: Trouble | None = None


def check(facts: MicrophoneFacts) -> CheckResult:
    """Judge the microphone; the value is the level."""
    if facts.level_mdb is None:
        trouble = facts.trouble or Trouble("silent", "the microphone delivers nothing")
        return warn(NAME, trouble.code, trouble.detail)
    level = f"{facts.level_mdb / 1_000:.1f} dBFS"
    if facts.level_mdb <= DEAD_MDB:
        return warn(NAME, "dead", f"{level}: there is no sound in the samples", facts.level_mdb)
    if facts.level_mdb < FAINT_MDB:
        return warn(NAME, "faint", f"{level}: is the microphone covered?", facts.level_mdb)
    return ok(NAME, level, facts.level_mdb)
