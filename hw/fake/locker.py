"""A locker that plays the kernel's append-only and immutable flags.

Owns the memory of what was locked and the proof that it stayed so. It cannot stop a write, so it
refuses afterwards: a locked file that shrank or changed is a fault at the next lock or release.
The kernel's flags live on the medium; these live as long as the process, and a file from before
is taken as its mode says (0400 means immutable).
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from enum import Enum, auto, unique
from pathlib import Path
from threading import Lock

from hw.errors import LockFault
from hw.ports import Locker

_IMMUTABLE_FILE = 0o400
_IMMUTABLE_FOLDER = 0o500
_OWNER_WRITES = 0o200


@unique
class _Kind(Enum):
    APPEND = auto()
    IMMUTABLE = auto()


@dataclass(frozen=True, slots=True)
class _Locked:
    kind: _Kind
    size: int
    changed_ns: int


class FakeLocker(Locker):
    """Locks by inode."""

    def __init__(self) -> None:
        self._locked: dict[tuple[int, int], _Locked] = {}
        self._lock = Lock()

    def lock_append(self, fd: int) -> None:
        """Let the file only grow.

        Raises:
            LockFault: It is immutable already, has shrunk since it was locked, or is no file or
                folder.
        """
        with self._lock:
            file = self._checked(fd)
            if self._is_immutable(file):
                raise LockFault("locker", "an immutable file cannot become append-only")
            self._remember(file, _Kind.APPEND)

    def lock_immutable(self, fd: int) -> None:
        """Let the file not change at all: its mode becomes 0400.

        Raises:
            LockFault: It has changed against an earlier lock, or is no file or folder.
        """
        with self._lock:
            file = self._checked(fd)
            folder = stat.S_ISDIR(file.st_mode)
            os.fchmod(fd, _IMMUTABLE_FOLDER if folder else _IMMUTABLE_FILE)
            self._remember(file, _Kind.IMMUTABLE)

    def release(self, fd: int, receipt: Path) -> None:
        """Lift the lock; lifting none is no fault, as with the kernel.

        Raises:
            LockFault: The file has changed against its lock, or is no file or folder.
        """
        with self._lock:
            file = self._checked(fd)
            self._locked.pop(_key(file), None)
            os.fchmod(fd, stat.S_IMODE(file.st_mode) | _OWNER_WRITES)

    def protection(self) -> str:
        """``simulated``."""
        return "simulated"

    def is_locked(self, fd: int) -> bool:
        """Whether the file behind ``fd`` is locked in one way or the other."""
        with self._lock:
            file = os.fstat(fd)
            return _key(file) in self._locked or self._is_immutable(file)

    def _checked(self, fd: int) -> os.stat_result:
        try:
            file = os.fstat(fd)
        except OSError as error:
            raise LockFault("locker", f"the file cannot be examined: {error}") from error
        if not (stat.S_ISREG(file.st_mode) or stat.S_ISDIR(file.st_mode)):
            raise LockFault("locker", "only files and folders can be locked")
        locked = self._locked.get(_key(file))
        if locked is not None and stat.S_ISREG(file.st_mode):
            _refuse_change(locked, file)
        return file

    def _is_immutable(self, file: os.stat_result) -> bool:
        locked = self._locked.get(_key(file))
        if locked is not None:
            return locked.kind is _Kind.IMMUTABLE
        return stat.S_IMODE(file.st_mode) in (_IMMUTABLE_FILE, _IMMUTABLE_FOLDER)

    def _remember(self, file: os.stat_result, kind: _Kind) -> None:
        self._locked[_key(file)] = _Locked(kind, file.st_size, file.st_mtime_ns)


def _key(file: os.stat_result) -> tuple[int, int]:
    return file.st_dev, file.st_ino


def _refuse_change(locked: _Locked, file: os.stat_result) -> None:
    if file.st_size < locked.size:
        raise LockFault("locker", "a locked file has shrunk")
    if locked.kind is _Kind.IMMUTABLE and file.st_size != locked.size:
        raise LockFault("locker", "an immutable file has grown")
    if locked.kind is _Kind.IMMUTABLE and file.st_mtime_ns != locked.changed_ns:
        raise LockFault("locker", "an immutable file has been written")
