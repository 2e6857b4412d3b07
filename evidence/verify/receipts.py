"""The bureau's receipts against the session they are for.

Owns reading both and comparing the files they name. Refuses to release anything: that is the
device's own decision (``agent.vault.custody``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cryptography import x509

from evidence import receipt
from evidence.errors import EvidenceError
from evidence.ids import JOURNAL_NAME
from evidence.receipt import Receipt, ReceiptKind
from evidence.verify.findings import Findings
from evidence.verify.media import Claim

RECEIPT_NAMES: Final[Mapping[ReceiptKind, str]] = {
    "committed": "receipt-committed.jws",
    "stored": "receipt-stored.jws",
}


def read(
    token: bytes, kind: ReceiptKind, ca: x509.Certificate, findings: Findings
) -> Receipt | None:
    """Read one receipt; None with a finding where it is none."""
    try:
        found = receipt.read_receipt(token.removesuffix(b"\n"), ca)
    except EvidenceError as error:
        findings.add("receipt_invalid", error.detail, file=RECEIPT_NAMES[kind])
        return None
    if found.kind != kind:
        findings.add("receipt_foreign", f"of kind {found.kind}", file=RECEIPT_NAMES[kind])
        return None
    return found


def is_of(
    found: Receipt,
    *,
    device: str | None,
    sid: str | None,
    counter: int | None,
    findings: Findings,
) -> bool:
    """Whether the receipt is of this session, as far as the session could be read."""
    pairs: dict[str, tuple[object, object]] = {
        "device": (found.dev, device),
        "session": (found.sid, sid),
        "counter": (found.counter, counter),
    }
    odd = [name for name, (its, ours) in pairs.items() if ours is not None and its != ours]
    if odd:
        detail = f"another {', '.join(odd)}"
        findings.add("receipt_foreign", detail, file=RECEIPT_NAMES[found.kind])
    return not odd


def check_files(found: Receipt, claims: Mapping[str, Claim], findings: Findings) -> None:
    """Compare the files it names with those of a sound journal."""
    file = RECEIPT_NAMES[found.kind]
    named = {one.name: (one.size, one.sha256) for one in found.files}
    journal = named.pop(JOURNAL_NAME, None)
    if journal is not None and journal[1] != found.journal_sha256:
        findings.add("receipt_differs", JOURNAL_NAME, file=file)
    for name, facts in named.items():
        claim = claims.get(name)
        if claim is None or claim.facts is None:
            findings.add("receipt_differs", f"{name} is not in the journal", file=file)
        elif facts != (claim.facts.size, claim.facts.sha256):
            findings.add("receipt_differs", name, file=file)
    missing = sorted(claims.keys() - named.keys())
    if found.kind == "stored" and (missing or journal is None):
        detail = ", ".join([*missing[:3], *([] if journal else [JOURNAL_NAME])])
        findings.add("receipt_incomplete", f"without {detail}", file=file)
