"""Who may have signed what: only a leaf of the pinned CA, for the one purpose it carries."""

from __future__ import annotations

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID

from evidence import keys
from evidence.errors import CertificateError, MalformedError
from evidence.keys import EKU_DEVICE_SIGNING, EKU_RECEIPT_SIGNING, ChainKey
from tests.kits.records.bureau import Bureau
from tests.kits.records.recorder import Recorder
from tests.kits.records.signers import SeededSigner

BUREAU = Bureau()
DEVICE = Recorder(BUREAU)
NAME = "REC-0001"


def made(
    usages: list[x509.ObjectIdentifier] | None = None,
    *,
    ca: bool = False,
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | None = None,
    name: str = NAME,
) -> x509.Certificate:
    """A certificate of the bureau's CA that is as odd as it is told."""
    public = (key or SeededSigner("odd").key).public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(BUREAU.ca.subject)
        .public_key(public)
        .serial_number(7)
        .not_valid_before(BUREAU.ca.not_valid_before_utc)
        .not_valid_after(BUREAU.ca.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if usages is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=True)
    return builder.sign(BUREAU.ca_signer.key, hashes.SHA256())


def test_a_signing_certificate_is_reached_for_signing() -> None:
    leaf = keys.reach(DEVICE.x5c, BUREAU.ca, EKU_DEVICE_SIGNING)
    assert keys.device_of(leaf) == "REC-0001"


@pytest.mark.parametrize(
    "leaf",
    [
        DEVICE.tls_certificate,
        BUREAU.receipt_certificate,
        BUREAU.ca,
        Recorder(Bureau("stranger")).certificate,
        made(),
        made([EKU_RECEIPT_SIGNING]),
        made([EKU_DEVICE_SIGNING, ExtendedKeyUsageOID.CLIENT_AUTH]),
        made([EKU_DEVICE_SIGNING], ca=True),
        made([EKU_DEVICE_SIGNING], key=ec.generate_private_key(ec.SECP384R1())),
        made([EKU_DEVICE_SIGNING], key=rsa.generate_private_key(65537, 2048)),
    ],
    ids=range(10),
)
def test_any_other_certificate_is_refused(leaf: x509.Certificate) -> None:
    with pytest.raises(CertificateError):
        keys.reach([keys.certificate_text(leaf)], BUREAU.ca, EKU_DEVICE_SIGNING)


@pytest.mark.parametrize(
    "x5c", [[], [None], ["!"], ["AAAA"], ["A" * 9_000], DEVICE.x5c * 2, [DEVICE.x5c[0] + "A"]]
)
def test_a_chain_that_is_not_one_certificate_is_refused(x5c: list[object]) -> None:
    with pytest.raises(CertificateError):
        keys.reach(x5c, BUREAU.ca, EKU_DEVICE_SIGNING)


def test_a_damaged_certificate_is_refused() -> None:
    der = bytearray(base64.b64decode(DEVICE.x5c[0]))
    accepted = []
    for position in range(len(der)):
        der[position] ^= 4
        try:
            keys.reach([base64.b64encode(der).decode()], BUREAU.ca, EKU_DEVICE_SIGNING)
            accepted.append(position)
        except (CertificateError, CryptographyDeprecationWarning):
            pass
        der[position] ^= 4
    assert accepted == []


@pytest.mark.parametrize("name", ["rec", "REC 1", "desk 1"])
def test_a_common_name_that_is_no_device_id_names_no_device(name: str) -> None:
    with pytest.raises(CertificateError):
        keys.device_of(made([EKU_DEVICE_SIGNING], name=name))


GOOD = SeededSigner("jwk").jwk


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        {},
        {**GOOD, "d": "x"},
        {**GOOD, "kty": "RSA"},
        {**GOOD, "crv": "P-384"},
        {**GOOD, "x": GOOD["y"], "y": GOOD["x"]},
        {**GOOD, "x": GOOD["x"] + "A"},
        {**GOOD, "x": ""},
        {**GOOD, "x": 7},
        {**GOOD, "x": "AA"},
    ],
)
def test_anything_but_a_point_of_p256_in_four_members_is_refused(jwk: object) -> None:
    with pytest.raises(MalformedError):
        keys.from_jwk(jwk)


def test_a_chain_key_announces_the_next_and_forgets_the_last() -> None:
    key = ChainKey()
    announced = key.next_jwk
    before = key.kid
    key.evolve()
    assert key.jwk == announced
    assert key.kid == keys.thumbprint(announced) != before
    assert key.next_jwk != announced
