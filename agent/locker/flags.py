"""The kernel's inode flags, by descriptor.

Owns reading and writing them (FS_IOC_GETFLAGS, FS_IOC_SETFLAGS). Refuses blind writes: flags of the
file system itself, such as ext4's extents, share the word and are kept.
"""

from __future__ import annotations

import array
import fcntl
from typing import Final

APPEND: Final = 0x20
"""FS_APPEND_FL: a file can only grow, a folder only gain names."""
IMMUTABLE: Final = 0x10
"""FS_IMMUTABLE_FL: nothing can change, not even the name."""

_GET: Final = 0x80086601
_SET: Final = 0x40086602


def read_flags(fd: int) -> int:
    """The flags of the inode behind ``fd``.

    Raises:
        OSError: The file system has none.
    """
    word = array.array("i", [0])
    fcntl.ioctl(fd, _GET, word)
    return word[0]


def lock_append(fd: int) -> None:
    """From now on the inode can only grow; immutable stays immutable.

    Raises:
        OSError: EPERM without CAP_LINUX_IMMUTABLE.
    """
    _change(fd, add=APPEND)


def lock_immutable(fd: int) -> None:
    """From now on the inode cannot change at all.

    Raises:
        OSError: EPERM without CAP_LINUX_IMMUTABLE.
    """
    _change(fd, add=IMMUTABLE)


def unlock(fd: int) -> None:
    """Lift both flags.

    Raises:
        OSError: EPERM without CAP_LINUX_IMMUTABLE.
    """
    _change(fd, take=APPEND | IMMUTABLE)


def _change(fd: int, *, add: int = 0, take: int = 0) -> None:
    before = read_flags(fd)
    after = (before | add) & ~take
    if after != before:
        fcntl.ioctl(fd, _SET, array.array("i", [after]))
