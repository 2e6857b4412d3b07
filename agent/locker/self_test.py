"""Whether a lock locks, tried out before anybody relies on it.

Owns that trial, on a folder that nothing else uses. Refuses to report ready on a kernel, a file
system or a unit (a bounding set takes the capability away without a word) on which the flags do
not hold.
"""

from __future__ import annotations

import os
from pathlib import Path

from agent.locker import flags
from evidence.store.durable import make_folder
from hw.errors import LockFault

_CONTENT = b"what is locked stays\n"


def prove_locks(folder: Path) -> None:
    """Lock a trial file both ways, attack it, and unlock it.

    Args:
        folder: On the store's file system.

    Raises:
        LockFault: The flags cannot be set, do not hold, or cannot be lifted; says the next step.
    """
    make_folder(folder)
    try:
        fd = _fresh(folder / "trial")
    except OSError as error:
        raise _unusable(folder, error) from error
    try:
        os.write(fd, _CONTENT)
        flags.lock_append(fd)
        _expect_refusal(folder / "trial", os.O_WRONLY, "an append-only file could be overwritten")
        flags.lock_immutable(fd)
        _expect_refusal(folder / "trial", os.O_APPEND | os.O_WRONLY, "an immutable file could grow")
        if os.pread(fd, len(_CONTENT) + 1, 0) != _CONTENT:
            raise LockFault("locker", "the trial file has changed under its lock")
        flags.unlock(fd)
    except OSError as error:
        raise _unusable(folder, error) from error
    finally:
        os.close(fd)


def _fresh(path: Path) -> int:
    """An empty trial file; the locks of a trial that a power cut interrupted are lifted."""
    held = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        flags.unlock(held)
    finally:
        os.close(held)
    return os.open(path, os.O_RDWR | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC)


def _unusable(folder: Path, error: OSError) -> LockFault:
    return LockFault(
        "locker",
        f"the kernel's flags cannot be set on {folder} ({error.strerror}); next: give the unit"
        " CAP_LINUX_IMMUTABLE back by a drop-in, and put the store on ext4",
    )


def _expect_refusal(path: Path, how: int, otherwise: str) -> None:
    try:
        os.close(os.open(path, how | os.O_CLOEXEC))
    except PermissionError:
        return
    raise LockFault("locker", otherwise)
