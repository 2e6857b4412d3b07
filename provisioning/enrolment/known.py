"""Which hardware and which keys have an id already.

Owns looking it up across all devices; files are read again only when they changed. Refuses to
decide what follows from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from provisioning.custody import registry
from provisioning.enrolment import claims

_Stamp = tuple[int, int]


class Known:
    """All devices of a bureau.

    Args:
        folder: The registry's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys: dict[Path, tuple[_Stamp, frozenset[str]]] = {}
        self._serials: dict[Path, tuple[_Stamp, str | None]] = {}

    def device_with_serial(self, serial: str, besides: str) -> str | None:
        """Which other device than ``besides`` has, or will have, this hardware.

        Raises:
            BureauError: A file of the registry cannot be read.
        """
        for path in _files(self._folder / "claims", besides):
            stamp = _stamp(path)
            if path not in self._serials or self._serials[path][0] != stamp:
                claim = claims.find(self._folder, path.stem)
                self._serials[path] = (stamp, claim.known_serial if claim else None)
            if self._serials[path][1] == serial:
                return path.stem
        return None

    def device_with_keys(self, kids: frozenset[str], besides: str) -> str | None:
        """Which other device than ``besides`` has one of these keys.

        Raises:
            BureauError: A file of the registry cannot be read.
        """
        for path in _files(self._folder, besides):
            stamp = _stamp(path)
            if path not in self._keys or self._keys[path][0] != stamp:
                entry = registry.find(self._folder, path.stem)
                held = frozenset({entry.signing.kid, entry.tls.kid}) if entry else frozenset()
                self._keys[path] = (stamp, held)
            if self._keys[path][1] & kids:
                return path.stem
        return None


def _files(folder: Path, besides: str) -> Iterator[Path]:
    return (path for path in sorted(folder.glob("*.json")) if path.stem != besides)


def _stamp(path: Path) -> _Stamp:
    held = path.stat()
    return held.st_mtime_ns, held.st_ino
