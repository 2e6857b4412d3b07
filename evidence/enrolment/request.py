"""What a recorder asks: its two keys, who it is and what it is made of, signed by its claim.

Owns the request's fields and proving each of its keys. Refuses a request that is not signed by the
claim it names, one key for two purposes, and a key without proof of its possession.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from evidence import jws, keys
from evidence import schema as s
from evidence.digests import sha256_hex
from evidence.errors import EnrolmentError, EvidenceError
from evidence.keys import EcSigner

TYP_REQUEST: Final = "recorder-request+jws"
MAX_REQUEST_BYTES: Final = 16 * 1024

_VERSION: Final = 1
_MOST_FACTS: Final = 16
_SERIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MODEL = re.compile(r"[^\x00-\x1f\x7f]{1,64}")
_FACT = re.compile(r"[a-z][a-z0-9_]{0,31}")


def _facts(value: object, path: str) -> None:
    if not isinstance(value, dict) or len(value) > _MOST_FACTS:
        raise s.refuse(path, f"at most {_MOST_FACTS} facts")
    for name, held in value.items():
        if _FACT.fullmatch(name) is None:
            raise s.refuse(path, "names of facts")
        s.natural(held, f"{path}.{name}")


serial = s.matching(_SERIAL, "a serial number (1 to 64 letters, digits, '.', '_' and '-')")
_REQUEST: Final[s.Schema] = {
    "v": s.integer(_VERSION, _VERSION),
    "claim": s.jwk,
    "device": s.device,
    "serial": serial,
    "board": s.code,
    "model": s.matching(_MODEL, "a model's name (1 to 64 characters)"),
    "facts": _facts,
    "signing": s.token,
    "tls": s.token,
    "commit": s.sha256,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a recorder asks.

    Attributes:
        device: Device id, by its seed.
        serial: Of the hardware.
        board: Kind of body, ``pi`` or ``fake``.
        model: What the hardware calls itself.
        facts: What it is made of (A2): non-negative integers by name with their unit in it.
        signing: PEM request for the signing key's certificate.
        tls: PEM request for the TLS key's certificate.
        commit: SHA-256 of the nonce that the device reveals after the desk's challenge.
    """

    device: str
    serial: str
    board: str
    model: str
    facts: Mapping[str, int]
    signing: str
    tls: str
    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A request whose signatures have been checked.

    Attributes:
        request: What it says.
        claim: Thumbprint of the claim's key that signed it; whether it is the right one, the
            bureau knows.
        sha256: Of its bytes, in hex: by this the answer names it.
        signing: Its signing key.
        tls: Its TLS key.
    """

    request: Request
    claim: str
    sha256: str
    signing: ec.EllipticCurvePublicKey
    tls: ec.EllipticCurvePublicKey


def commitment(nonce: bytes) -> str:
    """What a device says of its nonce before it reveals it."""
    return sha256_hex(nonce)


def make_request(request: Request, claim: EcSigner) -> bytes:
    """Sign ``request`` by the key that follows from the claim.

    Raises:
        EnrolmentError: A field is not what a request has.
    """
    payload = {"v": _VERSION, "claim": dict(claim.jwk), **asdict(request)}
    payload["facts"] = dict(request.facts)
    _check(payload)
    return jws.sign(payload, claim, TYP_REQUEST)


def read_request(token: bytes) -> Received:
    """Read and check a request; whether its claim is known, the bureau decides.

    Raises:
        EnrolmentError: It is too large, malformed, not signed by the claim it names, or a key of
            it is not proved.
    """
    try:
        parsed = jws.parse(token, TYP_REQUEST, limit=MAX_REQUEST_BYTES)
        payload = parsed.payload()
        _check(payload)
        parsed.verify(keys.from_jwk(payload["claim"]))
    except EvidenceError as error:
        raise EnrolmentError(error.detail) from error
    if parsed.kid != keys.thumbprint(payload["claim"]):
        raise EnrolmentError("the request names another claim than the one it is signed by")
    fields = {name: held for name, held in payload.items() if name not in ("v", "claim")}
    request = Request(**fields)
    signing = requested_key(request.signing.encode(), request.device)
    tls = requested_key(request.tls.encode(), request.device)
    if signing == tls:
        raise EnrolmentError("signing and TLS key are the same; a key has one purpose")
    sha256 = hashlib.sha256(token).hexdigest()
    return Received(request=request, claim=parsed.kid, sha256=sha256, signing=signing, tls=tls)


def requested_key(content: bytes, name: str) -> ec.EllipticCurvePublicKey:
    """The key of a certificate request that proves its possession.

    Raises:
        EnrolmentError: Not a request, for another name or kind of key, or not signed by that key.
    """
    try:
        request = x509.load_pem_x509_csr(content)
        key = request.public_key()
        signed = request.is_signature_valid
        names = [one.value for one in request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    except (ValueError, InvalidSignature) as error:
        raise EnrolmentError(f"not a certificate request: {error}") from error
    if not signed or names != [name]:
        raise EnrolmentError(f"the request is not {name}'s own")
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise EnrolmentError("only P-256 keys are enrolled")
    return key


def _check(payload: Mapping[str, object]) -> None:
    try:
        s.check_fields(_REQUEST, dict(payload), "request")
    except EvidenceError as error:
        raise EnrolmentError(error.detail) from error
