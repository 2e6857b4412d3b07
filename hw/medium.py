"""What can be asked of any medium that holds files.

Owns the reading of its room and the proof that it keeps what it is given; both bodies use it.
Refuses judgement: what is too little is the rulebook's.
"""

from __future__ import annotations

import os
from pathlib import Path

from evidence.store.durable import PositionedFile
from hw.errors import StorageFault
from hw.types import StorageReading

_PIECE_BYTES = 65_536


def read_medium(folder: Path) -> StorageReading:
    """The medium under ``folder`` now.

    Raises:
        StorageFault: The folder cannot be read.
    """
    try:
        medium = os.statvfs(folder)
    except OSError as error:
        raise StorageFault("storage", f"{folder} cannot be read: {error}") from error
    return StorageReading(
        free_bytes=medium.f_bavail * medium.f_frsize,
        total_bytes=medium.f_blocks * medium.f_frsize,
        writable=not medium.f_flag & os.ST_RDONLY and os.access(folder, os.W_OK),
        free_files=medium.f_favail if medium.f_files else None,
    )


def prove_medium(path: Path, content: bytes) -> bytes:
    """Write ``content`` to ``path``, sync it and read it back past the kernel's memory.

    Raises:
        StorageFault: The medium is full, read-only or broken.
    """
    try:
        return _write_and_read(path, content)
    except OSError as error:
        raise StorageFault("storage", f"{path} cannot be written: {error}") from error


def _write_and_read(path: Path, content: bytes) -> bytes:
    file = PositionedFile(path)
    try:
        file.write(content, 0)
        file.sync()
        return b"".join(file.pieces(_PIECE_BYTES))[: len(content)]
    finally:
        file.close()
