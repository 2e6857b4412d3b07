"""What one recorder was told about itself: ``device.toml`` and the folder around it.

Owns the file's schema and every path inside a device folder. Refuses guesses: an unknown key, a
value of another type or out of range, and a folder whose sockets could not be opened are errors
that name the key and the next step. The bureau's numbers are not here, they stand in its signed
rulebook.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from agent.errors import SettingsError
from evidence.ids import DEVICE_ID
from hw.types import CameraSettings

FILE_NAME: Final = "device.toml"
MAX_SETTINGS_BYTES: Final = 64 * 1024
LONGEST_SOCKET_PATH: Final = 107
"""Bytes of a unix socket's path (``sun_path`` holds 108 with its closing zero)."""

_MIB: Final = 1024 * 1024

Person = Annotated[str, Meta(min_length=1, max_length=64)]
Port = Annotated[int, Meta(ge=1, le=65_535)]
Milliseconds = Annotated[int, Meta(ge=1, le=3_600_000)]


def _firmware() -> str:
    """The installed package's version; a source tree has none and says just that."""
    try:
        return version("zhifa-recorder")
    except PackageNotFoundError:
        return "source"


class Camera(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[camera]``: what the camera is asked for.

    Attributes:
        width: Pixels, even, 64 to 3840.
        height: Pixels, even, 64 to 2160.
        frames_per_second: 1 to 60.
        bits_per_second: Target of the encoder.
        keyframe_interval: Frames from one IDR frame to the next, at most.
    """

    width: Annotated[int, Meta(ge=64, le=3_840, multiple_of=2)] = 1_280
    height: Annotated[int, Meta(ge=64, le=2_160, multiple_of=2)] = 720
    frames_per_second: Annotated[int, Meta(ge=1, le=60)] = 25
    bits_per_second: Annotated[int, Meta(ge=50_000, le=50_000_000)] = 4_000_000
    keyframe_interval: Annotated[int, Meta(ge=1, le=600)] = 25

    def for_board(self) -> CameraSettings:
        """The same, as the board takes it."""
        return CameraSettings(
            width=self.width,
            height=self.height,
            frames_per_second=self.frames_per_second,
            bits_per_second=self.bits_per_second,
            keyframe_interval=self.keyframe_interval,
        )


class Broker(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[broker]``: where the dock finds the bureau.

    Attributes:
        host: Name or address; the broker's certificate must name it.
        port: TCP port.
    """

    host: Annotated[str, Meta(min_length=1, max_length=253)]
    port: Port = 8_883


class Transfer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[transfer]``: how the dock pushes.

    Attributes:
        window_bytes: Most bytes in flight end to end; the bureau's credit may shrink it.
        connect_timeout_ms: Until a connection counts as refused: a broker that refuses a
            certificate never says so.
        chunk_timeout_ms: Until an unanswered request makes the dock connect anew.
        backoff_first_ms: First pause after a failure; full jitter.
        backoff_most_ms: Longest pause.
        client: ``adapted``: paho with less copying, for the one version of it that this was written
            for; ``stock``: paho as it comes. Never chosen for the device.
    """

    window_bytes: Annotated[int, Meta(ge=983_040, le=256 * _MIB)] = 8 * _MIB
    connect_timeout_ms: Milliseconds = 10_000
    chunk_timeout_ms: Milliseconds = 15_000
    backoff_first_ms: Milliseconds = 200
    backoff_most_ms: Milliseconds = 60_000
    client: Literal["adapted", "stock"] = "adapted"


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of ``device.toml``.

    Attributes:
        device_id: The recorder's name, also in both its certificates.
        board: Which body it runs on.
        broker: See ``Broker``.
        camera: See ``Camera``.
        transfer: See ``Transfer``.
        firmware: What runs here, named in every session.
        officer: Who presses, by the bureau's id; None where the device is not told.
        activity: Code of the matter of a session that nobody planned.
        storage_floor_bytes: Never used by recordings: the system and the journal live on it.
        reserve_bytes: Size of the reserve file that is given up as space runs out.
        battery_minutes: How long a full battery of this unit records, until it has been measured;
            None where nobody has told.
        locks: ``kernel``: the locker's process locks files (``recorder locker``); ``board``: what
            the body itself can do, which may be nothing and is said at every start.
        run_dir: Folder of the sockets, absolute or under the device folder.
    """

    device_id: Annotated[str, Meta(pattern=rf"^{DEVICE_ID.pattern}\Z")]
    board: Literal["fake", "pi"]
    broker: Broker
    camera: Camera = msgspec.field(default_factory=Camera)
    transfer: Transfer = msgspec.field(default_factory=Transfer)
    firmware: Annotated[str, Meta(min_length=1, max_length=64)] = msgspec.field(
        default_factory=_firmware
    )
    officer: Person | None = None
    activity: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_.:-]{0,63}\Z")] = "voluntary"
    storage_floor_bytes: Annotated[int, Meta(ge=0)] = 256 * _MIB
    reserve_bytes: Annotated[int, Meta(ge=0)] = 0
    battery_minutes: Annotated[int, Meta(ge=10, le=10_000)] | None = None
    locks: Literal["kernel", "board"] = "board"
    run_dir: Annotated[str, Meta(min_length=1, max_length=1_024)] = "run"


