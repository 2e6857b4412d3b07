"""A release folder out of the files of a bundle.

Owns its shape: ``lib/`` has the wheels' packages, ``overlay/`` the files for the system, and
``bin/recorder`` starts the recorder with this ``lib/`` before everything that the system has
installed. A wheel is a ZIP archive; it is laid out here without pip, so that nothing of a bundle
runs before the switch. Refuses names that lead out of the folder, links, and archives that grow
beyond what a device has room for.
"""

from __future__ import annotations

import errno
import shutil
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Final

from evidence.errors import RulebookError
from evidence.store import durable
from evidence.update import MOST_UNPACKED_BYTES

LAUNCHER: Final = """\
#!/usr/bin/python3
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))

from agent.main import run

run()
"""
_MOST_ENTRIES: Final = 20_000
_INTO_LIB: Final = ("purelib", "platlib")
_LINK: Final = 0o120000
_KIND: Final = 0o170000
_FOLDER: Final = 0o755


def make_release(files: Path, target: Path) -> None:
    """Lay out a release.

    Args:
        files: The bundle's files, verified and ours.
        target: Made here.

    Raises:
        RulebookError: ``update_malformed``: a wheel is none, or none of them has the recorder.
        OSError: The medium is full or broken.
    """
    library = target / "lib"
    durable.make_folder(library, mode=_FOLDER)
    room = MOST_UNPACKED_BYTES
    for wheel in sorted((files / "wheels").glob("*.whl")):
        room = _lay_out(wheel, library, room)
    if not (library / "agent" / "main.py").is_file():
        raise RulebookError("no wheel holds the recorder", code="update_malformed")
    if (files / "overlay").is_dir():
        shutil.copytree(files / "overlay", target / "overlay")
    launcher = target / "bin" / "recorder"
    durable.make_folder(launcher.parent, mode=_FOLDER)
    launcher.write_text(LAUNCHER)
    for path in (target, *target.rglob("*")):
        path.chmod(_FOLDER if path.is_dir() or path == launcher else 0o644)


_UNREADABLE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    UnicodeDecodeError,
)
"""What ``zipfile`` raises for a damaged archive or stream, one cut short, a feature that it does
not know, an entry under a password, and a name that is no text."""
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How wheels are packed; a damaged stream of another method is told as if the medium were."""
_OF_THE_WHEEL: Final = frozenset(
    {errno.EINVAL, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG}
)
"""Errors of the system that a wheel's offsets and names lead to; the others are the medium's."""


def _lay_out(wheel: Path, library: Path, room: int) -> int:
    """Unpack one wheel; returns the bytes of room that are left."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            entries = archive.infolist()
            if len(entries) > _MOST_ENTRIES:
                raise RulebookError(f"{wheel.name} has too many files", code="update_malformed")
            for entry in entries:
                place = None if entry.is_dir() else _place(entry, wheel.name)
                if place is None:
                    continue
                room -= entry.file_size
                if room < 0:
                    raise RulebookError("it unpacks to too much", code="update_malformed")
                (library / place).parent.mkdir(parents=True, exist_ok=True)
                # zipfile checks the length that the entry claims, and its CRC.
                with archive.open(entry) as packed, (library / place).open("wb") as file:
                    shutil.copyfileobj(packed, file)
    except _UNREADABLE as error:
        raise RulebookError(f"{wheel.name}: {error}", code="update_malformed") from error
    except OSError as error:
        if error.errno not in _OF_THE_WHEEL:
            raise
        raise RulebookError(f"{wheel.name}: {error}", code="update_malformed") from error
    return room


def _place(entry: zipfile.ZipInfo, wheel: str) -> PurePosixPath | None:
    """Where an entry belongs in ``lib/``; None for what the recorder does not need of a wheel."""
    path = PurePosixPath(entry.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in entry.filename or not path.parts:
        raise RulebookError(f"{wheel} names {entry.filename!r}", code="update_malformed")
    if entry.external_attr >> 16 & _KIND == _LINK:
        raise RulebookError(f"{wheel} holds a link", code="update_malformed")
    if entry.compress_type not in _METHODS:
        raise RulebookError(
            f"{wheel} packs {path} by method {entry.compress_type}", code="update_malformed"
        )
    if path.parts[0].endswith(".data"):
        if len(path.parts) > 2 and path.parts[1] in _INTO_LIB:  # noqa: PLR2004 - <name>.data/<scheme>/…
            return PurePosixPath(*path.parts[2:])
        return None
    return path
