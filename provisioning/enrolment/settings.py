"""What a recorder will be told about itself: ``device.toml``.

Owns the wishes of a clerk for one device and the file they become. Refuses the bureau's numbers:
they stand in its signed rulebook.
"""

from __future__ import annotations

import json
from string import Template
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from provisioning.bureau_folder import BureauSettings
from provisioning.errors import BoardError
from provisioning.layout import FILES

BOARDS: Final = ("fake", "pi")
_RUN: Final = {"fake": "run", "pi": "/run/recorder"}
_LOCKS: Final = {"fake": "board", "pi": "kernel"}
"""Where a recorder's sockets are, and who locks its files, as its units have it."""

_RESERVE_SECONDS: Final = 600
_FLOOR_BYTES: Final = 256 * 1024 * 1024
_RATE: Final = 25
_BITS: Final = 4_000_000

Natural = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]


class DeviceOptions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What may differ from device to device; None means the default.

    Attributes:
        board: ``pi`` for the hardware, ``fake`` for the simulated body; ``fake``.
        width: Pixels; 1280.
        height: Pixels; 720.
        frames_per_second: 25.
        bits_per_second: 4,000,000.
        keyframe_interval: Frames; one second of them.
        storage_floor_bytes: Never used by recordings; 256 MiB.
        reserve_bytes: Kept back for the end; ten minutes of recording on a Pi, nothing on a fake.
        run_dir: Folder of the sockets, for a device folder whose path is long; ``run`` in it on a
            fake, ``/run/recorder`` on a Pi.
        officer: Bureau's id of who presses.
    """

    board: str | None = None
    width: Positive | None = None
    height: Positive | None = None
    frames_per_second: Positive | None = None
    bits_per_second: Positive | None = None
    keyframe_interval: Positive | None = None
    storage_floor_bytes: Natural | None = None
    reserve_bytes: Natural | None = None
    run_dir: str | None = None
    officer: str | None = None

    @property
    def body(self) -> str:
        """Which body the recorder has."""
        return self.board or BOARDS[0]

    @property
    def floor(self) -> int:
        """Bytes that recordings never use."""
        given = self.storage_floor_bytes
        return _FLOOR_BYTES if given is None else given

    @property
    def reserve(self) -> int:
        """Bytes kept back for the end."""
        if self.reserve_bytes is not None:
            return self.reserve_bytes
        bits = self.bits_per_second or _BITS
        return _RESERVE_SECONDS * bits // 8 * 5 // 4 if self.body == "pi" else 0


def check_board(options: DeviceOptions) -> None:
    """Check that the body is one that there is.

    Raises:
        BoardError: It is not.
    """
    if options.body not in BOARDS:
        raise BoardError(f"{options.board!r} is none of {', '.join(BOARDS)}")


def settings_text(bureau: BureauSettings, name: str, options: DeviceOptions) -> bytes:
    """``device.toml`` of a new device."""
    rate = options.frames_per_second or _RATE
    values: dict[str, str | int] = {
        "device_id": name,
        "board": options.body,
        "storage_floor_bytes": options.floor,
        "reserve_bytes": options.reserve,
        "run_dir": options.run_dir or _RUN[options.body],
        "locks": _LOCKS[options.body],
        "host": bureau.host,
        "port": bureau.port,
        "width": options.width or 1_280,
        "height": options.height or 720,
        "frames_per_second": rate,
        "bits_per_second": options.bits_per_second or _BITS,
        "keyframe_interval": options.keyframe_interval or rate,
    }
    officer = f"officer = {_toml(options.officer)}\n" if options.officer else ""
    template = Template((FILES / "device.toml").read_text())
    texts = {key: _toml(value) for key, value in values.items()}
    return template.substitute(texts, persons=officer).encode()


def _toml(value: str | int) -> str:
    """A JSON string or integer is a TOML one."""
    return json.dumps(value, ensure_ascii=False)
