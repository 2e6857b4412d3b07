"""Reading an evidence folder that somebody else filled.

Owns opening its files safely: regular files of that folder alone, each of a bounded size, never
through a link. Refuses to judge them: ``evidence.verify`` does.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from evidence.errors import StoreError
from evidence.ids import DEVICE_LOG_NAME, JOURNAL_NAME
from evidence.limits import MAX_FILES, MAX_JOURNAL_BYTES, MAX_RECEIPT_BYTES, MAX_RULEBOOK_BYTES
from evidence.verify.bundle import Bundle
from evidence.verify.policy import ROOT_NAME, RULEBOOK_NAME
from evidence.verify.receipts import RECEIPT_NAMES

_PIECE: Final = 1_048_576
# A named pipe must not make the reader wait, a link must not lead it out of the folder.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LIMITS: Final = {
    JOURNAL_NAME: MAX_JOURNAL_BYTES,
    DEVICE_LOG_NAME: MAX_JOURNAL_BYTES,
    RECEIPT_NAMES["committed"]: MAX_RECEIPT_BYTES,
    RECEIPT_NAMES["stored"]: MAX_RECEIPT_BYTES,
    RULEBOOK_NAME: MAX_RULEBOOK_BYTES,
    ROOT_NAME: MAX_RULEBOOK_BYTES,
}


class FolderFiles:
    """The sealed files of an evidence folder (``evidence.verify.Files``)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        """Every name in the folder but those that are no sealed files.

        Raises:
            StoreError: There are more than a session can have.
        """
        names = []
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.name not in _LIMITS:
                    names.append(entry.name)
                if len(names) > MAX_FILES:
                    raise StoreError(f"{self._folder} holds more than {MAX_FILES} files")
        return names

    def size(self, name: str) -> int:
        """Bytes of a file.

        Raises:
            OSError: It is not there, or is no regular file.
        """
        fd, size = _open(self._folder / name)
        os.close(fd)
        return size

    def read(self, name: str) -> Iterator[bytes]:
        """Its bytes in pieces of at most 1 MiB.

        Raises:
            OSError: It cannot be read.
        """
        fd, _ = _open(self._folder / name)
        try:
            while piece := os.read(fd, _PIECE):
                yield piece
        finally:
            os.close(fd)


def read_folder(folder: Path, *, journal_optional: bool = False) -> Bundle:
    """Read an evidence folder.

    Args:
        folder: Which.
        journal_optional: Take a folder without a journal for one whose journal is empty: on a card
            a crash may have left it so.

    Raises:
        StoreError: It has no journal, or one of its files cannot be read or is too large.
    """
    parts = {name: read_part(folder / name, limit) for name, limit in _LIMITS.items()}
    journal = parts[JOURNAL_NAME]
    if journal is None and journal_optional:
        journal = b""
    if journal is None:
        raise StoreError(f"{folder} has no {JOURNAL_NAME}: it is no evidence folder")
    return Bundle(
        journal=journal,
        files=FolderFiles(folder),
        device_log=parts[DEVICE_LOG_NAME],
        committed=parts[RECEIPT_NAMES["committed"]],
        stored=parts[RECEIPT_NAMES["stored"]],
        rulebook=parts[RULEBOOK_NAME],
        root=parts[ROOT_NAME],
    )


def read_part(path: Path, limit: int) -> bytes | None:
    """The whole of a small file; None where there is none."""
    try:
        fd, size = _open(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error}") from error
    with os.fdopen(fd, "rb") as file:
        if size > limit:
            raise StoreError(f"{path} has {size} bytes where at most {limit} are read")
        try:
            return file.read(limit + 1)
        except OSError as error:
            raise StoreError(f"{path} cannot be read: {error}") from error


def _open(path: Path) -> tuple[int, int]:
    """Open a regular file for reading; returns descriptor and size."""
    fd = os.open(path, _READ)
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        os.close(fd)
        raise OSError(f"{path.name!r} is no regular file")
    return fd, status.st_size
