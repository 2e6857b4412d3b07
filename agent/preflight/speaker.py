"""Does the loudspeaker sound, so that the microphone hears it?

Answers B1: 确保无故障.

Owns the judgement of the self-test: a prompt is played and listened for, as the announcement is.
Refuses to call a part broken that could not be heard for another reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agent.preflight.results import Trouble, ok, warn
from agent.vault.messages import CheckResult

NAME: Final = "speaker"
FAINT_MDB: Final = -15_000
"""So much below this unit's own usual self-test a party may not understand it."""

_UNTESTED: Final = Trouble("untested", "the prompt was not played to its end")
_UNKNOWN: Final = Trouble("unknown", "the microphone delivered nothing to hear it by")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakerFacts:
    """What became of the self-test.

    Attributes:
        heard: Whether the microphone heard the prompt; None where there was nothing to hear.
        listened: Whether the microphone delivered sound all the same.
        complete: Whether all of it.
        level_relative_mdb: Thousandths of a dB above this unit's usual self-test; None before one.
        trouble: Why there was no self-test.
    """

    heard: bool | None
    listened: bool = False
    complete: bool = False
    level_relative_mdb: int | None = None
    trouble: Trouble | None = None


def check(facts: SpeakerFacts) -> CheckResult:
    """Judge the loudspeaker; the value is its level against the usual one."""
    level = facts.level_relative_mdb
    if facts.heard is None:
        trouble = facts.trouble or (_UNTESTED if facts.listened else _UNKNOWN)
        return warn(NAME, trouble.code, trouble.detail)
    if not facts.heard:
        return warn(NAME, "unheard", "the prompt was played and not heard", level)
    if not facts.complete:
        return warn(NAME, "partly", "only a part of the prompt was heard", level)
    if level is not None and level < FAINT_MDB:
        return warn(NAME, "faint", f"{-level / 1_000:.1f} dB less than usual", level)
    return ok(NAME, "the prompt was heard, all of it", level)
