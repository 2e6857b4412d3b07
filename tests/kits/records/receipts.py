"""Receipts as the bureau's desk would sign them, and as somebody else would."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography import x509

from evidence import journal, manifest, receipt
from evidence.digests import ZERO_SHA256, sha256_hex
from evidence.receipt import Receipt, ReceiptedFile
from evidence.store.signers import file_signer

STORED_AT = "2026-11-21T04:00:00.000000Z"


def receipt_for(device: str, folder: Path, kind: str = "stored", **changes: Any) -> Receipt:
    """The receipt a desk would sign that has verified everything in ``folder``."""
    content = (folder / "journal.jws").read_bytes()
    records = journal.payloads(content)
    files = [ReceiptedFile("journal.jws", len(content), sha256_hex(content))]
    files += [
        ReceiptedFile(file.name, file.facts.size, file.facts.sha256)
        for file in manifest.files_of(journal.split(content).complete)
    ]
    honest = Receipt(
        kind="stored" if kind == "stored" else "committed",
        dev=device,
        sid=folder.name,
        counter=records[0]["counter"],
        journal_sha256=sha256_hex(content),
        root=next(record for record in reversed(records) if record["t"] == "close")["root"],
        files=tuple(files),
        serial=1,
        prev_receipt_sha256=ZERO_SHA256,
        stored_at=STORED_AT,
        retain_until=None,
    )
    return replace(honest, **changes)


def signed_by(bureau: Path, one: Receipt) -> bytes:
    """``one``, signed by the receipt key of the bureau in ``bureau``."""
    certificate = x509.load_pem_x509_certificate((bureau / "certs" / "receipt.pem").read_bytes())
    return receipt.sign_receipt(one, file_signer(bureau / "keys" / "receipt.pem"), certificate)
