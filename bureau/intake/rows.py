"""What the ledger says of a session and of a receipt.

Owns the rows' words. Refuses to write them: ``bureau.ledger`` does.
"""

from __future__ import annotations

from typing import Final

from bureau.intake.holdings import Holdings
from bureau.intake.stores import Office
from bureau.ledger import ReceiptRow, SessionRow
from bureau.plans.link import link
from bureau.receipts import Issued
from evidence import jws, marks
from evidence.digests import sha256_hex
from evidence.limits import MAX_RECEIPT_BYTES
from evidence.moments import utc_ns, utc_text
from evidence.verify import Verdict

COMMITTED: Final = "committed"
STORED: Final = "stored"
QUARANTINED: Final = "quarantined"

_TEXT_HOURS: Final = 24
"""Where the session's rulebook is not here (S0§20)."""
_HOUR_NS: Final = 3_600 * 1_000_000_000


def session_row(holdings: Holdings, sid: str, verdict: Verdict, office: Office) -> SessionRow:
    """The row of a session whose journal was verified, as it stands after that.

    Raises:
        RefusedError: The journal is not here.
    """
    summary, files = holdings.summary(sid), holdings.files(sid)
    rulebooks = office.rulebooks
    least = rulebooks.number(summary.rulebook, "officers.min") or 1
    linked = link(summary, office.plans, least_officers=least)
    said = linked.said
    hours = rulebooks.number(summary.rulebook, "upload.deadline_hours")
    deadline = None if hours is None else utc_text(utc_ns(summary.ended) + hours * _HOUR_NS)
    return SessionRow(
        device=holdings.device,
        sid=sid,
        counter=summary.counter,
        officer=summary.officer or next(iter(linked.officers), None),
        custodian=summary.custodian,
        activity=summary.activity,
        started=summary.started,
        ended=summary.ended,
        reason=summary.reason,
        segments=summary.segments,
        interruptions=summary.interruptions,
        disclosure=summary.disclosure,
        files=len(files),
        size=sum(file.size for file in files),
        state=COMMITTED,
        verdict=verdict.judgement.value,
        deadline=deadline,
        stored=None,
        officers=",".join(linked.officers),
        plan_id=linked.plan_id,
        plan_state=linked.state,
        matter=said.matter if said else None,
        party=said.party if said else None,
        place=said.place if said else None,
        people=linked.people,
        previous=summary.previous,
        owes=",".join(linked.owes),
        explain_by=None,
        secrecy=_secrecy(holdings, sid),
        docking=_doubts(office, holdings.device),
    )


def _doubts(office: Office, device: str) -> str:
    """What was found at the dock and not settled: the session is received, and marked."""
    rows = office.ledger.dockings(device, suspect=True)
    return ",".join(sorted({code for row in rows for code in row.codes.split(",")}))


def _secrecy(holdings: Holdings, sid: str) -> str:
    """The higher of what the officer marked and what the recorder's log says; empty for none."""
    told = (holdings.summary(sid).secrecy, holdings.claim(sid).secrecy)
    return marks.secrecy_of(marks.OF_CLASS + one for one in told if one) or ""


def mark_stored(row: SessionRow, at: str, holdings: Holdings, office: Office) -> None:
    """Enter that a session is archived; from then on runs the time for what it owes (S0§20)."""
    rulebook = holdings.summary(row.sid).rulebook
    hours = office.rulebooks.number(rulebook, "text_entry.deadline_hours") or _TEXT_HOURS
    row.state, row.stored = STORED, at
    row.explain_by = utc_text(utc_ns(at) + hours * _HOUR_NS) if row.owes else None


def receipt_row(issued: Issued) -> ReceiptRow:
    """The row of a receipt that no device has acknowledged yet."""
    return ReceiptRow(
        serial=issued.serial,
        device=issued.device,
        sid=issued.sid,
        kind=issued.kind,
        sha256=sha256_hex(issued.read()),
        acknowledged=None,
    )


def stored_at(issued: Issued) -> str:
    """When a receipt of this bureau says that it was signed."""
    said = jws.parse(issued.read(), jws.TYP_RECEIPT, limit=MAX_RECEIPT_BYTES).payload()
    return str(said["stored_at"])
