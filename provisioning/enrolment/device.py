"""A device folder as the bureau sees it, where it lies at hand.

Owns telling whose it is. Refuses to make anything in it: keys and files are the recorder's own
(``recorder enrol``).
"""

from __future__ import annotations

import tomllib
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from evidence import keys
from evidence.errors import EvidenceError
from provisioning.errors import ForeignError
from provisioning.layout import DeviceFolder

KEYS: Final = ("signing", "tls")


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
