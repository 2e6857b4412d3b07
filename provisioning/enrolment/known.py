"""Which hardware and which keys have an id already.

Owns looking it up across all devices; files are read again only when they changed. Hardware whose
id has ended is free for another one, on another card; its old keys never are. Refuses to decide
what follows from it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from provisioning.custody import registry
from provisioning.enrolment import claims

_Stamp = tuple[int, int]
_SUFFIX = ".json"


class Known:
    """All devices of a bureau.

    Args:
        folder: The registry's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys: dict[str, tuple[_Stamp, frozenset[str]]] = {}
        self._serials: dict[str, tuple[_Stamp, str | None]] = {}

    def device_with_serial(self, serial: str, besides: str) -> str | None:
        """Which other device than ``besides`` has, or will have, this hardware and has not ended.

        Raises:
            BureauError: A file of the registry cannot be read.
        """
        for device, stamp in _devices(self._folder / "claims", besides):
            held = self._serials.get(device)
            if held is None or held[0] != stamp:
                claim = claims.find(self._folder, device)
                held = (stamp, claim.known_serial if claim else None)
                self._serials[device] = held
            if held[1] == serial and not self._has_ended(device):
                return device
        return None

    def device_with_keys(self, kids: frozenset[str], besides: str) -> str | None:
        """Which other device than ``besides`` has one of these keys.

        Raises:
            BureauError: A file of the registry cannot be read.
        """
        for device, stamp in _devices(self._folder, besides):
            held = self._keys.get(device)
            if held is None or held[0] != stamp:
                entry = registry.find(self._folder, device)
                own = frozenset({entry.signing.kid, entry.tls.kid}) if entry else frozenset()
                held = (stamp, own)
                self._keys[device] = held
            if held[1] & kids:
                return device
        return None

    def _has_ended(self, device: str) -> bool:
        entry = registry.find(self._folder, device)
        return entry is not None and entry.status == "revoked"


def _devices(folder: Path, besides: str) -> Iterator[tuple[str, _Stamp]]:
    """Whose files lie there, and when each was written last."""
    if not folder.is_dir():
        return
    with os.scandir(folder) as files:
        for file in files:
            device = file.name.removesuffix(_SUFFIX)
            if device not in (file.name, besides):
                held = file.stat()
                yield device, (held.st_mtime_ns, held.st_ino)
