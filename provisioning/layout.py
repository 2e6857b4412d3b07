"""Where everything lies, as provisioning writes it.

Owns the names inside a bureau folder. Refuses content. The desk has its own view of the same names
(``bureau.settings``), the recorder one of its own folder (``agent.settings``).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FILES = Path(__file__).parent / "files"


@dataclass(frozen=True, slots=True)
class BureauFolder:
    """A bureau's folder.

    Attributes:
        path: Absolute.
    """

    path: Path

    @property
    def settings(self) -> Path:
        """``bureau.toml``."""
        return self.path / "bureau.toml"

    @property
    def crl(self) -> Path:
        """The CA's revocation list."""
        return self.path / "ca" / "crl.pem"

    @property
    def ca(self) -> Path:
        """The CA's certificate."""
        return self.path / "certs" / "ca.pem"

    def key(self, name: str) -> Path:
        """Private key ``receipt``, ``rulebook-1`` (clerk), ``rulebook-2`` (head) or ``desk``."""
        return self.path / "keys" / f"{name}.pem"

    def root_key(self, number: int) -> Path:
        """Offline root key 1, 2 or 3, under its passphrase; absent once it was taken away."""
        return self.key(f"root-{number}")

    def certificate(self, name: str) -> Path:
        """Certificate ``receipt`` or ``desk``."""
        return self.path / "certs" / f"{name}.pem"

    def identity(self, role: str) -> Path:
        """The age identity ``bureau`` or ``escrow``."""
        return self.path / "identities" / f"{role}.age"

    @property
    def rulebook(self) -> Path:
        """The signed rulebook in force."""
        return self.path / "rulebook" / "rulebook.json"

    def rulebook_version(self, version: int) -> Path:
        """The rulebook of that version, kept for good."""
        return self.path / "rulebook" / "versions" / f"{version:06d}.json"

    @property
    def draft(self) -> Path:
        """The next rulebook while it is written."""
        return self.path / "rulebook" / "draft.json"

    @property
    def signing(self) -> Path:
        """The next rulebook with the signatures it has so far."""
        return self.path / "rulebook" / "signing.json"

    @property
    def words(self) -> Path:
        """What each device answered to the bureau's words, kept by the desk."""
        return self.registry / "words"

    @property
    def root(self) -> Path:
        """The signed root document."""
        return self.path / "rulebook" / "root.json"

    def root_version(self, version: int) -> Path:
        """The root document of that version, kept for good once there is a later one."""
        return self.path / "rulebook" / "roots" / f"{version:06d}.json"

    @property
    def announce(self) -> Path:
        """The clips the rulebook names, one folder each."""
        return self.path / "announce"

    @property
    def broker(self) -> Path:
        """The broker's configuration, key and certificate."""
        return self.path / "broker"

    @property
    def registry(self) -> Path:
        """One ``<device id>.json`` per enrolled device, and the ledger."""
        return self.path / "registry"

    @property
    def ledger(self) -> Path:
        """The append-only ledger of what provisioning did."""
        return self.registry / "ledger.jws"

    def assignments(self, device: str) -> Path:
        """Every word the bureau gave about a device, kept for good."""
        return self.registry / "assignments" / device

    def assignment(self, device: str, number: int) -> Path:
        """The word of that number; the highest is in force."""
        return self.assignments(device) / f"{number:06d}.jws"
