"""What one bureau was told about itself: ``bureau.toml`` and the folder around it.

Owns the file's schema and every path inside a bureau folder. Refuses guesses: an unknown key or a
value of another type is an error that names it. The bureau's numbers are not here, they stand in
its signed rulebook.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from bureau.errors import SettingsError
from evidence.ids import DEVICE_ID

FILE_NAME: Final = "bureau.toml"
MAX_SETTINGS_BYTES: Final = 64 * 1024

Folder = Annotated[str, Meta(min_length=1, max_length=1_024)]
Place = Annotated[str, Meta(min_length=1, max_length=1_024)]


class Broker(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[broker]``: where Mosquitto listens.

    Attributes:
        host: Name or address under which devices and desk reach it; its certificate names it.
        bind: Address it listens on.
        port: TCP port.
    """

    host: Annotated[str, Meta(min_length=1, max_length=253)]
    bind: Annotated[str, Meta(min_length=1, max_length=253)] = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65_535)] = 8_883


class Keys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[keys]``: where the bureau's signing keys lie, as URIs; see ``evidence.store.signers``.

    The desk signs with the first alone; provisioning uses the others and owns the table.

    Attributes:
        receipt: Signs receipts, plans and assignments.
        ca: The certificate authority's.
        clerk: Signs rulebooks and the provisioning ledger.
        head: Signs rulebooks and approvals.
    """

    receipt: Place = "file:keys/receipt.pem"
    ca: Place = "file:ca/key.pem"
    clerk: Place = "file:keys/rulebook-1.pem"
    head: Place = "file:keys/rulebook-2.pem"


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of ``bureau.toml``.

    Attributes:
        bureau_id: Code of the bureau, as in its rulebook.
        name: Full name of the bureau.
        desk: The intake worker's name: its certificate's CN, its MQTT user and client id.
        broker: See ``Broker``.
        keys: See ``Keys``.
        archive_dir: Verified sessions; absolute or under the bureau folder, like those below.
        quarantine_dir: What did not verify, with its reason.
        partial_dir: Transfers under way; on the archive's file system.
        ledger_file: The bureau's ledger (SQLite).
    """

    bureau_id: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_.:-]{0,63}\Z")]
    name: Annotated[str, Meta(min_length=1, max_length=64)]
    desk: Annotated[str, Meta(pattern=rf"^{DEVICE_ID.pattern}\Z")]
    broker: Broker
    keys: Keys = Keys()
    archive_dir: Folder = "archive"
    quarantine_dir: Folder = "quarantine"
    partial_dir: Folder = "partial"
    ledger_file: Folder = "ledger.sqlite"


@dataclass(frozen=True, slots=True)
class Paths:
    """Where everything of one bureau lies.

    Attributes:
        folder: The bureau folder, absolute.
        archive: ``<dev>/<sid>/…`` and ``<dev>/device.jws``.
        quarantine: What did not verify.
        partial: Transfers under way.
        ledger: The ledger's database.
    """

    folder: Path
    archive: Path
    quarantine: Path
    partial: Path
    ledger: Path

    @property
    def ca(self) -> Path:
        """The bureau's CA certificate."""
        return self.folder / "certs" / "ca.pem"

    @property
    def crl(self) -> Path:
        """The CA's revocation list."""
        return self.folder / "ca" / "crl.pem"

    @property
    def receipt_certificate(self) -> Path:
        """Certificate of the receipt key."""
        return self.folder / "certs" / "receipt.pem"

    @property
    def desk_key(self) -> Path:
        """The intake worker's private TLS key."""
        return self.folder / "keys" / "desk.pem"

    @property
    def desk_certificate(self) -> Path:
        """The intake worker's TLS certificate."""
        return self.folder / "certs" / "desk.pem"

    @property
    def bureau_identity(self) -> Path:
        """The age identity that opens what devices sealed."""
        return self.folder / "identities" / "bureau.age"

    @property
    def rulebook(self) -> Path:
        """The signed rulebook in force."""
        return self.folder / "rulebook" / "rulebook.json"

    @property
    def root(self) -> Path:
        """The signed root document: who may sign rulebooks."""
        return self.folder / "rulebook" / "root.json"

    @property
    def announce(self) -> Path:
        """The clips of the announcements, one folder each."""
        return self.folder / "announce"

    @property
    def registry(self) -> Path:
        """One ``<device id>.json`` per enrolled device."""
        return self.folder / "registry"

    @property
    def plans(self) -> Path:
        """Session plans: drafts in clear, and what was signed."""
        return self.folder / "plans"

    @property
    def broker_configuration(self) -> Path:
        """What Mosquitto is started with."""
        return self.folder / "broker" / "mosquitto.conf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bureau:
    """One bureau: its settings and its folder."""

    settings: Settings
    paths: Paths


def load_bureau(folder: Path) -> Bureau:
    """Read ``bureau.toml`` of ``folder``.

    Raises:
        SettingsError: Missing, unreadable, not TOML, an unknown key or a value out of range.
    """
    folder = folder.absolute()
    settings = _decode(folder / FILE_NAME)
    paths = Paths(
        folder,
        archive=folder / settings.archive_dir,
        quarantine=folder / settings.quarantine_dir,
        partial=folder / settings.partial_dir,
        ledger=folder / settings.ledger_file,
    )
    return Bureau(settings=settings, paths=paths)


def _decode(path: Path) -> Settings:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_SETTINGS_BYTES + 1)
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read ({error.strerror}); prepare the bureau: provision init"
        ) from error
    if len(text) > MAX_SETTINGS_BYTES:
        raise SettingsError(f"{path} is larger than {MAX_SETTINGS_BYTES} bytes")
    try:
        return msgspec.toml.decode(text, type=Settings, strict=True)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from error
