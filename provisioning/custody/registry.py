"""The registry: which devices the bureau knows.

Owns one JSON file per device, which the desk reads on every message. Refuses to forget a device: a
revoked one stays, with the day and the reason. What the desk learns of a device (its counter, its
last session) stands in the desk's own ledger.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec import Meta

from evidence import keys
from evidence.ids import DEVICE_ID
from evidence.store.durable import make_folder, replace_file
from provisioning.errors import BureauError

MAX_ENTRY_BYTES: Final = 64 * 1024

Hex64 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class Certified(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One certificate of a device.

    Attributes:
        x5c: Base64 DER.
        sha256: Hex SHA-256 of the DER bytes.
        kid: RFC 7638 thumbprint of its key.
        serial: Serial number in hex.
    """

    x5c: str
    sha256: Hex64
    kid: str
    serial: str


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One device.

    Attributes:
        v: Version of this form.
        device: Device id.
        board: Which body it runs on.
        status: ``active`` or ``revoked``.
        enrolled_utc: When it was taken in.
        revoked_utc: When it was revoked, or None.
        reason: Why, or None.
        signing: Certificate of its signing key.
        tls: Certificate of its TLS key.
        serial: 序列号 of the hardware, or None.
        model: 型号, or None.
    """

    v: Literal[1] = 1
    device: Annotated[str, Meta(pattern=rf"^{DEVICE_ID.pattern}\Z")]
    board: str
    status: Literal["active", "revoked"]
    enrolled_utc: str
    revoked_utc: str | None = None
    reason: str | None = None
    signing: Certified
    tls: Certified
    serial: str | None = None
    model: str | None = None


def certified(certificate: x509.Certificate) -> Certified:
    """What the registry keeps of a certificate."""
    der = certificate.public_bytes(Encoding.DER)
    return Certified(
        x5c=keys.certificate_text(certificate),
        sha256=hashlib.sha256(der).hexdigest(),
        kid=keys.thumbprint(keys.to_jwk(keys.public_key_of(certificate))),
        serial=f"{certificate.serial_number:x}",
    )


def find(folder: Path, device: str) -> Entry | None:
    """The entry of ``device``, or None.

    Raises:
        BureauError: Its file is not a registry entry.
    """
    path = folder / f"{device}.json"
    if not path.exists():
        return None
    try:
        entry = msgspec.json.decode(path.read_bytes()[:MAX_ENTRY_BYTES], type=Entry, strict=True)
    except (OSError, msgspec.MsgspecError) as error:
        raise BureauError(f"{path} is no registry entry: {error}") from error
    if entry.device != device:
        raise BureauError(f"{path} names device {entry.device}")
    return entry


def entries(folder: Path) -> Iterator[Entry]:
    """All devices, by id.

    Raises:
        BureauError: A file is not a registry entry.
    """
    for path in sorted(folder.glob("*.json")):
        entry = find(folder, path.stem)
        if entry is not None:
            yield entry


def write(folder: Path, entry: Entry) -> None:
    """Write ``entry``, whole or not at all."""
    make_folder(folder)
    text = msgspec.json.format(msgspec.json.encode(entry), indent=2)
    replace_file(folder / f"{entry.device}.json", text + b"\n")
