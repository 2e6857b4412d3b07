"""Which devices may speak.

Owns reading ``registry/<dev>.json``, which provisioning writes, on every message: a revocation
counts from the next message on, whatever connection is still open. Refuses to write.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from bureau.errors import RegistryError, UnknownDeviceError
from evidence.ids import DEVICE_ID

MAX_ENTRY_BYTES: Final = 64 * 1024
ACTIVE: Final = "active"


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """What the desk needs to know of a device; provisioning's entry holds more.

    Attributes:
        device: Device id.
        status: ``active``, or why not.
    """

    device: Annotated[str, Meta(pattern=rf"^{DEVICE_ID.pattern}\Z")]
    status: Annotated[str, Meta(min_length=1, max_length=32)]


class Registry:
    """The enrolled devices.

    Args:
        folder: ``registry/``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, tuple[tuple[int, int, int], Enrolment]] = {}

    def admit(self, device: str) -> Enrolment:
        """The enrolment of a device that may speak now.

        Raises:
            UnknownDeviceError: It is not enrolled, or no longer active.
            RegistryError: Its entry cannot be read.
        """
        enrolment = self._find(device)
        if enrolment.status != ACTIVE:
            raise UnknownDeviceError(f"{device} is {enrolment.status}", code="revoked_device")
        return enrolment

    def devices(self) -> list[str]:
        """Every device that was ever enrolled, active or not."""
        return sorted(path.stem for path in self._folder.glob("*.json"))

    def _find(self, device: str) -> Enrolment:
        path = self._folder / f"{device}.json"
        try:
            status = path.stat()
        except FileNotFoundError:
            raise UnknownDeviceError(f"{device} is not enrolled here") from None
        except OSError as error:
            raise RegistryError(f"{path} cannot be read: {error.strerror}") from error
        version = _version(status)
        known = self._known.get(device)
        if known is None or known[0] != version:
            known = self._known[device] = (version, _read(path, device))
        return known[1]


def _version(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_mtime_ns, status.st_size, status.st_ino


def _read(path: Path, device: str) -> Enrolment:
    try:
        text = path.read_bytes()
        if len(text) > MAX_ENTRY_BYTES:
            raise RegistryError(f"{path} is larger than {MAX_ENTRY_BYTES} bytes")
        enrolment = msgspec.json.decode(text, type=Enrolment, strict=True)
    except (OSError, msgspec.MsgspecError) as error:
        raise RegistryError(f"{path} is no registry entry: {error}") from error
    if enrolment.device != device:
        raise RegistryError(f"{path} names device {enrolment.device}")
    return enrolment
