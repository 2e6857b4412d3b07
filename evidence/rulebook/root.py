"""The root document: who may sign rulebooks, and how many of them it takes.

Owns its fields, signed by the bureau's CA. Refuses a threshold that its keys cannot reach.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from evidence import jws, keys
from evidence import schema as s
from evidence.canonical import JsonObject
from evidence.errors import EvidenceError, RulebookError
from evidence.rulebook.envelope import (
    MOST_SIGNERS,
    VALIDITY,
    check_document,
    open_envelope,
    sign_envelope,
)

_ROOT: Final[s.Schema] = {
    **VALIDITY,
    "type": s.one_of("root"),
    "threshold": s.integer(1, MOST_SIGNERS),
    "keys": s.many(s.jwk, least=1, most=MOST_SIGNERS),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """Who may sign rulebooks: ``threshold`` of ``keys`` (thumbprint → key)."""

    version: int
    threshold: int
    keys: Mapping[str, ec.EllipticCurvePublicKey]
    not_before: str
    expires: str


def sign_root(payload: JsonObject, ca_signer: jws.Signer) -> bytes:
    """Sign a root document by the bureau's CA key.

    Raises:
        RulebookError: The payload is not a root document.
    """
    check_document(_ROOT, payload)
    return sign_envelope(payload, [ca_signer], jws.TYP_ROOT)


def read_root(envelope: bytes, ca: x509.Certificate) -> Root:
    """Verify and read a root document against the pinned CA.

    Raises:
        RulebookError: Not a root document, or not signed by the CA.
    """
    ca_key = keys.public_key_of(ca)
    signer = {keys.thumbprint(keys.to_jwk(ca_key)): ca_key}
    payload = open_envelope(envelope, signer, 1, jws.TYP_ROOT)
    check_document(_ROOT, payload)
    try:
        known = {keys.thumbprint(jwk): keys.from_jwk(jwk) for jwk in payload["keys"]}
    except EvidenceError as error:
        raise RulebookError(f"a root key is unusable: {error.detail}") from error
    if len(known) != len(payload["keys"]) or payload["threshold"] > len(known):
        raise RulebookError("root keys must differ and be at least as many as the threshold")
    return Root(
        version=payload["version"],
        threshold=payload["threshold"],
        keys=known,
        not_before=payload["not_before"],
        expires=payload["expires"],
    )
