"""Is this recorder somebody's, by the bureau's word?

Answers A1, A3, A4.

Owns the judgement of assignment, revocation and the certificate's term. Refuses to judge a term by
a clock that nobody vouches for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agent.preflight.results import Trouble, ok, refuse, warn
from agent.vault.messages import CheckResult

NAME: Final = "custody"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyFacts:
    """Whose the recorder is.

    Attributes:
        custodian: Who answers for it (使用人); None where nobody does.
        revoked: Whether the rulebook's ``custody.revoked`` names it.
        utc_ns: The wall clock, nanoseconds since 1970.
        clock_sure: Whether that clock can be held against a term.
        certified_until_ns: End of the signing certificate, which the bureau issued on approval.
        approved: Whether an approval is held where ``equip.approval`` asks for one; True where it
            asks for none.
        trouble: Why it could not be told.
    """

    custodian: str | None
    revoked: bool
    utc_ns: int
    clock_sure: bool
    certified_until_ns: int
    approved: bool = True
    trouble: Trouble | None = None


def check(facts: CustodyFacts) -> CheckResult:
    """Judge custody and approval."""
    if facts.revoked:
        return refuse(NAME, "revoked", "the bureau has revoked this recorder in its rulebook")
    if facts.trouble is not None:
        return warn(NAME, facts.trouble.code, facts.trouble.detail)
    if facts.custodian is None:
        return refuse(NAME, "unassigned", "no custodian: have the bureau assign the recorder")
    if not facts.approved:
        return warn(NAME, "unapproved", "the rulebook asks for an approval that is not held")
    if facts.clock_sure and facts.utc_ns >= facts.certified_until_ns:
        return warn(NAME, "expired", "the signing certificate has expired: enrol it again")
    return ok(NAME, f"assigned to {facts.custodian}")
