"""How the locker is asked: one byte and descriptors over a unix socket.

Owns the verbs, their answers and the framing, for the process that asks (``hw.pi.locker``) and the
one that answers (``agent.locker``). Refuses paths and names: what is locked is the open file that
came along, so nobody can be talked into another one.
"""

from __future__ import annotations

import os
import socket
from enum import Enum, unique
from typing import Final

MOST_DESCRIPTORS: Final = 2
LONGEST_ANSWER: Final = 512
DONE: Final = b"ok"


@unique
class Verb(Enum):
    """What can be asked for; the descriptors that come along."""

    APPEND = b"a"
    """One file or folder."""
    IMMUTABLE = b"i"
    """One file or folder."""
    RELEASE = b"r"
    """A file or folder, and the bureau's receipt that permits it."""


def ask(connection: socket.socket, verb: Verb, descriptors: list[int]) -> str | None:
    """Ask, and wait for the answer.

    Returns:
        Why not, in English; None where it was done.

    Raises:
        OSError: The locker is not there, or does not answer in time.
    """
    socket.send_fds(connection, [verb.value], descriptors)
    answer = connection.recv(LONGEST_ANSWER)
    if not answer:
        raise ConnectionResetError("the locker hung up")
    return None if answer == DONE else answer.decode("utf-8", "replace")


def receive(connection: socket.socket) -> tuple[bytes, list[int]] | None:
    """The next question and its descriptors, which the caller closes; None at the end."""
    content, descriptors, _, _ = socket.recv_fds(connection, 2, MOST_DESCRIPTORS)
    if not content:
        close_all(descriptors)
        return None
    return content, descriptors


def close_all(descriptors: list[int]) -> None:
    """Close what came along."""
    for fd in descriptors:
        os.close(fd)
