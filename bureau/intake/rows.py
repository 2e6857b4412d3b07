"""What the ledger says of a session and of a receipt.

Owns the rows' words. Refuses to write them: ``bureau.ledger`` does.
"""

from __future__ import annotations

from typing import Final

from bureau.intake.holdings import Holdings
from bureau.intake.rulebooks import Rulebooks
from bureau.ledger import ReceiptRow, SessionRow
from bureau.receipts import Issued
from evidence import jws
from evidence.digests import sha256_hex
from evidence.limits import MAX_RECEIPT_BYTES
from evidence.moments import utc_ns, utc_text
from evidence.verify import Verdict

COMMITTED: Final = "committed"
STORED: Final = "stored"
QUARANTINED: Final = "quarantined"

_HOUR_NS: Final = 3_600 * 1_000_000_000


def session_row(holdings: Holdings, sid: str, verdict: Verdict, rulebooks: Rulebooks) -> SessionRow:
    """The row of a session whose journal was verified, as it stands after that.

    Raises:
        RefusedError: The journal is not here.
    """
    summary, files = holdings.summary(sid), holdings.files(sid)
    hours = rulebooks.number(summary.rulebook, "upload.deadline_hours")
    deadline = None if hours is None else utc_text(utc_ns(summary.ended) + hours * _HOUR_NS)
    return SessionRow(
        device=holdings.device,
        sid=sid,
        counter=summary.counter,
        officer=summary.officer,
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
    )


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
