"""The locker's socket.

Owns who may ask (the vault's user alone, told by the kernel) and that a question is answered once.
Refuses everybody else, and a second question before the first is answered. A question that cannot
be granted is answered with the reason; the connection goes on.
"""

from __future__ import annotations

import logging
import os
import socket
import struct
from pathlib import Path
from threading import Event, Thread
from typing import Final

from agent.errors import ReceiptRefusedError
from agent.locker import flags
from agent.locker.permission import Permission
from evidence.store.durable import listen_at
from hw.locking import DONE, LONGEST_ANSWER, Verb, close_all, receive
from hw.ports import Watchdog

_log = logging.getLogger(__name__)

_WAIT_SECONDS: Final = 0.5
_CREDENTIALS: Final = struct.Struct("3i")
_DESCRIPTORS: Final = {Verb.APPEND: 1, Verb.IMMUTABLE: 1, Verb.RELEASE: 2}


def listen(path: Path) -> socket.socket:
    """The socket at ``path``, for the owner alone.

    Raises:
        OSError: It cannot be made.
    """
    listener = listen_at(path, mode=0o600, kind=socket.SOCK_SEQPACKET)
    listener.settimeout(_WAIT_SECONDS)
    return listener


def serve(listener: socket.socket, permission: Permission, watchdog: Watchdog, stop: Event) -> None:
    """Answer until ``stop`` is set."""
    while not stop.is_set():
        watchdog.pet()
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        if _user(connection) != os.geteuid():
            _log.warning("refused somebody who is not the vault's user")
            connection.close()
            continue
        Thread(target=_answer_all, args=(connection, permission), daemon=True).start()
    watchdog.stopping("asked to end")


def _answer_all(connection: socket.socket, permission: Permission) -> None:
    with connection:
        while (question := receive(connection)) is not None:
            content, descriptors = question
            try:
                answer = _answer(content, descriptors, permission)
            finally:
                close_all(descriptors)
            connection.send(answer)


def _answer(content: bytes, descriptors: list[int], permission: Permission) -> bytes:
    try:
        verb = Verb(content)
        if len(descriptors) != _DESCRIPTORS[verb]:
            return b"another number of descriptors is expected"
        _carry_out(verb, descriptors, permission)
    except ValueError:
        return b"no such verb"
    except ReceiptRefusedError as error:
        _log.warning("refused a release: %s", error.detail)
        return error.detail.encode()[:LONGEST_ANSWER]
    except OSError as error:
        return f"{error.strerror} (errno {error.errno})".encode()[:LONGEST_ANSWER]
    return DONE


def _carry_out(verb: Verb, descriptors: list[int], permission: Permission) -> None:
    match verb:
        case Verb.APPEND:
            flags.lock_append(descriptors[0])
        case Verb.IMMUTABLE:
            flags.lock_immutable(descriptors[0])
        case Verb.RELEASE:
            permission.check(*descriptors)
            flags.unlock(descriptors[0])


def _user(connection: socket.socket) -> int:
    held = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(held)[1])
