"""The device's side of enrolment.

Owns what happens inside a device folder: both private keys are made there and never leave it;
requests go out, certificates, rulebook and clips come in. Refuses to overwrite a key. It needs
nothing of the bureau but the bundle, so the two sides may be two machines and a USB stick.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from evidence import keys
from evidence.errors import EvidenceError
from evidence.store.durable import make_folder
from evidence.store.signers import load_key_file, make_key_file
from provisioning.errors import ForeignError
from provisioning.layout import DeviceFolder

KEYS: Final = ("signing", "tls")


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """What leaves the device: two requests (PEM), each proving possession of its key."""

    device: str
    signing: bytes
    tls: bytes


def make_key(folder: DeviceFolder, name: str) -> None:
    """Make private key ``signing`` or ``tls``; readable by its owner alone."""
    path = folder.key(name)
    make_folder(path.parent)
    make_key_file(path)


def make_requests(folder: DeviceFolder, device: str) -> Requests:
    """The requests for both keys, under the device's id.

    Raises:
        KeyUnusableError: A key is missing or unusable.
    """
    return Requests(
        device=device,
        signing=_request(load_key_file(folder.key("signing")), device),
        tls=_request(load_key_file(folder.key("tls")), device),
    )


def key_id(folder: DeviceFolder, name: str) -> str | None:
    """Thumbprint of private key ``name``; None where there is none yet.

    Raises:
        KeyUnusableError: There is one, but it cannot be used.
    """
    path = folder.key(name)
    if not path.exists():
        return None
    return keys.thumbprint(keys.to_jwk(load_key_file(path).public_key()))


def read_settings(folder: DeviceFolder) -> dict[str, Any] | None:
    """``device.toml`` as it stands; None where there is none yet.

    Raises:
        ForeignError: It cannot be read.
    """
    if not folder.settings.exists():
        return None
    try:
        return tomllib.loads(folder.settings.read_text())
    except (OSError, ValueError) as error:
        raise ForeignError(f"{folder.settings} cannot be read: {error}") from error


def check_owner(folder: DeviceFolder, device: str, ca: x509.Certificate | None) -> None:
    """Check that the folder is fresh, or this device's of this bureau.

    Args:
        folder: The device folder.
        device: Device id.
        ca: The bureau's CA; None while it is only planned.

    Raises:
        ForeignError: It is another device's, or another bureau's.
    """
    settings = read_settings(folder)
    if settings is not None and settings.get("device_id") != device:
        raise ForeignError(f"{folder.settings} names device {settings.get('device_id')}")
    for name in KEYS:
        path = folder.certificate(name)
        if path.exists() and _owner(path.read_bytes()) != device:
            raise ForeignError(f"{path} is the certificate of another device")
    pinned = folder.certificate("ca")
    if pinned.exists() and ca is not None and pinned.read_bytes() != pem(ca):
        raise ForeignError(f"{pinned} is the CA of another bureau")


def pem(certificate: x509.Certificate) -> bytes:
    """A certificate as PEM."""
    return certificate.public_bytes(Encoding.PEM)


def _owner(content: bytes) -> str:
    try:
        return keys.device_of(x509.load_pem_x509_certificate(content))
    except (ValueError, EvidenceError) as error:
        raise ForeignError(f"a certificate in the device folder cannot be read: {error}") from error


def _request(key: ec.EllipticCurvePrivateKey, device: str) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, device)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
