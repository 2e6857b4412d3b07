"""The root document: who may sign rulebooks, how many of them it takes, and who may replace it.

Owns its fields, signed by the bureau's CA, and the judgement on its successor. Refuses a threshold
that its keys cannot reach, and a successor that the keys kept offline have not signed: whoever has
the CA's key, which works online, cannot hand a recorder another root.
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

LEAST_OFFLINE: Final = 2
"""Signatures of offline keys that a successor takes at least: one stolen key changes nothing."""
MOST_OFFLINE: Final = 5

_AUTHORITY: Final[s.Schema] = {
    "threshold": s.integer(LEAST_OFFLINE, MOST_OFFLINE),
    "keys": s.many(s.jwk, least=LEAST_OFFLINE, most=MOST_OFFLINE),
}
_ROOT: Final[s.Schema] = {
    **VALIDITY,
    "type": s.one_of("root"),
    "threshold": s.integer(1, MOST_SIGNERS),
    "keys": s.many(s.jwk, least=1, most=MOST_SIGNERS),
    "authority": s.May(s.fields(_AUTHORITY)),
}

Keys = Mapping[str, ec.EllipticCurvePublicKey]
"""Thumbprint → key, in the document's order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """The offline keys: ``threshold`` of ``keys`` sign the next root document."""

    threshold: int
    keys: Keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """Who may sign rulebooks: ``threshold`` of ``keys``.

    Attributes:
        authority: Who, besides the CA, signs the next root; None in roots of before there were
            offline keys: the CA alone follows those.
    """

    version: int
    threshold: int
    keys: Keys
    not_before: str
    expires: str
    authority: Authority | None = None


def sign_root(payload: JsonObject, ca_signer: jws.Signer, *offline: jws.Signer) -> bytes:
    """Sign a root document by the bureau's CA key and by offline keys.

    Args:
        payload: The document.
        ca_signer: The CA's key.
        offline: For a document with an ``authority``: enough of its own keys, and of those of
            the document before it.

    Raises:
        RulebookError: The payload is not a root document.
    """
    check_document(_ROOT, payload)
    return sign_envelope(payload, [ca_signer, *offline], jws.TYP_ROOT)


def read_root(envelope: bytes, ca: x509.Certificate) -> Root:
    """Verify and read a root document against the pinned CA.

    Raises:
        RulebookError: Not a root document, not signed by the CA, or not by enough of the offline
            keys that it names itself.
    """
    ca_key = keys.public_key_of(ca)
    signer = {keys.thumbprint(keys.to_jwk(ca_key)): ca_key}
    payload = open_envelope(envelope, signer, 1, jws.TYP_ROOT)
    check_document(_ROOT, payload)
    root = Root(
        version=payload["version"],
        threshold=payload["threshold"],
        keys=_keys(payload),
        not_before=payload["not_before"],
        expires=payload["expires"],
        authority=_authority(payload),
    )
    if root.authority is not None:
        _check_apart(root.authority, root.keys, signer)
        _check_signed(envelope, root.authority)
    return root


def check_rotation(old_envelope: bytes, new_envelope: bytes, ca: x509.Certificate) -> Root:
    """Judge whether a root document may follow the one that is held.

    A successor has a higher version; one that was missed may be skipped as long as enough of the
    keys that were trusted then have signed the one that comes.

    Args:
        old_envelope: The one held, which verified when it was taken.
        new_envelope: The one that came; the same bytes are no change.
        ca: The pinned bureau CA.

    Returns:
        The new one.

    Raises:
        RulebookError: It may not: not signed by the CA, an older version or another of the same,
            too few signatures of the offline keys of either, or it does without such keys.
    """
    old, new = read_root(old_envelope, ca), read_root(new_envelope, ca)
    if new_envelope == old_envelope:
        return new
    if new.version <= old.version:
        raise RulebookError(
            f"root version {new.version} does not follow version {old.version}, which is held"
        )
    if old.authority is not None:
        if new.authority is None:
            raise RulebookError("a root with offline keys is not followed by one without")
        _check_signed(new_envelope, old.authority)
    return new


def _authority(payload: JsonObject) -> Authority | None:
    part = payload.get("authority")
    if part is None:
        return None
    return Authority(threshold=part["threshold"], keys=_keys(part))


def _keys(part: JsonObject) -> Keys:
    try:
        known = {keys.thumbprint(jwk): keys.from_jwk(jwk) for jwk in part["keys"]}
    except EvidenceError as error:
        raise RulebookError(f"a root key is unusable: {error.detail}") from error
    if len(known) != len(part["keys"]) or part["threshold"] > len(known):
        raise RulebookError("root keys must differ and be at least as many as the threshold")
    return known


def _check_apart(authority: Authority, *others: Keys) -> None:
    """A key that works every day is no offline key."""
    for other in others:
        if authority.keys.keys() & other.keys():
            raise RulebookError("an offline key must have no other use")


def _check_signed(envelope: bytes, authority: Authority) -> None:
    try:
        open_envelope(envelope, authority.keys, authority.threshold, jws.TYP_ROOT)
    except RulebookError as error:
        raise RulebookError(f"offline keys of the root: {error.detail}") from error
