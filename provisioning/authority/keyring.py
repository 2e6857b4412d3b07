"""The bureau's four signing keys, and where each of them lies.

Owns the roles and the places they have unless ``bureau.toml`` says otherwise under ``[keys]``.
Refuses an unknown role, and TLS keys: those are Mosquitto's and the desk's, which read files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from evidence.keys import EcSigner
from evidence.store import signers
from evidence.store.durable import make_folder
from provisioning.errors import SettingsError


@unique
class KeyRole(StrEnum):
    """What a key of the bureau signs."""

    CA = "ca"
    """Certificates, the revocation list, the root document."""
    RECEIPT = "receipt"
    """Receipts, plans and assignments."""
    CLERK = "clerk"
    """Rulebooks (the first signature) and the ledger."""
    HEAD = "head"
    """Rulebooks (the second signature) and approvals."""


DEFAULT_PLACES: Final[Mapping[KeyRole, str]] = {
    KeyRole.CA: "file:ca/key.pem",
    KeyRole.RECEIPT: "file:keys/receipt.pem",
    KeyRole.CLERK: "file:keys/rulebook-1.pem",
    KeyRole.HEAD: "file:keys/rulebook-2.pem",
}
FILE: Final = "file:"


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys of one bureau.

    Attributes:
        folder: The bureau's folder, which places are relative to.
        places: Role → URI, where it is not the default.
    """

    folder: Path
    places: Mapping[KeyRole, str] = field(default_factory=dict)

    def place(self, role: KeyRole) -> str:
        """The URI of a key: ``file:PATH``, ``credential:NAME`` or ``pkcs11:…``."""
        return self.places.get(role, DEFAULT_PLACES[role])

    def key(self, role: KeyRole) -> ec.EllipticCurvePrivateKey:
        """The private key.

        Raises:
            KeyUnusableError: Missing, or it cannot be used.
        """
        return signers.open_key(self.place(role), self.folder)

    def signer(self, role: KeyRole) -> EcSigner:
        """What signs with it.

        Raises:
            KeyUnusableError: Missing, or it cannot be used.
        """
        return signers.open_signer(self.place(role), self.folder)

    def exists(self, role: KeyRole) -> bool:
        """Whether there is such a key.

        Raises:
            KeyUnusableError: Its token cannot be asked.
        """
        return signers.key_exists(self.place(role), self.folder)

    def make(self, role: KeyRole) -> None:
        """Make it where it belongs.

        Raises:
            KeyUnusableError: It cannot be made there.
        """
        place = self.place(role)
        if place.startswith(FILE):
            make_folder((self.folder / place.removeprefix(FILE)).parent, mode=0o700)
        signers.make_key(place, self.folder)


def read_places(stated: Mapping[str, object]) -> dict[KeyRole, str]:
    """What is said about the places of keys.

    Args:
        stated: Role → URI, as in ``[keys]``.

    Raises:
        SettingsError: There is no such key, or a place is no URI.
    """
    places = {}
    for name, uri in stated.items():
        if name not in frozenset(KeyRole):
            raise SettingsError(f"{name} is none of the keys {', '.join(KeyRole)}")
        if not isinstance(uri, str) or not uri.isprintable() or ":" not in uri:
            raise SettingsError(f"the place of key {name} is a URI: file:PATH, credential:NAME …")
        role = KeyRole(name)
        if uri != DEFAULT_PLACES[role]:
            places[role] = uri
    return places
