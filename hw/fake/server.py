"""The world's own process: one state, a control socket, everybody sees every change.

Owns the socket and the order of changes. Refuses lines that are too long or not understood (it
hangs up), changes that cannot be (it says why), more than 32 connections, and a socket that
another world already serves.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import msgspec

from hw.errors import MissingPartFault, WorldFault
from hw.fake.clock import boottime_ns
from hw.fake.protocol import LINE_LIMIT, Answer, Ask, News, read_ask, write_message
from hw.fake.state import WorldState, changed

_CONNECTIONS = 32
_UNREAD_BYTES = 1_048_576
"""A listener that lets more than this pile up is hung up on."""


class WorldServer:
    """A world that listens.

    Args:
        path: Its control socket.
        state: How it is at first.
        keep: Called with every new state, in order to save it.
    """

    def __init__(self, path: Path, state: WorldState, keep: Callable[[WorldState], None]) -> None:
        self._path = path
        self._state = state
        self._keep = keep
        self._listeners: set[asyncio.StreamWriter] = set()

    async def serve(self, ready: Callable[[], None]) -> None:
        """Listen until SIGTERM or SIGINT; ``ready`` is called when the socket is there.

        Raises:
            MissingPartFault: The socket cannot be made, or another world serves it.
        """
        self._refuse_second_world()
        ended = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        try:
            server = await asyncio.start_unix_server(
                self._attend, path=str(self._path), limit=LINE_LIMIT
            )
        except OSError as error:
            raise MissingPartFault("world", f"{self._path} cannot be made: {error}") from error
        self._path.chmod(0o600)
        ready()
        await ended.wait()
        server.close()
        for listener in tuple(self._listeners):
            listener.close()

    def _refuse_second_world(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            if self._path.exists() and probe.connect_ex(str(self._path)) == 0:
                raise MissingPartFault("world", f"a world already listens at {self._path}")

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._listeners) >= _CONNECTIONS:
            writer.close()
            return
        self._listeners.add(writer)
        writer.write(write_message(News(at_ns=boottime_ns(), state=self._state)))
        try:
            while line := await reader.readline():
                writer.write(write_message(self._answer(read_ask(line))))
        except (ConnectionError, ValueError) as error:
            self._complain(writer, error)
        except WorldFault as fault:
            self._complain(writer, fault)
        finally:
            self._listeners.discard(writer)
            writer.close()

    def _complain(self, writer: asyncio.StreamWriter, error: Exception) -> None:
        if not writer.is_closing():
            writer.write(write_message(Answer(n=0, refused=str(error))))

    def _answer(self, ask: Ask) -> Answer:
        try:
            after = changed(self._state, ask.change)
        except WorldFault as fault:
            return Answer(n=ask.n, refused=fault.detail)
        if after != self._state:
            self._state = after
            self._keep(after)
            self._spread(News(at_ns=boottime_ns(), state=after))
        return Answer(n=ask.n)

    def _spread(self, news: News) -> None:
        line = write_message(news)
        for listener in tuple(self._listeners):
            if listener.transport.get_write_buffer_size() > _UNREAD_BYTES:
                listener.transport.abort()
            else:
                listener.write(line)


def load_state(file: Path | None) -> WorldState:
    """The state kept in ``file``; a fresh world where there is none.

    Raises:
        WorldFault: The file does not hold a world.
    """
    if file is None or not file.exists():
        return WorldState()
    try:
        return msgspec.json.decode(file.read_bytes(), type=WorldState)
    except msgspec.DecodeError as error:
        raise WorldFault("world", f"{file} holds no world: {error}") from error


def state_keeper(file: Path | None) -> Callable[[WorldState], None]:
    """What keeps every new state in ``file``; nothing is kept without one."""
    if file is None:
        return lambda _: None

    def keep(state: WorldState) -> None:
        file.write_bytes(msgspec.json.format(msgspec.json.encode(state)))

    return keep
