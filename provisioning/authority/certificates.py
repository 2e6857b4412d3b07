"""The bureau's certificate authority.

Owns what a certificate of this bureau looks like, and the revocation list. Refuses a certificate
for two purposes: a TLS key can never sign evidence, a device can never sign a receipt. Leafs are
issued by the CA directly.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from evidence.keys import EKU_DEVICE_SIGNING, EKU_RECEIPT_SIGNING

DEVICE_SIGNING: Final = EKU_DEVICE_SIGNING
RECEIPT_SIGNING: Final = EKU_RECEIPT_SIGNING
TLS_CLIENT: Final = ExtendedKeyUsageOID.CLIENT_AUTH
TLS_SERVER: Final = ExtendedKeyUsageOID.SERVER_AUTH

_CA_YEARS: Final = 30
_LEAF_YEARS: Final = 10
# A revocation list lies beside the broker and is replaced by hand: an early expiry would not make
# it fresher, it would lock every device out (OpenSSL refuses all clients under an expired list).
_CRL_YEARS: Final = 10
# A recorder without a battery-backed clock wakes up in the past.
_BACKDATED: Final = timedelta(days=1)
_YEAR: Final = timedelta(days=365)
_ATTRIBUTE_BYTES: Final = 64


@dataclass(frozen=True, slots=True)
class Revoked:
    """A certificate that no longer counts: its serial number and when that began (UTC, ns)."""

    serial: int
    at_ns: int


@dataclass(frozen=True, slots=True)
class Authority:
    """The CA's key and certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def issue(
        self,
        name: str,
        public_key: ec.EllipticCurvePublicKey,
        purpose: ObjectIdentifier,
        *,
        at_ns: int,
        hosts: Sequence[str] = (),
    ) -> x509.Certificate:
        """Issue a leaf.

        Args:
            name: Common name: for a device's certificates its id.
            public_key: P-256.
            purpose: The one extended key usage.
            at_ns: UTC in nanoseconds.
            hosts: For a server: the names and addresses it may answer under.
        """
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _fitting(name))])
        builder = _builder(subject, self.certificate.subject, public_key, at_ns, _LEAF_YEARS)
        builder = (
            builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(ca=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
            .add_extension(self._key_identifier(), critical=False)
        )
        if hosts:
            names = x509.SubjectAlternativeName([_host_name(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def revocation_list(self, revoked: Iterable[Revoked], *, number: int, at_ns: int) -> bytes:
        """The revocation list as PEM.

        Args:
            revoked: Everything revoked so far.
            number: Grows with every list.
            at_ns: UTC in nanoseconds.
        """
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(_utc(at_ns) - _BACKDATED)
            .next_update(_utc(at_ns) + _CRL_YEARS * _YEAR)
            .add_extension(x509.CRLNumber(number), critical=False)
            .add_extension(self._key_identifier(), critical=False)
        )
        for item in revoked:
            builder = builder.add_revoked_certificate(_revoked(item))
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def _key_identifier(self) -> x509.AuthorityKeyIdentifier:
        own = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own.value)


def pem(certificate: x509.Certificate) -> bytes:
    """A certificate as PEM."""
    return certificate.public_bytes(Encoding.PEM)


def found(
    bureau_id: str, name: str, key: ec.EllipticCurvePrivateKey, *, at_ns: int
) -> x509.Certificate:
    """The self-signed certificate of a new CA.

    Args:
        bureau_id: Code of the bureau.
        name: Its full name; the certificate carries as much of it as an attribute holds (21 Han
            characters), the rulebook carries all of it.
        key: P-256.
        at_ns: UTC in nanoseconds.
    """
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _fitting(name)),
            x509.NameAttribute(NameOID.COMMON_NAME, _fitting(f"CA {bureau_id}")),
        ]
    )
    return (
        _builder(subject, subject, key.public_key(), at_ns, _CA_YEARS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(ca=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def certificate_hosts(certificate: x509.Certificate) -> set[str]:
    """The names and addresses a server's certificate covers."""
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = names.get_values_for_type(x509.IPAddress)
    return {*names.get_values_for_type(x509.DNSName), *map(str, addresses)}


def host_text(host: str) -> str:
    """A host in its one spelling: addresses as Python writes them, names as they are."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return host


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    at_ns: int,
    years: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_utc(at_ns) - _BACKDATED)
        .not_valid_after(_utc(at_ns) + years * _YEAR)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _fitting(text: str) -> str:
    """The longest beginning of ``text`` that fits an attribute of a name."""
    return text.encode()[:_ATTRIBUTE_BYTES].decode(errors="ignore")


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _revoked(item: Revoked) -> x509.RevokedCertificate:
    return (
        x509.RevokedCertificateBuilder()
        .serial_number(item.serial)
        .revocation_date(_utc(item.at_ns))
        .build()
    )


def _host_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _utc(at_ns: int) -> datetime:
    return datetime.fromtimestamp(at_ns // 1_000_000_000, UTC)
