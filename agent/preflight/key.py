"""Can this recorder sign?

Answers B1: key usable.

Owns the judgement of a signature that was made just for this and verified. Refuses a key that
signs with other keys than the certificate names: such a signature proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agent.preflight.results import Trouble, ok, refuse
from agent.vault.messages import CheckResult

NAME: Final = "key"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFacts:
    """What became of the signature.

    Attributes:
        verified: Whether it verifies under the public key that the bureau's certificate names.
        milliseconds: How long it took.
        trouble: Why there was no signature, or no certificate to verify it by.
    """

    verified: bool
    milliseconds: int
    trouble: Trouble | None = None


def check(facts: KeyFacts) -> CheckResult:
    """Judge the key; the value is milliseconds."""
    if facts.trouble is not None:
        return refuse(NAME, facts.trouble.code, facts.trouble.detail)
    if not facts.verified:
        wrong = "its signature does not verify under the certified key"
        return refuse(NAME, "wrong", wrong, facts.milliseconds)
    return ok(NAME, f"signed and verified in {facts.milliseconds} ms", facts.milliseconds)
