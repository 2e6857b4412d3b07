"""Compact JWS with ES256 (RFC 7515, RFC 7518 §3.4), strictly.

Owns signing and checking one line. Refuses every other algorithm, unknown header fields, high-S
signatures and non-canonical base64url, so that a signed line has exactly one spelling. Any JOSE
tool can check what this writes.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from evidence import canonical
from evidence.canonical import JsonObject
from evidence.errors import LimitError, MalformedError, SignatureError
from evidence.limits import MAX_LINE_BYTES

TYP_RECORD: Final = "recorder-evidence+jws"
TYP_CHAIN_KEY: Final = "recorder-chainkey+jws"
TYP_RECEIPT: Final = "recorder-receipt+jws"
TYP_RULEBOOK: Final = "recorder-rulebook+jws"
TYP_ROOT: Final = "recorder-root+jws"
TYP_PLAN: Final = "recorder-plan+jws"
TYP_REPORT: Final = "recorder-report+jws"
TYP_ASSIGNMENT: Final = "recorder-assignment+jws"
TYP_ENROLMENT: Final = "recorder-enrolment+jws"
TYP_CHALLENGE: Final = "recorder-challenge+jws"
TYP_ANSWER: Final = "recorder-answer+jws"
TYP_TIME: Final = "recorder-time+jws"

P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_PARTS = 3
_SIGNATURE_BYTES = 64
_HEADER_LIMIT = 8 * 1024
_REQUIRED_HEADER = {"alg", "kid", "typ"}
_ALLOWED_HEADER = _REQUIRED_HEADER | {"x5c"}


class Signer(Protocol):
    """Whatever can sign: a file key, a chain key in memory, a token."""

    @property
    def kid(self) -> str:
        """RFC 7638 thumbprint of the public key."""

    def sign(self, message: bytes) -> bytes:
        """ES256 over ``message``: 64 bytes r‖s, s in the lower half."""


@dataclass(frozen=True, slots=True)
class Jws:
    """A parsed line whose signature has not been checked yet.

    Attributes:
        raw: The line as it stands, without a newline.
        header: Protected header.
        payload_bytes: As signed.
        signature: 64 bytes r‖s.
    """

    raw: bytes
    header: JsonObject
    payload_bytes: bytes
    signature: bytes

    @property
    def kid(self) -> str:
        """Thumbprint of the key it claims to be signed with."""
        return str(self.header["kid"])

    @property
    def signing_input(self) -> bytes:
        """The bytes under the signature."""
        return self.raw.rpartition(b".")[0]

    def verify(self, key: ec.EllipticCurvePublicKey) -> None:
        """Check the signature.

        Raises:
            SignatureError: It is not by ``key``.
        """
        check_signature(key, self.signing_input, self.signature)

    def payload(self) -> JsonObject:
        """The payload as an object; call after ``verify``.

        Raises:
            MalformedError: It is not strict JSON.
        """
        return canonical.loads(self.payload_bytes, limit=len(self.payload_bytes))


def encode(content: bytes) -> bytes:
    """base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def decode(text: bytes) -> bytes:
    """Read base64url without padding, in its one canonical spelling.

    Raises:
        MalformedError: Any other spelling.
    """
    try:
        content = base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedError("not base64url") from error
    if encode(content) != text:
        raise MalformedError("base64url that is not canonical")
    return content


def protected_header(typ: str, kid: str, x5c: list[str] | None = None) -> bytes:
    """The encoded protected header of a line of this kind."""
    header: JsonObject = {"alg": "ES256", "kid": kid, "typ": typ}
    if x5c is not None:
        header["x5c"] = x5c
    return encode(canonical.dumps(header))


def sign(payload: JsonObject, signer: Signer, typ: str, x5c: list[str] | None = None) -> bytes:
    """Sign ``payload`` into a compact JWS, without a newline.

    Args:
        payload: Signed in canonical JSON.
        signer: Whose thumbprint becomes ``kid``.
        typ: One of the ``TYP_`` constants.
        x5c: Base64 DER certificates, leaf first, where the reader has no other way to learn the
            key.
    """
    header = protected_header(typ, signer.kid, x5c)
    signing_input = header + b"." + encode(canonical.dumps(payload))
    return signing_input + b"." + encode(signer.sign(signing_input))


def parse(line: bytes, typ: str, *, limit: int = MAX_LINE_BYTES) -> Jws:
    """Take a compact JWS apart without trusting it.

    Args:
        line: Without a newline.
        typ: The only type accepted.
        limit: Most bytes accepted.

    Raises:
        LimitError: Larger than ``limit``.
        MalformedError: Not a JWS of this profile.
    """
    if len(line) > limit:
        raise LimitError(f"a line of {len(line)} bytes where at most {limit} are accepted")
    parts = line.split(b".")
    if len(parts) != _PARTS:
        raise MalformedError("a compact JWS has three parts")
    header = canonical.loads(decode(parts[0]), limit=_HEADER_LIMIT)
    check_header(header, typ)
    signature = decode(parts[2])
    if len(signature) != _SIGNATURE_BYTES:
        raise MalformedError("an ES256 signature has 64 bytes")
    return Jws(line, header, decode(parts[1]), signature)


def check_header(header: JsonObject, typ: str) -> None:
    """Pin algorithm and type.

    Raises:
        MalformedError: Another algorithm or type, a missing or an unknown field.
    """
    if not _REQUIRED_HEADER <= set(header) <= _ALLOWED_HEADER:
        raise MalformedError("a header has alg, kid and typ")
    if header["alg"] != "ES256" or header["typ"] != typ or not isinstance(header["kid"], str):
        raise MalformedError(f"only ES256 and {typ} are accepted here")


def check_signature(key: ec.EllipticCurvePublicKey, message: bytes, signature: bytes) -> None:
    """Check r‖s over ``message``.

    Raises:
        SignatureError: Wrong key, changed bytes, or s in the upper half (a second spelling).
    """
    r = int.from_bytes(signature[:32], "big")
    s = int.from_bytes(signature[32:], "big")
    if len(signature) != _SIGNATURE_BYTES or s > P256_ORDER // 2:
        raise SignatureError("the signature is not in its one accepted form (low S)")
    try:
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise SignatureError("the signature does not fit the bytes and the key") from None
