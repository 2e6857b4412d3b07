"""The CA, and the certificates that a bureau has itself.

Owns their steps. Refuses to issue anything twice: what is there stays.
"""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ObjectIdentifier

from evidence.store.durable import make_folder
from evidence.store.signers import load_key_file, make_key_file
from provisioning.authority import certificates as authority
from provisioning.authority.certificates import Authority
from provisioning.authority.keyring import Keyring, KeyRole
from provisioning.bureau_folder import BureauSettings
from provisioning.layout import BureauFolder
from provisioning.plan import Step, once_step


def authority_of(folder: BureauFolder, ring: Keyring) -> Authority:
    """The CA, once its certificate is there."""
    certificate = x509.load_pem_x509_certificate(folder.ca.read_bytes())
    return Authority(ring.key(KeyRole.CA), certificate)


def authority_steps(
    folder: BureauFolder, settings: BureauSettings, ring: Keyring, at_ns: int
) -> list[Step]:
    """The CA's key, certificate and revocation list."""

    def make_ca() -> bytes:
        key = ring.key(KeyRole.CA)
        return authority.pem(authority.found(settings.bureau_id, settings.name, key, at_ns=at_ns))

    def make_crl() -> bytes:
        return authority_of(folder, ring).revocation_list([], number=1, at_ns=at_ns)

    return [
        _key_step("证书机构（CA）密钥", ring, KeyRole.CA),
        once_step("证书机构（CA）证书", folder.ca, make_ca),
        once_step("证书吊销列表", folder.crl, make_crl),
    ]


def leaf_steps(
    folder: BureauFolder, settings: BureauSettings, ring: Keyring, at_ns: int
) -> list[Step]:
    """Keys of receipts, desk and rulebooks, and the certificates of the first two."""

    def leaf(key: ec.EllipticCurvePrivateKey, name: str, purpose: ObjectIdentifier) -> bytes:
        issued = authority_of(folder, ring).issue(name, key.public_key(), purpose, at_ns=at_ns)
        return authority.pem(issued)

    def receipt() -> bytes:
        name = f"receipt {settings.bureau_id}"
        return leaf(ring.key(KeyRole.RECEIPT), name, authority.RECEIPT_SIGNING)

    def desk() -> bytes:
        return leaf(load_key_file(folder.key("desk")), settings.desk, authority.TLS_CLIENT)

    return [
        _key_step("回执签名密钥", ring, KeyRole.RECEIPT),
        once_step("回执签名证书", folder.certificate("receipt"), receipt),
        file_key_step("采集工作站密钥", folder.key("desk")),
        once_step("采集工作站证书", folder.certificate("desk"), desk),
        _key_step("办法签名密钥（经办人）", ring, KeyRole.CLERK),
        _key_step("办法签名密钥（负责人）", ring, KeyRole.HEAD),
    ]


def file_key_step(title: str, path: Path) -> Step:
    """There is a private key in ``path``."""

    def do() -> None:
        make_folder(path.parent, mode=0o700)
        make_key_file(path)

    return Step(title, path.exists, do)


def _key_step(title: str, ring: Keyring, role: KeyRole) -> Step:
    return Step(title, lambda: ring.exists(role), lambda: ring.make(role))
