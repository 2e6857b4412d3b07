"""The kernel's own locks, by way of the locker process.

Owns the connection to it. Refuses to go on without it: a lock that was asked for and not set is a
fault, never a warning.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from threading import Lock
from typing import Final

from hw.errors import LockFault, MissingPartFault
from hw.locking import Verb, ask
from hw.ports import Locker

_ANSWER_SECONDS: Final = 30.0
"""A release reads the whole file once more before it answers."""


class KernelLocker(Locker):
    """Append-only and immutable flags, set by the one process that may.

    Args:
        path: The locker's socket.

    Raises:
        MissingPartFault: Nobody listens there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._connection = self._connect()

    def lock_append(self, fd: int) -> None:
        """Let the file only grow, or the folder only gain names.

        Raises:
            LockFault: The lock could not be set.
        """
        self._ask(Verb.APPEND, [fd])

    def lock_immutable(self, fd: int) -> None:
        """Let the file not change at all.

        Raises:
            LockFault: The lock could not be set.
        """
        self._ask(Verb.IMMUTABLE, [fd])

    def release(self, fd: int, receipt: Path) -> None:
        """Have the lock lifted, by the bureau's receipt.

        Raises:
            LockFault: The locker found that the receipt does not permit it.
        """
        receipt_fd = os.open(receipt, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._ask(Verb.RELEASE, [fd, receipt_fd])
        finally:
            os.close(receipt_fd)

    def protection(self) -> str:
        """``kernel``."""
        return "kernel"

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connection.settimeout(_ANSWER_SECONDS)
        try:
            connection.connect(str(self._path))
        except OSError as error:
            connection.close()
            raise MissingPartFault(
                "locker",
                f"nobody locks files at {self._path} ({error.strerror});"
                " next: systemctl status recorder-locker",
            ) from error
        return connection

    def _ask(self, verb: Verb, descriptors: list[int]) -> None:
        with self._lock:
            try:
                refused = ask(self._connection, verb, descriptors)
            except OSError:
                # It was started again: once more, on a new connection.
                self._connection.close()
                self._connection = self._connect()
                refused = self._again(verb, descriptors)
        if refused is not None:
            raise LockFault("locker", refused)

    def _again(self, verb: Verb, descriptors: list[int]) -> str | None:
        try:
            return ask(self._connection, verb, descriptors)
        except OSError as error:
            raise LockFault("locker", f"the locker does not answer: {error}") from error