@dataclass(frozen=True, slots=True)
class Paths:
    """Where everything of one recorder lies.

    Attributes:
        folder: The device folder, absolute.
        run: The folder of the sockets, absolute.
    """

    folder: Path
    run: Path

    @property
    def signing_key(self) -> Path:
        """Private signing key: the vault alone reads it."""
        return self.folder / "keys" / "signing.pem"

    @property
    def tls_key(self) -> Path:
        """Private TLS key: the dock alone reads it."""
        return self.folder / "keys" / "tls.pem"

    @property
    def signing_certificate(self) -> Path:
        """Certificate of the signing key."""
        return self.folder / "certs" / "signing.pem"

    @property
    def tls_certificate(self) -> Path:
        """Certificate of the TLS key."""
        return self.folder / "certs" / "tls.pem"

    @property
    def ca(self) -> Path:
        """The pinned bureau CA."""
        return self.folder / "certs" / "ca.pem"

    @property
    def rulebook(self) -> Path:
        """The signed rulebook in force."""
        return self.folder / "bureau" / "rulebook.json"

    @property
    def root(self) -> Path:
        """The signed root document: who may sign rulebooks."""
        return self.folder / "bureau" / "root.json"

    @property
    def rulebook_floor(self) -> Path:
        """The lowest rulebook version still accepted: one decimal number and a newline."""
        return self.folder / "bureau" / "rulebook.floor"

    @property
    def assignment(self) -> Path:
        """The assignment in force, as the bureau signed it."""
        return self.folder / "bureau" / "assignment.jws"

    @property
    def staged_assignment(self) -> Path:
        """An assignment that is adopted once no session is open."""
        return self.folder / "bureau" / "staged.jws"

    @property
    def staged_policy(self) -> Path:
        """Rulebook, root and clips that are adopted once no session is open."""
        return self.folder / "bureau" / "staged.json"

    @property
    def announce(self) -> Path:
        """One folder per announcement: ``audio.flac``, ``text.txt``, ``meta.json``."""
        return self.folder / "announce"

    @property
    def store(self) -> Path:
        """All that is evidence."""
        return self.folder / "store"

    @property
    def device_log(self) -> Path:
        """The device log."""
        return self.store / "device.jws"

    @property
    def sessions(self) -> Path:
        """One folder per session."""
        return self.store / "sessions"

    @property
    def receipts(self) -> Path:
        """Verified receipts, ``<sid>.<kind>.jws``."""
        return self.store / "receipts"

    @property
    def state(self) -> Path:
        """What can be rebuilt."""
        return self.folder / "state"

    @property
    def spares(self) -> Path:
        """Empty files that become segments where the medium can name no new file.

        Beside the sessions: what is made there is for the dock to read, and stays so when moved.
        """
        return self.folder / "store" / "spares"

    @property
    def reserve(self) -> Path:
        """The file that is given up as space runs out."""
        return self.state / "reserve"

    @property
    def probe(self) -> Path:
        """What was last written to see whether the medium keeps it."""
        return self.state / "probe"

    @property
    def catalog(self) -> Path:
        """The rebuildable index of sessions."""
        return self.state / "catalog.json"

    @property
    def update_inbox(self) -> Path:
        """An update on its way: ``update.json`` and its files."""
        return self.state / "update" / "inbox"

    @property
    def update_request(self) -> Path:
        """Digest of the manifest that the vault asks to be tried; a path unit watches it."""
        return self.state / "update" / "request"

    @property
    def update_outcome(self) -> Path:
        """What became of it, as the root process says."""
        return self.state / "update" / "outcome.json"

    @property
    def update_settled(self) -> Path:
        """Digest of the outcome that is on record."""
        return self.state / "update" / "settled"

    @property
    def plans(self) -> Path:
        """Session plans as the bureau signed them, ``<plan_id>.jws``."""
        return self.state / "plans"

    @property
    def vault_socket(self) -> Path:
        """Where the recorder reaches the vault: a folder that its user alone enters besides."""
        return self.run / "session" / "vault.sock"

    @property
    def dock_socket(self) -> Path:
        """Where the dock reaches the vault: a folder that its user alone enters besides."""
        return self.run / "dock" / "dock.sock"

    @property
    def locker_socket(self) -> Path:
        """Where the vault reaches the locker: a folder that their user alone enters."""
        return self.run / "locker" / "locker.sock"

    @property
    def trial(self) -> Path:
        """Where the locker tries its locks before it reports ready."""
        return self.store / "trial"

    @property
    def world_socket(self) -> Path:
        """Where the fake world listens."""
        return self.run / "world.sock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One recorder: its settings and its folder."""

    settings: Settings
    paths: Paths


def load_device(folder: Path) -> Device:
    """Read ``device.toml`` of ``folder``.

    Raises:
        SettingsError: Missing, unreadable, not TOML, an unknown key, a value out of range, or a
            folder whose path is too long for its sockets.
    """
    folder = folder.absolute()
    settings = _decode(folder / FILE_NAME)
    paths = Paths(folder, folder / settings.run_dir)
    for longest in (paths.vault_socket, paths.locker_socket):
        _check_socket(longest)
    return Device(settings=settings, paths=paths)


def _decode(path: Path) -> Settings:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_SETTINGS_BYTES + 1)
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read ({error.strerror}); enrol it: recorder enrol"
        ) from error
    if len(text) > MAX_SETTINGS_BYTES:
        raise SettingsError(f"{path} is larger than {MAX_SETTINGS_BYTES} bytes")
    try:
        return msgspec.toml.decode(text, type=Settings, strict=True)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from error


def _check_socket(path: Path) -> None:
    length = len(os.fsencode(path))
    if length > LONGEST_SOCKET_PATH:
        raise SettingsError(
            f"the socket path {path} has {length} bytes where {LONGEST_SOCKET_PATH} are possible;"
            f" set run_dir in {FILE_NAME} to a shorter folder, for example /run/recorder"
        )
