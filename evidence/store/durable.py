"""Durable files: what is on the medium when a call returns.

Owns fsync, fdatasync and rename, for device and bureau alike. Refuses to truncate, and to overwrite anything in place:
an append-only file only grows, a replaced file is whole before its name points to it.
"""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path
from types import TracebackType
from typing import Self

_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC


class AppendFile:
    """A file that only grows.

    ``write`` hands bytes to the kernel; ``sync`` returns when they are on the medium. Both may be called from
    different threads.
    """

    def __init__(self, path: Path, *, fresh: bool, mode: int = 0o640) -> None:
        """Open ``path`` for appending.

        Args:
            path: Under its final name from the first byte.
            fresh: Whether it must not exist yet.
            mode: Permissions of a new file.

        Raises:
            OSError: It exists though it must not, or cannot be opened.
        """
        self.path = path
        existed = path.exists()
        self.fd = os.open(path, _APPEND | (os.O_EXCL if fresh else 0), mode)
        if not existed:
            sync_folder(path.parent)

    def write(self, content: bytes | memoryview) -> None:
        """Append all of ``content``.

        Raises:
            OSError: The medium is full or broken; a part may have been written.
        """
        view = memoryview(content)
        while view:
            view = view[os.write(self.fd, view) :]

    def sync(self) -> None:
        """Return when everything written before the call is on the medium."""
        os.fdatasync(self.fd)

    def close(self) -> None:
        """Close without syncing. Idempotent."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def replace_file(path: Path, content: bytes, *, mode: int = 0o640) -> None:
    """Make ``path`` hold ``content``: at every instant it has the old bytes or the new ones, whole.

    Raises:
        OSError: The medium is full or broken; the old bytes stand.
    """
    temporary = path.with_name(path.name + ".new")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        os.fchmod(fd, mode)
        view = memoryview(content)
        while view:
            view = view[os.write(fd, view) :]
        os.fsync(fd)
    finally:
        os.close(fd)
    temporary.replace(path)
    sync_folder(path.parent)


def write_once(path: Path, content: bytes, *, mode: int = 0o440) -> None:
    """Create ``path`` with ``content``; it must not exist.

    Raises:
        FileExistsError: It exists.
        OSError: The medium is full or broken.
    """
    with AppendFile(path, fresh=True, mode=mode) as file:
        file.write(content)
        file.sync()


def move_file(source: Path, target: Path) -> None:
    """Give ``source`` its final name on the same medium; never over an existing file.

    Raises:
        FileExistsError: The target exists.
    """
    os.link(source, target)
    sync_folder(target.parent)
    source.unlink()
    sync_folder(source.parent)


def make_folder(path: Path, *, mode: int = 0o750) -> None:
    """Create a folder, and those above it, durably. Idempotent."""
    if path.is_dir():
        return
    make_folder(path.parent, mode=mode)
    path.mkdir(mode=mode, exist_ok=True)
    sync_folder(path.parent)


def bind_socket(path: Path, *, mode: int = 0o660) -> socket.socket:
    """A bound stream socket at ``path``; a name that a dead process left there is replaced."""
    make_folder(path.parent)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    fresh = path.with_name(secrets.token_hex(4))
    bound.bind(str(fresh))
    fresh.chmod(mode)
    fresh.replace(path)
    return bound


def sync_folder(path: Path) -> None:
    """Return when the names in ``path`` are on the medium."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
