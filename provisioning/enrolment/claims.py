"""Claims: which device may ask, until when, and what it will be told.

Owns one JSON file per device, ``registry/claims/<device>.json``: the thumbprint that follows from
the claim, never the claim. Refuses to forget who used it: a claim is burnt by the keys of the
device that came, and by no others after them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from evidence import jws
from evidence.ids import DEVICE_ID
from evidence.store.durable import make_folder, replace_file
from provisioning.enrolment.settings import DeviceOptions
from provisioning.errors import BureauError

CLAIM_NS: Final = 24 * 3_600 * 1_000_000_000
"""How long a claim lives."""

_MAX_BYTES: Final = 64 * 1024


class Use(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who used a claim.

    Attributes:
        utc: When.
        signing: Thumbprint of its signing key.
        tls: Thumbprint of its TLS key.
        serial: Of the hardware.
        model: What the hardware calls itself.
        facts: What it is made of (A2).
        request_sha256: Of the request, which is kept beside.
    """

    utc: str
    signing: str
    tls: str
    serial: str
    model: str
    facts: dict[str, int]
    request_sha256: str


class Claim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one device was promised.

    Attributes:
        v: Version of this form.
        device: Device id.
        kid: Thumbprint of the key that follows from the claim.
        until: UTC; later requests are refused.
        serial: The only hardware that may use it; None for any.
        model: 型号 as the bureau names it; None for what the hardware calls itself.
        options: What its ``device.toml`` will say.
        use: Who used it; None while nobody has.
    """

    v: Literal[1] = 1
    device: Annotated[str, Meta(pattern=rf"^{DEVICE_ID.pattern}\Z")]
    kid: str
    until: str
    serial: str | None
    model: str | None = None
    options: DeviceOptions
    use: Use | None = None

    @property
    def sha256(self) -> str:
        """The thumbprint in hex, as the ledger names it."""
        return jws.decode(self.kid.encode()).hex()

    @property
    def known_serial(self) -> str | None:
        """The hardware that has this id, or will."""
        return self.use.serial if self.use is not None else self.serial


def find(registry: Path, device: str) -> Claim | None:
    """The claim of ``device``, or None.

    Raises:
        BureauError: Its file is not a claim.
    """
    path = _folder(registry) / f"{device}.json"
    if not path.exists():
        return None
    try:
        claim = msgspec.json.decode(path.read_bytes()[:_MAX_BYTES], type=Claim, strict=True)
    except (OSError, msgspec.MsgspecError) as error:
        raise BureauError(f"{path} is no claim: {error}") from error
    if claim.device != device:
        raise BureauError(f"{path} names device {claim.device}")
    return claim


def claims(registry: Path) -> Iterator[Claim]:
    """All claims, by device.

    Raises:
        BureauError: A file is not a claim.
    """
    for path in sorted(_folder(registry).glob("*.json")):
        claim = find(registry, path.stem)
        if claim is not None:
            yield claim


def write(registry: Path, claim: Claim) -> None:
    """Write ``claim``, whole or not at all."""
    make_folder(_folder(registry))
    text = msgspec.json.format(msgspec.json.encode(claim), indent=2)
    replace_file(_folder(registry) / f"{claim.device}.json", text + b"\n")


def keep_request(registry: Path, device: str, request: bytes) -> None:
    """Keep the request that was granted: signed by the device's claim, it says what it was."""
    path = request_path(registry, device)
    make_folder(path.parent)
    replace_file(path, request)


def request_path(registry: Path, device: str) -> Path:
    """Where the granted request of ``device`` is kept."""
    return registry / "requests" / f"{device}.jws"


def _folder(registry: Path) -> Path:
    return registry / "claims"
