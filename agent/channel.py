"""Messages over a unix socket between the processes of one recorder.

Owns the framing: four bytes of length, big endian, then one msgpack object of at most 1 MiB, read
into the types the receiver expects and nothing else. Refuses meaning and threads: callers decide
who reads when.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Final, Generic, Self, TypeVar, cast

import msgspec

from agent.errors import ProtocolError
from evidence.store import durable

MAX_MESSAGE_BYTES: Final = 1_048_576
_LENGTH_BYTES: Final = 4

Inbound = TypeVar("Inbound")
Outbound = TypeVar("Outbound", bound=msgspec.Struct)


class Channel(Generic[Inbound, Outbound]):
    """One end of a connection. One thread receives; any thread may send.

    Args:
        connection: A connected stream socket; the channel owns it.
        inbound: The union of message types accepted.
    """

    def __init__(self, connection: socket.socket, inbound: object) -> None:
        self._socket = connection
        self._decoder: msgspec.msgpack.Decoder[Inbound] = msgspec.msgpack.Decoder(
            cast("type[Inbound]", inbound)
        )
        self._encoder = msgspec.msgpack.Encoder()
        self._sending = Lock()

    @classmethod
    def connect(cls, path: Path, inbound: object, *, seconds: float) -> Self:
        """Connect to the socket at ``path``.

        Raises:
            OSError: Nobody listens there.
        """
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(seconds)
            connection.connect(str(path))
            connection.settimeout(None)
        except OSError:
            connection.close()
            raise
        return cls(connection, inbound)

    def send(self, message: Outbound) -> None:
        """Send one message.

        Raises:
            ProtocolError: It is larger than 1 MiB.
            OSError: The other end is gone.
        """
        body = self._encoder.encode(message)
        if len(body) > MAX_MESSAGE_BYTES:
            raise ProtocolError(f"a message of {len(body)} bytes; at most {MAX_MESSAGE_BYTES}")
        with self._sending:
            self._socket.sendall(len(body).to_bytes(_LENGTH_BYTES, "big") + body)

    def receive(self) -> Inbound | None:
        """The next message; None when the other end has closed.

        Raises:
            ProtocolError: Oversize, cut short, or not a message that is expected here.
            OSError: The connection broke.
        """
        head = self._read(_LENGTH_BYTES)
        if head is None:
            return None
        length = int.from_bytes(head, "big")
        if length > MAX_MESSAGE_BYTES:
            raise ProtocolError(f"a message of {length} bytes; at most {MAX_MESSAGE_BYTES}")
        body = self._read(length)
        if body is None:
            return None
        try:
            return self._decoder.decode(body)
        except (msgspec.MsgspecError, ValueError) as error:
            raise ProtocolError(f"not a message that is expected here: {error}") from error

    def __iter__(self) -> Iterator[Inbound]:
        """All messages until the other end closes."""
        while (message := self.receive()) is not None:
            yield message

    def close(self) -> None:
        """Close; a thread in ``receive`` wakes up. Idempotent."""
        # A connection that is broken already has nothing left to shut down.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _read(self, count: int) -> bytes | None:
        """``count`` bytes; None when the other end closed before all of them came."""
        content = bytearray(count)
        view = memoryview(content)
        while view:
            got = self._socket.recv_into(view)
            if got == 0:
                return None
            view = view[got:]
        return bytes(content)


def listen(path: Path) -> socket.socket:
    """A listening socket at ``path``, replacing the name that a dead process left behind."""
    return durable.listen_at(path)
