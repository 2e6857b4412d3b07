"""Is this recorder somebody's, by the bureau's word, and theirs who would use it now?

Answers A1, A3, A4, M2.

Owns the judgement of assignment, roster, revocation, faults that stop its use, and the
certificate's term. Refuses to judge a term by a clock that nobody vouches for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agent.preflight.results import Trouble, ok, refuse, warn
from agent.preflight.stop_use import StopUse
from agent.vault.messages import CheckResult
from evidence.assignment import Assignment, Standing
from evidence.moments import utc_ns, utc_text

NAME: Final = "custody"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyFacts:
    """Whose the recorder is.

    Attributes:
        assignment: The bureau's word in force; None where it has never said one.
        users: Whom a session that began now would name; nobody: the custodian.
        stop_use: The fault after which it must not be used, unless that word has lifted it.
        revoked: Whether the rulebook's ``custody.revoked`` names it.
        utc_ns: The wall clock, nanoseconds since 1970.
        clock_sure: Whether that clock can be held against a term.
        certified_until_ns: End of the signing certificate.
        trouble: Why the bureau's word cannot be read.
    """

    assignment: Assignment | None
    users: tuple[str, ...] = ()
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
    if facts.clock_sure and word.until is not None and facts.utc_ns >= utc_ns(word.until):
        lapsed = f"assigned until {word.until}: have the bureau extend it"
        return refuse(NAME, "lapsed", lapsed, word.number)
    return _off_roster(facts, word) or _in_order(facts, word)


def _off_roster(facts: CustodyFacts, word: Assignment) -> CheckResult | None:
    """Nobody of those who would use it may, or not any more."""
    now = utc_text(facts.utc_ns) if facts.clock_sure else None
    if not facts.users or word.may_use(facts.users, now):
        return None
    named = ", ".join(facts.users)
    if word.may_use(facts.users, None):
        over = f"{named} may use it no longer: have the bureau extend it"
        return refuse(NAME, "roster_over", over, word.number)
    stranger = f"{named} may not use it, {word.custodian} has it: have the bureau name them"
    return refuse(NAME, "off_roster", stranger, word.number)


def _in_order(facts: CustodyFacts, word: Assignment) -> CheckResult:
    """It may be used; a certificate whose term is over is said, if the clock can tell."""
    if facts.clock_sure and facts.utc_ns >= facts.certified_until_ns:
        expired = "the signing certificate has expired: enrol it again"
        return warn(NAME, "expired", expired, word.number)
    return ok(NAME, f"assigned to {word.custodian}, approval {word.approval}", word.number)


def _nobody_s(word: Assignment | None) -> CheckResult:
    if word is None or word.standing is Standing.UNASSIGNED:
        number = None if word is None else word.number
        unassigned = "nobody's: have the bureau assign the recorder"
        return refuse(NAME, "unassigned", unassigned, number)
    because = word.because or "no reason told"
    if word.standing is Standing.FROZEN:
        return refuse(NAME, "frozen", f"under repair or stopped ({because})", word.number)
    return refuse(NAME, "ended", f"lost, revoked or retired ({because})", word.number)
