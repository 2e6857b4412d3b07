"""Does the medium keep what is written?

Answers B1: write, fsync and read back.

Owns the judgement of a probe that was written, synced and read back past the kernel's copy. Refuses
the probe itself: ``hw.ports.Storage.prove`` performs it, beside the store.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agent.preflight.results import Trouble, ok, refuse, warn
from agent.vault.messages import CheckResult

NAME: Final = "storage"
SLOW_MS: Final = 2_000
"""A card that takes longer for one small write is near its end; capture buffers 5 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageFacts:
    """What became of the probe.

    Attributes:
        intact: Whether the bytes that were read back are those that were written.
        milliseconds: How long it took.
        trouble: Why there was no read-back.
    """

    intact: bool
    milliseconds: int
    trouble: Trouble | None = None


def check(facts: StorageFacts) -> CheckResult:
    """Judge the medium; the value is milliseconds."""
    if facts.trouble is not None:
        return refuse(NAME, facts.trouble.code, facts.trouble.detail)
    if not facts.intact:
        lie = "other bytes were read back than were written"
        return refuse(NAME, "differs", lie, facts.milliseconds)
    told = f"written, synced and read back in {facts.milliseconds} ms"
    if facts.milliseconds > SLOW_MS:
        return warn(NAME, "slow", told, facts.milliseconds)
    return ok(NAME, told, facts.milliseconds)
