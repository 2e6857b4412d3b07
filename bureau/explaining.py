"""Explaining a session in writing (书面说明): why there was no plan, why it was interrupted.

Owns what an explanation has to say, and that it stands beside what was owed when it was given
(S0§20, S1§12, S4§5, S4§11). Refuses to change one: another may be added.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bureau.clock import Clock
from bureau.errors import ExplanationError
from bureau.ledger import ExplanationRow, Ledger, SessionRow

LONGEST_TEXT: Final = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What somebody says of a session.

    Attributes:
        who: Who says it.
        reason: What they say.
        matter: What the session was about, where no plan says so.
        party: Who was inspected, where no plan says so.
    """

    who: str
    reason: str
    matter: str | None = None
    party: str | None = None


def add_explanation(ledger: Ledger, row: SessionRow, said: Explained, clock: Clock) -> int:
    """Add an explanation to the ledger; its number.

    Raises:
        ExplanationError: It says nothing, or too much.
        LedgerError: The ledger does not take it.
    """
    texts = [said.who, said.reason, said.matter or "-", said.party or "-"]
    if not all(text.strip() for text in texts):
        raise ExplanationError("who explains it and why has to be said (--who, --reason)")
    if any(len(text) > LONGEST_TEXT for text in texts):
        raise ExplanationError(f"an explanation has at most {LONGEST_TEXT} characters")
    return ledger.explain(
        ExplanationRow(
            device=row.device,
            sid=row.sid,
            owed=row.owes,
            who=said.who.strip(),
            reason=said.reason.strip(),
            matter=said.matter,
            party=said.party,
            at=clock.utc(),
        )
    )
