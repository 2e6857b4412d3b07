"""A report for machines, and as the bureau signs it.

Owns which fields of a report are signed. Refuses what the sealed plan says: names, party and place
stand on the printed page alone.
"""

from __future__ import annotations

from bureau.intake.stores import Office
from bureau.report.report import Report
from evidence.canonical import JsonObject
from evidence.compliance import ROWS, State, document


def to_json(report: Report) -> JsonObject:
    """The report for machines: every row."""
    verdict = report.verdict
    return {
        "v": document.VERSION,
        "device": report.device,
        "session": report.sid,
        "counter": verdict.counter,
        "journal_sha256": report.journal_sha256,
        "made": report.made,
        "judgement": verdict.judgement.value,
        "disclosure": verdict.disclosure,
        "opened": verdict.opened,
        "closed": verdict.closed,
        "activity": report.activity,
        "officers": list(report.officers),
        "plan_id": None if report.plan is None else report.plan.plan_id,
        "rulebook": {
            "bureau": report.book.word("bureau.name"),
            "version": report.book.version,
            "sha256": report.book.sha256,
        },
        "explanations": [
            {"at": one.at, "who": one.who, "reason": one.reason} for one in report.explanations
        ],
        "summary": {state.value: len(report.of(state)) for state in State},
        "rows": [{**row.to_json(), "source": ROWS[row.row].source} for row in report.rows],
    }


def signed(report: Report, office: Office) -> bytes:
    """The report as a file that the bureau's receipt key signed.

    Raises:
        EvidenceError: It is too large.
    """
    signer, certificate = office.book.signs_with
    return document.sign(to_json(report), signer, certificate)
