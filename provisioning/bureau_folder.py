"""A bureau that has been founded, opened for work.

Owns reading its keys, its rulebook and its settings, and the lock that keeps two clerks from
changing it at the same time. Refuses a folder that is only half founded.
"""

from __future__ import annotations

import fcntl
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography import x509

from evidence import rulebook
from evidence.canonical import JsonObject
from evidence.errors import EvidenceError
from evidence.keys import EcSigner
from evidence.rulebook import Root, Rulebook
from provisioning.authority.certificates import Authority
from provisioning.authority.keyring import Keyring, KeyRole, read_places
from provisioning.custody import ledger
from provisioning.errors import BureauError, PendingError, SettingsError
from provisioning.layout import BureauFolder
from provisioning.plan import Step

UtcNs = Callable[[], int]
"""The clock: UTC in nanoseconds since 1970, handed down by the composition root."""

CLERK: Final = "rulebook-1"
HEAD: Final = "rulebook-2"


@dataclass(frozen=True, slots=True, kw_only=True)
class BureauSettings:
    """What stands in ``bureau.toml``: names, where the broker is, and keys not in their files."""

    bureau_id: str
    name: str
    desk: str
    host: str
    bind: str
    port: int
    places: Mapping[KeyRole, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bureau:
    """A founded bureau.

    Attributes:
        folder: Where it lies.
        settings: Its names and its broker.
        ca: Its CA's certificate.
        root: Who may sign its rulebooks.
        rulebook: The one in force, verified.
    """

    folder: BureauFolder
    settings: BureauSettings
    ca: x509.Certificate
    root: Root
    rulebook: Rulebook

    @property
    def keyring(self) -> Keyring:
        """Its signing keys, wherever they lie."""
        return keyring_of(self.folder, self.settings)

    @property
    def authority(self) -> Authority:
        """Its CA, able to issue.

        Raises:
            KeyUnusableError: The key is missing or cannot be used.
        """
        return Authority(self.keyring.key(KeyRole.CA), self.ca)

    def signer(self, role: KeyRole) -> EcSigner:
        """What signs with the key of that role.

        Raises:
            KeyUnusableError: The key is missing or cannot be used.
        """
        return self.keyring.signer(role)

    def signers(self) -> list[EcSigner]:
        """Clerk and head, whose two signatures make a rulebook.

        Raises:
            KeyUnusableError: A key is missing or cannot be used.
        """
        return [self.signer(role) for role in (KeyRole.CLERK, KeyRole.HEAD)]

    def revocations(self) -> x509.CertificateRevocationList:
        """The revocation list in force.

        Raises:
            BureauError: It cannot be read.
        """
        try:
            return x509.load_pem_x509_crl(self.folder.crl.read_bytes())
        except (OSError, ValueError) as error:
            raise BureauError(f"{self.folder.crl} is no revocation list: {error}") from error

    def ledger_step(self, kind: str, fields: JsonObject, *, at_ns: int) -> Step:
        """The ledger says so, in a line signed by the clerk."""
        return ledger_step(self.folder, kind, fields, at_ns=at_ns)


def ledger_step(folder: BureauFolder, kind: str, fields: JsonObject, *, at_ns: int) -> Step:
    """The ledger of ``folder`` holds a line of that kind with these fields."""

    def do() -> None:
        signer = keyring_of(folder, read_settings(folder)).signer(KeyRole.CLERK)
        ledger.append(folder.ledger, kind, fields, signer, at_ns=at_ns)

    return Step("配发台账", lambda: ledger.holds(folder.ledger, kind, fields), do)


def keyring_of(folder: BureauFolder, settings: BureauSettings | None) -> Keyring:
    """The keys of the bureau in ``folder``."""
    return Keyring(folder.path, settings.places if settings is not None else {})


def open_bureau(path: Path) -> Bureau:
    """Open a founded bureau.

    Raises:
        BureauError: The folder is none, or a file of it does not verify.
    """
    folder = BureauFolder(path.absolute())
    settings = read_settings(folder)
    if settings is None:
        raise BureauError(f"{path} is no bureau; found one: provision init --bureau {path}")
    try:
        ca = x509.load_pem_x509_certificate(folder.ca.read_bytes())
        root = rulebook.read_root(folder.root.read_bytes(), ca)
        _check_settled(folder, root)
        return Bureau(
            folder=folder,
            settings=settings,
            ca=ca,
            root=root,
            rulebook=rulebook.read_rulebook(folder.rulebook.read_bytes(), root),
        )
    except (OSError, ValueError, EvidenceError) as error:
        raise BureauError(f"{path} is incomplete; run provision init again: {error}") from error


def _check_settled(folder: BureauFolder, root: Root) -> None:
    if folder.root_version(root.version + 1).exists():
        raise PendingError(
            "the root's replacement was cut short; run: provision root rotate --bureau"
            f" {folder.path}"
        )


def read_settings(folder: BureauFolder) -> BureauSettings | None:
    """What ``bureau.toml`` says; None where there is none yet.

    Raises:
        BureauError: It cannot be read.
    """
    if not folder.settings.exists():
        return None
    try:
        content = tomllib.loads(folder.settings.read_text())
        broker = content["broker"]
        return BureauSettings(
            bureau_id=str(content["bureau_id"]),
            name=str(content["name"]),
            desk=str(content["desk"]),
            host=str(broker["host"]),
            bind=str(broker["bind"]),
            port=int(broker["port"]),
            places=read_places(content.get("keys", {})),
        )
    except (OSError, ValueError, KeyError, TypeError, SettingsError) as error:
        raise BureauError(f"{folder.settings} cannot be read: {error}") from error


@contextmanager
def exclusive(folder: BureauFolder) -> Iterator[None]:
    """Hold the bureau for one command; a second command waits.

    Raises:
        BureauError: There is no such folder.
    """
    try:
        fd = os.open(folder.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise BureauError(f"{folder.path} is no bureau; run provision init") from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
