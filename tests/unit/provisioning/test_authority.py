from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from evidence import keys
from evidence.errors import CertificateError
from provisioning.authority import certificates as authority
from provisioning.authority.certificates import Authority, Revoked

AT_NS = 1_800_000_000_000_000_000


@pytest.fixture(scope="module")
def ca() -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    return Authority(key, authority.found("county", "某县统计局", key, at_ns=AT_NS))


def leaf(ca: Authority, purpose: x509.ObjectIdentifier) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return ca.issue("ZF-001", key, purpose, at_ns=AT_NS)


def test_a_signing_certificate_is_reached_from_the_ca_and_names_its_device(ca: Authority) -> None:
    certificate = leaf(ca, authority.DEVICE_SIGNING)
    x5c = [keys.certificate_text(certificate)]
    reached = keys.reach(x5c, ca.certificate, keys.EKU_DEVICE_SIGNING)
    assert keys.device_of(reached) == "ZF-001"


@pytest.mark.parametrize(
    "purpose", [authority.TLS_CLIENT, authority.TLS_SERVER, authority.RECEIPT_SIGNING]
)
def test_no_other_certificate_can_sign_evidence(
    ca: Authority, purpose: x509.ObjectIdentifier
) -> None:
    x5c = [keys.certificate_text(leaf(ca, purpose))]
    with pytest.raises(CertificateError):
        keys.reach(x5c, ca.certificate, keys.EKU_DEVICE_SIGNING)


def test_the_ca_signs_certificates_and_lists_and_nothing_else(ca: Authority) -> None:
    usage = ca.certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.key_cert_sign, usage.crl_sign, usage.digital_signature) == (True, True, False)
    constraints = ca.certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (constraints.ca, constraints.path_length) == (True, 0)


def test_a_stranger_finds_the_chain_whole_and_the_revoked_leaf_revoked(
    ca: Authority, tmp_path: Path
) -> None:
    kept, lost = leaf(ca, authority.TLS_CLIENT), leaf(ca, authority.TLS_CLIENT)
    listed = ca.revocation_list([Revoked(lost.serial_number, AT_NS)], number=2, at_ns=AT_NS)
    (tmp_path / "ca.pem").write_bytes(ca.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "crl.pem").write_bytes(listed)
    answers = {}
    for name, certificate in (("kept", kept), ("lost", lost)):
        path = tmp_path / f"{name}.pem"
        path.write_bytes(certificate.public_bytes(Encoding.PEM))
        answers[name] = subprocess.run(
            (
                f"openssl verify -x509_strict -crl_check -purpose sslclient"
                f" -attime {AT_NS // 10**9} -CAfile ca.pem -CRLfile crl.pem {name}.pem"
            ).split(),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert answers["kept"].returncode == 0, answers["kept"].stderr
    assert "certificate revoked" in answers["lost"].stderr


def test_a_server_certificate_covers_names_and_addresses(ca: Authority) -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    hosts = ["localhost", "127.0.0.1", "::1", "desk.example"]
    server = ca.issue("desk", key, authority.TLS_SERVER, at_ns=AT_NS, hosts=hosts)
    assert authority.certificate_hosts(server) == set(hosts)


def test_an_address_has_one_spelling() -> None:
    assert authority.host_text("0:0::1") == "::1"
    assert authority.host_text("desk.example") == "desk.example"
