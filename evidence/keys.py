"""Keys and certificates: who may have signed what.

Owns the public-key forms (JWK, thumbprint), the two signers that need no file, the chain key that
evolves, and the check that a certificate was reached from the pinned bureau CA. Refuses private
keys at rest: see ``evidence.store.signers``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ObjectIdentifier

from evidence import canonical
from evidence.errors import CertificateError, MalformedError
from evidence.ids import is_device_id
from evidence.jws import P256_ORDER, decode, encode

# Arcs below 2.25 belong to whoever drew the UUID (ITU-T X.667): no registration is needed.
_ARC = "2.25.225744837290187424098433104563823749521"
EKU_DEVICE_SIGNING: Final = ObjectIdentifier(f"{_ARC}.1")
EKU_RECEIPT_SIGNING: Final = ObjectIdentifier(f"{_ARC}.2")

_COORDINATE_BYTES = 32
_MAX_CERTIFICATE = 4 * 1024

Jwk = dict[str, str]


def to_jwk(key: ec.EllipticCurvePublicKey) -> Jwk:
    """A P-256 public key as the four required JWK members (RFC 7518 §6.2)."""
    numbers = key.public_numbers()
    x, y = (n.to_bytes(_COORDINATE_BYTES, "big") for n in (numbers.x, numbers.y))
    return {
        "crv": "P-256",
        "kty": "EC",
        "x": encode(x).decode(),
        "y": encode(y).decode(),
    }


def from_jwk(jwk: object) -> ec.EllipticCurvePublicKey:
    """Read a P-256 public JWK that has the four required members and no other.

    Raises:
        MalformedError: Anything else, a point off the curve included.
    """
    if not isinstance(jwk, dict) or set(jwk) != {"crv", "kty", "x", "y"}:
        raise MalformedError("a public key has crv, kty, x and y")
    if jwk["crv"] != "P-256" or jwk["kty"] != "EC":
        raise MalformedError("only P-256 keys are accepted")
    try:
        x, y = (decode(str(jwk[name]).encode()) for name in ("x", "y"))
        if len(x) != _COORDINATE_BYTES or len(y) != _COORDINATE_BYTES:
            raise MalformedError("a P-256 coordinate has 32 bytes")
        numbers = ec.EllipticCurvePublicNumbers(
            int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1()
        )
        return numbers.public_key()
    except ValueError as error:
        raise MalformedError("not a point of P-256") from error


def thumbprint(jwk: Jwk) -> str:
    """RFC 7638 thumbprint, base64url SHA-256."""
    required = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    return encode(hashlib.sha256(canonical.dumps(required)).digest()).decode()


class EcSigner:
    """Signs with a private key held in memory."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        self.jwk: Jwk = to_jwk(key.public_key())
        self._kid = thumbprint(self.jwk)

    @property
    def kid(self) -> str:
        """RFC 7638 thumbprint of the public key."""
        return self._kid

    def sign(self, message: bytes) -> bytes:
        """ES256 over ``message``: 64 bytes r‖s, s in the lower half."""
        return low_s(self._key.sign(message, ec.ECDSA(hashes.SHA256())))


def low_s(der: bytes) -> bytes:
    """A DER signature as r‖s with s in the lower half; libraries return either half."""
    r, s = decode_dss_signature(der)
    s = min(s, P256_ORDER - s)
    return r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")


class ChainKey:
    """The key that signs one chain and evolves: what was signed can never be signed again.

    Call ``next_jwk`` before the record that announces it, sign that record, then ``evolve``: the
    old private key is forgotten. Whoever roots the device later can sign from then on but cannot
    rewrite what was.
    """

    def __init__(self) -> None:
        self._now = EcSigner(ec.generate_private_key(ec.SECP256R1()))
        self._next = EcSigner(ec.generate_private_key(ec.SECP256R1()))

    @property
    def kid(self) -> str:
        """Thumbprint of the key that signs now."""
        return self._now.kid

    @property
    def jwk(self) -> Jwk:
        """Public half of the key that signs now."""
        return self._now.jwk

    @property
    def next_jwk(self) -> Jwk:
        """Public half of the key that will sign after ``evolve``."""
        return self._next.jwk

    def sign(self, message: bytes) -> bytes:
        """ES256 with the key of now."""
        return self._now.sign(message)

    def evolve(self) -> None:
        """Forget the key of now."""
        self._now = self._next
        self._next = EcSigner(ec.generate_private_key(ec.SECP256R1()))


def certificate_text(certificate: x509.Certificate) -> str:
    """A certificate as an ``x5c`` entry: base64 DER (RFC 7515 §4.1.6)."""
    return base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()


def read_certificate(text: object) -> x509.Certificate:
    """Read an ``x5c`` entry.

    Raises:
        CertificateError: Not a certificate, or larger than 4 KiB.
    """
    if not isinstance(text, str) or len(text) > _MAX_CERTIFICATE:
        raise CertificateError("a certificate is base64 DER of at most 4 KiB")
    try:
        return x509.load_der_x509_certificate(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError, x509.InvalidVersion) as error:
        raise CertificateError("not a certificate") from error


def reach(
    x5c: Sequence[object], ca: x509.Certificate, purpose: ObjectIdentifier
) -> x509.Certificate:
    """The leaf of ``x5c``, once it has been reached from the pinned CA for ``purpose``.

    Args:
        x5c: Exactly one entry: leafs are issued by the CA directly.
        ca: The pinned bureau CA.
        purpose: The extended key usage it must carry alone.

    Raises:
        CertificateError: Another issuer, another purpose, a CA certificate, or no P-256 key.
    """
    if len(x5c) != 1:
        raise CertificateError("a chain has exactly one certificate below the bureau's CA")
    leaf = read_certificate(x5c[0])
    _check_issued(leaf, ca)
    _check_purpose(leaf, purpose)
    public_key_of(leaf)
    return leaf


def public_key_of(certificate: x509.Certificate) -> ec.EllipticCurvePublicKey:
    """The P-256 key of a certificate.

    Raises:
        CertificateError: It has another kind of key.
    """
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise CertificateError("only P-256 certificates are accepted")
    return key


def device_of(certificate: x509.Certificate) -> str:
    """The device id in a certificate's common name.

    Raises:
        CertificateError: There is none.
    """
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    if len(names) != 1 or not is_device_id(names[0].value):
        raise CertificateError("the certificate names no device")
    return str(names[0].value)


def _check_issued(leaf: x509.Certificate, ca: x509.Certificate) -> None:
    try:
        leaf.verify_directly_issued_by(ca)
    except (InvalidSignature, TypeError, UnsupportedAlgorithm, ValueError):
        raise CertificateError("the certificate was not issued by the pinned bureau CA") from None


def _check_purpose(leaf: x509.Certificate, purpose: ObjectIdentifier) -> None:
    try:
        constraints = leaf.extensions.get_extension_for_class(x509.BasicConstraints).value
        usages = list(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except (x509.ExtensionNotFound, ValueError) as error:
        raise CertificateError(f"the certificate says not what it is for: {error}") from error
    if constraints.ca or usages != [purpose]:
        raise CertificateError("the certificate is for another purpose")
