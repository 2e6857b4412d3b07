"""Listening between the vault and its two neighbours: what it said, and when.

A tap takes the place of one of the vault's sockets and hands every byte on. It notes a message of
the vault's before it hands it on, so nobody has heard an acknowledgement earlier than the time
noted; that time is at most the tap's own delay later than the vault's word, and a cut in between
does not hold the vault to it.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import msgspec

from agent.channel import listen
from agent.vault import messages as m
from hw.fake.clock import boottime_ns

_PIECE = 1 << 18
_LENGTH = 4


@dataclass(frozen=True)
class Said:
    """One message.

    Attributes:
        at_ns: CLOCK_BOOTTIME at which the tap had it whole.
        message: What it was.
    """

    at_ns: int
    message: msgspec.Struct


class Tap:
    """A tap on one socket of the vault, from the moment it is made.

    Args:
        path: The socket; the vault listens there already, and nobody has connected.
        said: Takes what the vault says.
        asked: Takes what it is told; media are not kept.
    """

    def __init__(self, path: Path, said: list[Said], asked: list[Said]) -> None:
        self._real = path.with_name(f"{path.name}.real")
        path.rename(self._real)
        self._listener = listen(path)
        to_recorder = path.name == "vault.sock"
        self._said = _Ear(m.ToRecorder if to_recorder else m.ToDock, said)
        self._asked = _Ear(m.FromRecorder if to_recorder else m.FromDock, asked)
        self._open: list[socket.socket] = [self._listener]
        self._threads: list[Thread] = []
        self._start(self._run)

    def close(self) -> None:
        """End every connection, and take no more."""
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for one in self._open:
            one.close()

    def _start(self, work: Callable[[], None]) -> None:
        thread = Thread(target=work, name="tap", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return  # closed
            far = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            far.connect(str(self._real))
            self._open += [near, far]
            self._join(far, near, self._said.fresh())
            self._join(near, far, self._asked.fresh())

    def _join(
        self, source: socket.socket, sink: socket.socket, hear: Callable[[bytes], None]
    ) -> None:
        def carry() -> None:
            with contextlib.suppress(OSError):
                while piece := source.recv(_PIECE):
                    hear(piece)
                    sink.sendall(piece)
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_WR)

        self._start(carry)


class _Ear:
    """Makes messages of pieces."""

    def __init__(self, kinds: object, heard: list[Said]) -> None:
        self._kinds = kinds
        self._heard = heard

    def fresh(self) -> Callable[[bytes], None]:
        """For one connection."""
        decoder = msgspec.msgpack.Decoder(self._kinds)
        rest = bytearray()

        def hear(piece: bytes) -> None:
            at_ns = boottime_ns()
            rest.extend(piece)
            while len(rest) >= _LENGTH:
                end = _LENGTH + int.from_bytes(rest[:_LENGTH], "big")
                if len(rest) < end:
                    return
                message = decoder.decode(rest[_LENGTH:end])
                del rest[:end]
                if not isinstance(message, m.Fragment | m.BeginSegment | m.StorePhoto):
                    self._heard.append(Said(at_ns, message))

        return hear
