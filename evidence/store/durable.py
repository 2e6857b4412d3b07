"""Durable files: what is on the medium when a call returns.

Owns fsync, fdatasync and rename, for device and bureau alike. Refuses to truncate, and to overwrite
anything in place: an append-only file only grows, a replaced file is whole before its name points
to it.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
_PIECE = 64 * 1024
_POSITIONED = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC


class AppendFile:
    """A file that only grows.

    ``write`` hands bytes to the kernel; ``sync`` returns when they are on the medium. Both may be
    called from different threads.
    """

    def __init__(
        self,
        path: Path,
        *,
        fresh: bool,
        mode: int = 0o640,
        relief: Callable[[], bool] | None = None,
    ) -> None:
        """Open ``path`` for appending.

        Args:
            path: Under its final name from the first byte.
            fresh: Whether it must not exist yet.
            mode: Permissions of a new file.
            relief: Asked when the medium is full: True when it made room, so that the write goes on
                where it stopped and nothing is torn.

        Raises:
            OSError: It exists though it must not, or cannot be opened.
        """
        self.path = path
        self._relief = relief
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
            try:
                view = view[os.write(self.fd, view) :]
            except OSError as error:
                full = error.errno in (errno.ENOSPC, errno.EDQUOT)
                if not full or self._relief is None or not self._relief():
                    raise

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


class PositionedFile:
    """A file that arrives in pieces, in any order, and is then read back.

    What was written counts only after ``sync``. A failed ``sync`` leaves unknown bytes: close the
    file and trust only what an earlier ``sync`` covered.
    """

    def __init__(self, path: Path, *, mode: int = 0o640) -> None:
        """Open ``path``, or create it.

        Raises:
            OSError: It cannot be opened.
        """
        self.path = path
        existed = path.exists()
        self.fd = os.open(path, _POSITIONED, mode)
        if not existed:
            sync_folder(path.parent)

    def write(self, content: bytes | memoryview, offset: int) -> None:
        """Put all of ``content`` at ``offset``.

        Raises:
            OSError: The medium is full or broken; a part may have been written.
        """
        view = memoryview(content)
        while view:
            written = os.pwrite(self.fd, view, offset)
            view, offset = view[written:], offset + written

    def sync(self) -> None:
        """Return when everything written before the call is on the medium."""
        os.fdatasync(self.fd)

    def pieces(self, size: int) -> Iterator[bytes]:
        """Read it back from the medium in pieces of at most ``size`` bytes, after a ``sync``.

        The kernel is asked to drop its own copy first, so that what is read is what a reader of
        tomorrow will read.
        """
        os.posix_fadvise(self.fd, 0, 0, os.POSIX_FADV_DONTNEED)
        offset = 0
        while piece := os.pread(self.fd, size, offset):
            yield piece
            offset += len(piece)

    def finish(self, mode: int) -> None:
        """Set the permissions of a file that is complete, durably."""
        os.fchmod(self.fd, mode)
        os.fsync(self.fd)

    def close(self) -> None:
        """Close without syncing. Idempotent."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def replace_file(path: Path, content: bytes, *, mode: int | None = 0o640) -> None:
    """Make ``path`` hold ``content``: at every instant it has the old bytes or the new ones, whole.

    Args:
        path: The file.
        content: All of it.
        mode: Its permissions; None on a medium that has none (FAT).

    Raises:
        OSError: The medium is full or broken; the old bytes stand.
    """
    unfinished = unfinished_of(path)
    fd = os.open(
        unfinished,
        os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC,
        0o600 if mode is None else mode,
    )
    try:
        if mode is not None:
            os.fchmod(fd, mode)
        view = memoryview(content)
        while view:
            view = view[os.write(fd, view) :]
        os.fsync(fd)
    finally:
        os.close(fd)
    put_in_place(unfinished, path)


def unfinished_of(path: Path) -> Path:
    """The name that ``path`` is written under until it is whole; nothing is there any more.

    What a cut left there is let go of, not written over: it may be read-only already.
    """
    unfinished = path.with_name(path.name + ".new")
    unfinished.unlink(missing_ok=True)
    return unfinished


def put_in_place(unfinished: Path, path: Path) -> None:
    """Give a file that is whole and synced its name, over what had it."""
    unfinished.replace(path)
    sync_folder(path.parent)


