"""The envelope of a signed policy document: JWS JSON general serialization (RFC 7515 §7.2.1).

Owns signing one payload by several keys and counting the signatures that are valid. Refuses to know
what is inside: root document and rulebook have their own modules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from evidence import canonical, jws
from evidence import schema as s
from evidence.canonical import JsonObject
from evidence.errors import EvidenceError, RulebookError, SignatureError
from evidence.limits import MAX_RULEBOOK_BYTES
from evidence.moments import utc_ns

MOST_SIGNERS: Final = 16
VALIDITY: Final[s.Schema] = {"version": s.integer(1), "not_before": s.utc, "expires": s.utc}

_ENVELOPE: s.Schema = {
    "payload": s.string,
    "signatures": s.many(
        s.fields({"protected": s.token, "signature": s.token}),
        least=1,
        most=MOST_SIGNERS,
    ),
}


def sign_envelope(payload: JsonObject, signers: Sequence[jws.Signer], typ: str) -> bytes:
    """Sign ``payload`` by each signer."""
    body = jws.encode(canonical.dumps(payload))
    signatures = []
    for signer in signers:
        protected = jws.protected_header(typ, signer.kid)
        signature = jws.encode(signer.sign(protected + b"." + body)).decode()
        signatures.append({"protected": protected.decode(), "signature": signature})
    return canonical.dumps({"payload": body.decode(), "signatures": signatures})


def open_envelope(
    envelope: bytes,
    known: Mapping[str, ec.EllipticCurvePublicKey],
    threshold: int,
    typ: str,
) -> JsonObject:
    """The payload, once ``threshold`` different known keys have signed it.

    Raises:
        RulebookError: No envelope, or too few signatures.
    """
    try:
        outer = canonical.loads(envelope, limit=MAX_RULEBOOK_BYTES)
        s.check_fields(_ENVELOPE, outer, "envelope")
        body = outer["payload"].encode()
        valid = {_valid_signer(item, body, known, typ) for item in outer["signatures"]} - {None}
        payload = canonical.loads(jws.decode(body), limit=MAX_RULEBOOK_BYTES)
    except EvidenceError as error:
        raise RulebookError(error.detail) from error
    if len(valid) < threshold:
        raise RulebookError(f"{len(valid)} valid signatures where {threshold} are needed")
    return payload


def check_document(schema: s.Schema, payload: JsonObject) -> None:
    """Check the fields of a document, and that it expires after it begins.

    Raises:
        RulebookError: A field is missing, unknown or wrong.
    """
    try:
        s.check_fields(schema, payload, "document")
    except EvidenceError as error:
        raise RulebookError(error.detail) from error
    if utc_ns(payload["not_before"]) >= utc_ns(payload["expires"]):
        raise RulebookError("a document expires after it begins")


def _valid_signer(
    item: Mapping[str, str],
    body: bytes,
    known: Mapping[str, ec.EllipticCurvePublicKey],
    typ: str,
) -> str | None:
    """The thumbprint that validly signed, or None: a foreign signature adds nothing."""
    protected = item["protected"].encode()
    header = canonical.loads(jws.decode(protected), limit=MAX_RULEBOOK_BYTES)
    jws.check_header(header, typ)
    key = known.get(header["kid"])
    if key is None:
        return None
    try:
        jws.check_signature(key, protected + b"." + body, jws.decode(item["signature"].encode()))
    except SignatureError:
        return None
    return str(header["kid"])
