"""The bureau's signed receipt: the only thing that may ever free space on a device.

Owns the receipt's fields, signing it, and reading one that was reached from the pinned CA. Refuses
the decision to
release: ``agent.vault.custody`` compares the receipt with what it holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast

from cryptography import x509

from evidence import jws, keys
from evidence import schema as s
from evidence.canonical import JsonObject
from evidence.errors import ReceiptError, RecordError
from evidence.limits import MAX_FILES, MAX_RECEIPT_BYTES

ReceiptKind = Literal["committed", "stored"]

_SCHEMA: s.Schema = {
    "v": s.integer(1, 1),
    "kind": s.one_of("committed", "stored"),
    "dev": s.device,
    "sid": s.session,
    "counter": s.natural,
    "journal_sha256": s.sha256,
    "root": s.sha256,
    "files": s.many(
        s.fields({"name": s.file_name, "size": s.natural, "sha256": s.sha256}),
        most=MAX_FILES,
    ),
    "serial": s.natural,
    "prev_receipt_sha256": s.sha256,
    "stored_at": s.utc,
    "retain_until": s.optional(s.utc),
}


@dataclass(frozen=True, slots=True)
class ReceiptedFile:
    """One file that a receipt names: its name, size in bytes and hex SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the bureau says it holds of one session.

    Attributes:
        kind: ``committed`` (journal verified, nothing may be freed) or ``stored`` (every file
            archived).
        dev: Device id.
        sid: Session id.
        counter: The session's device counter.
        journal_sha256: Hex digest of the whole journal.
        root: Merkle root of the ``close`` record.
        files: Every file of the session, journal included, by name.
        serial: The bureau's running number of receipts.
        prev_receipt_sha256: Digest of the receipt before, 64 zeros for the first.
        stored_at: UTC, RFC 3339.
        retain_until: UTC, or None while the bureau's rulebook does not say.
    """

    kind: ReceiptKind
    dev: str
    sid: str
    counter: int
    journal_sha256: str
    root: str
    files: tuple[ReceiptedFile, ...]
    serial: int
    prev_receipt_sha256: str
    stored_at: str
    retain_until: str | None


def sign_receipt(receipt: Receipt, signer: jws.Signer, certificate: x509.Certificate) -> bytes:
    """Sign ``receipt`` with the bureau's receipt key; the certificate travels in the header."""
    payload: JsonObject = {
        "v": 1,
        "kind": receipt.kind,
        "dev": receipt.dev,
        "sid": receipt.sid,
        "counter": receipt.counter,
        "journal_sha256": receipt.journal_sha256,
        "root": receipt.root,
        "files": [
            {"name": file.name, "size": file.size, "sha256": file.sha256} for file in receipt.files
        ],
        "serial": receipt.serial,
        "prev_receipt_sha256": receipt.prev_receipt_sha256,
        "stored_at": receipt.stored_at,
        "retain_until": receipt.retain_until,
    }
    s.check_fields(_SCHEMA, payload, "receipt")
    x5c = [keys.certificate_text(certificate)]
    return jws.sign(payload, signer, jws.TYP_RECEIPT, x5c)


def read_receipt(token: bytes, ca: x509.Certificate) -> Receipt:
    """Verify and read a receipt.

    Args:
        token: The receipt's bytes as received.
        ca: The pinned bureau CA.

    Raises:
        MalformedError: Not a receipt at all.
        CertificateError: The key was not reached from the CA for signing receipts.
        SignatureError: The signature does not fit.
        ReceiptError: Signed, but its fields are not a receipt's.
    """
    parsed = jws.parse(token, jws.TYP_RECEIPT, limit=MAX_RECEIPT_BYTES)
    x5c = parsed.header.get("x5c")
    if not isinstance(x5c, list):
        raise ReceiptError("a receipt carries the certificate of its key")
    leaf = keys.reach(x5c, ca, keys.EKU_RECEIPT_SIGNING)
    key = keys.public_key_of(leaf)
    if parsed.kid != keys.thumbprint(keys.to_jwk(key)):
        raise ReceiptError("the receipt's kid names another key than its certificate")
    parsed.verify(key)
    return _from_payload(parsed.payload())


def _from_payload(payload: JsonObject) -> Receipt:
    try:
        s.check_fields(_SCHEMA, payload, "receipt")
    except RecordError as error:
        raise ReceiptError(error.detail) from error
    values: dict[str, Any] = {name: payload[name] for name in _SCHEMA if name not in ("v", "files")}
    files = tuple(
        ReceiptedFile(file["name"], file["size"], file["sha256"]) for file in payload["files"]
    )
    if len({file.name for file in files}) != len(files):
        raise ReceiptError("the receipt names a file twice")
    values["kind"] = cast("ReceiptKind", values["kind"])
    return Receipt(files=files, **values)
