"""Is this recorder somebody's, by the bureau's word?

Answers A1, A3, A4, M2.

Owns the judgement of assignment, revocation, faults that stop its use, and the certificate's term.
Refuses to judge a term by a clock that nobody vouches for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agent.preflight.results import Trouble, ok, refuse, warn
from agent.preflight.stop_use import StopUse
from agent.vault.messages import CheckResult
from evidence.assignment import Assignment, Standing
from evidence.moments import utc_ns

NAME: Final = "custody"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyFacts:
    """Whose the recorder is.

    Attributes:
        assignment: The bureau's word in force; None where it has never said one.
        stop_use: The fault after which it must not be used, unless that word has lifted it.
        revoked: Whether the rulebook's ``custody.revoked`` names it.
        utc_ns: The wall clock, nanoseconds since 1970.
        clock_sure: Whether that clock can be held against a term.
        certified_until_ns: End of the signing certificate.
        trouble: Why the bureau's word cannot be read.
    """

    assignment: Assignment | None
    stop_use: StopUse | None = None
    revoked: bool
    utc_ns: int
    clock_sure: bool
    certified_until_ns: int
    trouble: Trouble | None = None


def check(facts: CustodyFacts) -> CheckResult:
    """Judge custody; the value is the assignment's number."""
    if facts.revoked:
        return refuse(NAME, "revoked", "the bureau has revoked this recorder in its rulebook")
    if facts.trouble is not None:
        return refuse(NAME, "unreadable", facts.trouble.detail)
    word = facts.assignment
    if word is None or word.standing is not Standing.ASSIGNED:
        return _nobody_s(word)
    if facts.stop_use is not None and not facts.stop_use.is_lifted_by(word):
        fault = f"{facts.stop_use.part}: {facts.stop_use.detail}; the keeper has to clear it"
        return refuse(NAME, "stop_use", fault, word.number)
    return _over(facts, word) or ok(
        NAME, f"assigned to {word.custodian}, approval {word.approval}", word.number
    )


def _over(facts: CustodyFacts, word: Assignment) -> CheckResult | None:
    """A term that is over, if the clock can be held against one."""
    if not facts.clock_sure:
        return None
    if word.until is not None and facts.utc_ns >= utc_ns(word.until):
        lapsed = f"assigned until {word.until}: have the bureau extend it"
        return refuse(NAME, "lapsed", lapsed, word.number)
    if facts.utc_ns >= facts.certified_until_ns:
        expired = "the signing certificate has expired: enrol it again"
        return warn(NAME, "expired", expired, word.number)
    return None


def _nobody_s(word: Assignment | None) -> CheckResult:
    if word is None or word.standing is Standing.UNASSIGNED:
        number = None if word is None else word.number
        unassigned = "nobody's: have the bureau assign the recorder"
        return refuse(NAME, "unassigned", unassigned, number)
    because = word.because or "no reason told"
    if word.standing is Standing.FROZEN:
        return refuse(NAME, "frozen", f"under repair or stopped ({because})", word.number)
    return refuse(NAME, "ended", f"lost, revoked or retired ({because})", word.number)
