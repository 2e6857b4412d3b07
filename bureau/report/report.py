"""What a report of one session holds.

Owns finding session, rulebook, plan and explanations at the bureau. Refuses a plan that is not the
one sealed into the session, and a rulebook that is not the one it was opened under.
"""

from __future__ import annotations

from dataclasses import dataclass

from bureau.errors import ReportError
from bureau.intake.case import bundle_of
from bureau.intake.stores import Office
from bureau.ledger import ExplanationRow
from bureau.plans.draft import Draft
from bureau.report.moments import Moment, moments_of
from evidence import rulebook
from evidence.assignment import Assignment
from evidence.compliance import RowResult, State, assess
from evidence.compliance.reading import Reading
from evidence.digests import sha256_hex
from evidence.errors import EvidenceError
from evidence.rulebook import Rulebook
from evidence.verify import Bundle, Verdict, verify


@dataclass(frozen=True, kw_only=True)
class Report:
    """One session, judged by every row.

    Attributes:
        device: Whose.
        sid: Session id.
        made: UTC, when the report was made.
        verdict: What verifying it gave.
        book: The rulebook it was opened under.
        rows: One result for each row of the rules.
        activity: Activity code.
        officers: Ids of the officers; empty where none is named.
        plan: The plan in clear; None without one, or where it is not the one that was sealed.
        explanations: What was explained in writing, oldest first.
        moments: What happened, in order.
        journal_sha256: Digest of the journal: which session this is about.
    """

    device: str
    sid: str
    made: str
    verdict: Verdict
    book: Rulebook
    rows: list[RowResult]
    activity: str
    officers: tuple[str, ...]
    plan: Draft | None
    explanations: list[ExplanationRow]
    moments: list[Moment]
    journal_sha256: str

    def of(self, state: State) -> list[RowResult]:
        """The rows in that state."""
        return [row for row in self.rows if row.state is state]


def make_report(office: Office, device: str, sid: str) -> Report:
    """Judge one session with everything the bureau holds of it.

    Args:
        office: The bureau's books.
        device: Whose session.
        sid: Session id.

    Raises:
        ReportError: ``no_session``: it is not in the archive; ``no_rulebook``: its rulebook is not
            here, or not one.
    """
    try:
        bundle = bundle_of(office.archive, office.book, office.rulebooks, device, sid)
    except OSError as error:
        raise ReportError(f"session {sid} is not in the archive", code="no_session") from error
    book = _book(bundle, office)
    reading, made = Reading(bundle), office.clock.utc()
    verdict = verify(bundle, office.ca)
    plan = _plan(office, reading)
    facts = None if plan is None else plan.particulars
    opened = {} if reading.opened is None else reading.opened.payload
    return Report(
        device=device,
        sid=sid,
        made=made,
        verdict=verdict,
        book=book,
        rows=assess(
            bundle, verdict, book, facts, now=made, assignment=_word(office, device, opened)
        ),
        activity=str(opened.get("activity", "")),
        officers=_officers(opened),
        plan=plan,
        explanations=office.ledger.explanations(sid),
        moments=moments_of(reading),
        journal_sha256=sha256_hex(bundle.journal),
    )


def _book(bundle: Bundle, office: Office) -> Rulebook:
    if bundle.rulebook is None or bundle.root is None:
        raise ReportError("the rulebook of this session is not here", code="no_rulebook")
    try:
        return rulebook.read_rulebook(bundle.rulebook, rulebook.read_root(bundle.root, office.ca))
    except EvidenceError as error:
        raise ReportError(error.detail, code="no_rulebook") from error


def _plan(office: Office, reading: Reading) -> Draft | None:
    """The plan in clear, if what the bureau published is what the device sealed in."""
    opened = None if reading.opened is None else reading.opened.payload
    plan_id = None if opened is None else opened.get("plan_id")
    if opened is None or plan_id is None or opened["plan"] is None:
        return None
    signed = office.plans.find(plan_id)
    if signed is None or signed.plan.sealed_sha256 != opened["plan"]["sha256"]:
        return None
    return office.plans.draft(plan_id)


def _word(office: Office, device: str, opened: dict[str, object]) -> Assignment | None:
    """The assignment that the session names; None where provisioning left none of that number."""
    number = opened.get("assignment")
    return office.words.assignment(device, number) if isinstance(number, int) else None


def _officers(opened: dict[str, object]) -> tuple[str, ...]:
    named = opened.get("officers") or [opened.get("officer")]
    return tuple(str(one) for one in named if one) if isinstance(named, list) else ()
