"""Keys drawn from a text, and certificates over them: the same bytes in every run."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ObjectIdentifier

from evidence import jws, keys
from evidence.keys import Jwk, low_s, thumbprint, to_jwk

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


class SeededSigner:
    """Signs with a key drawn from a text, deterministically (RFC 6979)."""

    def __init__(self, text: str) -> None:
        number = int.from_bytes(hashlib.sha512(text.encode()).digest(), "big")
        self.key = ec.derive_private_key(number % (jws.P256_ORDER - 1) + 1, ec.SECP256R1())
        self.jwk: Jwk = to_jwk(self.key.public_key())
        self.kid = thumbprint(self.jwk)

    def sign(self, message: bytes) -> bytes:
        algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        return low_s(self.key.sign(message, algorithm))


class SeededChainKey(keys.ChainKey):
    """A chain key whose every step is drawn from a text: a test may keep what a vault forgets."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._step = 0
        self.used: dict[str, SeededSigner] = {}
        self.now = SeededSigner(f"{text} 0")
        self.then = SeededSigner(f"{text} 1")

    @property
    def kid(self) -> str:
        return self.now.kid

    @property
    def jwk(self) -> Jwk:
        return self.now.jwk

    @property
    def next_jwk(self) -> Jwk:
        return self.then.jwk

    def sign(self, message: bytes) -> bytes:
        self.used[self.now.kid] = self.now
        return self.now.sign(message)

    def evolve(self) -> None:
        self._step += 1
        self.now, self.then = self.then, SeededSigner(f"{self._text} {self._step + 1}")


def certificate(
    name: str,
    key: SeededSigner,
    issuer: str,
    issuer_key: SeededSigner,
    usage: ObjectIdentifier | None,
) -> x509.Certificate:
    """A certificate as the bureau's authority issues it; a CA's without ``usage``."""
    serial = int.from_bytes(hashlib.sha256(f"{name} {usage}".encode()).digest()[:16], "big")
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]))
        .public_key(key.key.public_key())
        .serial_number(serial)
        .not_valid_before(_BEGIN)
        .not_valid_after(_BEGIN + timedelta(days=3_650))
        .add_extension(x509.BasicConstraints(ca=usage is None, path_length=None), critical=True)
    )
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
    return builder.sign(issuer_key.key, hashes.SHA256(), ecdsa_deterministic=True)