def create_file(path: Path, content: bytes, *, mode: int = 0o440) -> None:
    """Make ``path``, which must not exist: at every instant it is absent or whole.

    For one writer at a time: two would both find it absent.

    Raises:
        FileExistsError: It exists.
        OSError: The medium is full or broken; there is still no such file.
    """
    if path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    replace_file(path, content, mode=mode)


def write_once(path: Path, content: bytes, *, mode: int = 0o440) -> None:
    """Create ``path`` with ``content``, under its name from the first byte; it must not exist.

    Raises:
        FileExistsError: It exists.
        OSError: The medium is full or broken.
    """
    with AppendFile(path, fresh=True, mode=mode) as file:
        file.write(content)
        file.sync()


def move_file(source: Path, target: Path) -> None:
    """Give ``source`` its final name on the same medium; never over another file.

    A move that a crash cut short, so that the file has both names, is finished.

    Raises:
        FileExistsError: The target exists and is another file.
    """
    if not (target.exists() and target.samefile(source)):
        os.link(source, target)
    sync_folder(target.parent)
    source.unlink()
    sync_folder(source.parent)


def copy_file(source: Path, target: Path) -> None:
    """Copy a small file to another medium, removable ones included, and read it back from there.

    A copy that was cut short is finished.

    Raises:
        FileExistsError: The target exists and is another file.
        OSError: The medium is full or broken, or does not give back what was written.
    """
    content = source.read_bytes()
    if target.exists() and not content.startswith(target.read_bytes()):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    file = PositionedFile(target, mode=0o600)
    try:
        file.write(content, 0)
        file.sync()
        if b"".join(file.pieces(_PIECE)) != content:
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(target))
    finally:
        file.close()
    sync_folder(target.parent)


def release_copied(source: Path, target: Path) -> None:
    """Let go of ``source``, of which ``copy_file`` made ``target``.

    The name goes; what the medium keeps under it is the medium's own affair.

    Raises:
        OSError: The copy is not there, or is not one.
    """
    if source.samefile(target) or source.read_bytes() != target.read_bytes():
        raise OSError(errno.EIO, "the copy is not the file", str(target))
    source.unlink()
    sync_folder(source.parent)


def move_folder(source: Path, target: Path) -> None:
    """Give a whole folder another name on the same medium, in one step.

    Raises:
        OSError: The target exists and is not empty, or lies on another medium.
    """
    source.rename(target)
    sync_folder(target.parent)
    sync_folder(source.parent)


def replace_link(path: Path, target: str) -> None:
    """Make ``path`` a symbolic link to ``target``: at every instant it is the old one or the new.

    Raises:
        OSError: The medium is full or broken; the old link stands.
    """
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(path)
    sync_folder(path.parent)


def sync_everything() -> None:
    """Return when all that was written to any medium is on it: for a thousand small files."""
    os.sync()


def release_scratch(path: Path) -> None:
    """Let go of an unfinished folder and all in it; only of one whose name ends with ``.scratch``.

    Raises:
        ValueError: It is called otherwise: somebody may need it.
        OSError: Something in it cannot be let go of.
    """
    if path.suffix != ".scratch":
        raise ValueError(f"{path} is no scratch folder")
    if path.exists():
        shutil.rmtree(path)
        sync_folder(path.parent)


def replace_with(source: Path, target: Path) -> None:
    """Let ``target`` be the file ``source``, which loses its name; whole at every instant.

    Raises:
        OSError: They lie on different media, or the medium is broken.
    """
    fd = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
    source.replace(target)
    sync_folder(target.parent)


def make_folder(path: Path, *, mode: int = 0o750) -> None:
    """Create a folder, and those above it, durably. Idempotent."""
    if path.is_dir():
        return
    make_folder(path.parent, mode=mode)
    path.mkdir(mode=mode, exist_ok=True)
    sync_folder(path.parent)


def listen_at(path: Path, *, mode: int = 0o660, kind: int = socket.SOCK_STREAM) -> socket.socket:
    """A listening socket at ``path``; a name that a dead process left there is replaced.

    It listens before it has its name: who finds the name can connect.
    """
    make_folder(path.parent)
    bound = socket.socket(socket.AF_UNIX, kind)
    fresh = path.with_name(secrets.token_hex(4))
    bound.bind(str(fresh))
    fresh.chmod(mode)
    bound.listen()
    fresh.replace(path)
    return bound


def sync_folder(path: Path) -> None:
    """Return when the names in ``path`` are on the medium."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
