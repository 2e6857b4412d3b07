"""How a part or a person is connected to the world.

Owns the two connections: ``LocalLink`` to a world in this process, ``SocketLink`` to the world's
process. Refuses to guess: a world that ended is a fault, never the last state for ever.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from abc import abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path
from typing import Protocol

from hw.errors import MissingPartFault, WorldFault
from hw.fake.protocol import LINE_LIMIT, Answer, Ask, News, read_said, write_message
from hw.fake.state import WorldState, changed

Watcher = Callable[[WorldState, WorldState, int], None]
"""Called with the world before and after a change, and its CLOCK_BOOTTIME in nanoseconds."""

_ANSWER_SECONDS = 5.0


class WorldLink(Protocol):
    """A connection to the world."""

    @abstractmethod
    def state(self) -> WorldState:
        """The world now; raises ``MissingPartFault`` when it has ended."""

    @abstractmethod
    def change(self, **change: object) -> WorldState:
        """Change the world and return it as it then is; raises ``WorldFault`` when it refuses."""

    @abstractmethod
    def tell(self, **change: object) -> None:
        """Change the world without waiting for its answer."""

    @abstractmethod
    def watch(self, watcher: Watcher) -> None:
        """Call ``watcher`` at every change, from the link's thread. It must only enqueue."""

    @abstractmethod
    def close(self) -> None:
        """Disconnect. Idempotent."""


class LocalLink(WorldLink):
    """The world itself, in this process.

    Args:
        now_ns: The clock that stamps changes.
        state: How the world is at first.
    """

    def __init__(self, now_ns: Callable[[], int], state: WorldState | None = None) -> None:
        self._now_ns = now_ns
        self._state = state or WorldState()
        self._watchers: list[Watcher] = []
        self._lock = threading.RLock()

    def state(self) -> WorldState:
        """The world now."""
        return self._state

    def change(self, **change: object) -> WorldState:
        """Change the world; watchers are called in the caller's thread, one after the other."""
        with self._lock:
            before, self._state = self._state, changed(self._state, change)
            for watcher in self._watchers:
                watcher(before, self._state, self._now_ns())
            return self._state

    def tell(self, **change: object) -> None:
        """Change the world."""
        self.change(**change)

    def watch(self, watcher: Watcher) -> None:
        """Call ``watcher`` at every change."""
        with self._lock:
            self._watchers.append(watcher)

    def close(self) -> None:
        """Nothing is held open."""


class SocketLink(WorldLink):
    """A connection to the world's process.

    Args:
        path: The world's control socket.

    Raises:
        MissingPartFault: No world answers at ``path``.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._watchers: list[Watcher] = []
        self._asked: dict[int, Future[None]] = {}
        self._lock = threading.Lock()
        self._next_ask = 1
        self._lost = False
        self._socket = self._connect()
        self._lines = self._socket.makefile("rb")
        self._state = self._first_state()
        self._reader = threading.Thread(target=self._read, name="fake-world-link", daemon=True)
        self._reader.start()

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(_ANSWER_SECONDS)
        try:
            connection.connect(str(self._path))
        except OSError as error:
            connection.close()
            raise MissingPartFault(
                "world",
                f"no fake world answers at {self._path} ({error}); "
                f"start one: python -m hw.fake.world --socket {self._path}",
            ) from error
        return connection

    def _first_state(self) -> WorldState:
        line = self._lines.readline(LINE_LIMIT)
        message = read_said(line)
        if not isinstance(message, News):
            raise WorldFault("world", "the world did not say first how it is")
        self._socket.settimeout(None)
        return message.state

    def state(self) -> WorldState:
        """The world now, as last heard."""
        if self._lost:
            raise MissingPartFault("world", f"the fake world at {self._path} has ended")
        return self._state

    def change(self, **change: object) -> WorldState:
        """Change the world and wait for its answer."""
        answer: Future[None] = Future()
        self._ask(change, answer)
        try:
            answer.result(_ANSWER_SECONDS)
        except FutureTimeoutError as error:
            raise MissingPartFault("world", f"the world at {self._path} is silent") from error
        return self.state()

    def tell(self, **change: object) -> None:
        """Change the world without waiting for its answer."""
        self._ask(change, None)

    def _ask(self, change: Mapping[str, object], answer: Future[None] | None) -> None:
        with self._lock:
            if self._lost:
                raise MissingPartFault("world", f"the fake world at {self._path} has ended")
            number, self._next_ask = self._next_ask, self._next_ask + 1
            if answer is not None:
                self._asked[number] = answer
            try:
                self._socket.sendall(write_message(Ask(n=number, change=dict(change))))
            except OSError as error:
                raise MissingPartFault("world", f"the world cannot be told: {error}") from error

    def watch(self, watcher: Watcher) -> None:
        """Call ``watcher`` at every change, from the reading thread."""
        self._watchers.append(watcher)

    def close(self) -> None:
        """Disconnect and end the reading thread."""
        with contextlib.suppress(OSError):  # already disconnected by the other side
            self._socket.shutdown(socket.SHUT_RDWR)
        if threading.current_thread() is not self._reader:
            self._reader.join()
        self._lines.close()
        self._socket.close()

    def _read(self) -> None:
        try:
            while line := self._lines.readline(LINE_LIMIT):
                self._take(read_said(line))
        except (OSError, WorldFault) as error:
            self._lose(str(error))
        else:
            self._lose("it ended")

    def _take(self, message: News | Answer) -> None:
        match message:
            case News(at_ns=at_ns, state=after):
                before, self._state = self._state, after
                for watcher in tuple(self._watchers):
                    watcher(before, after, at_ns)
            case Answer(n=number, refused=refused):
                answer = self._asked.pop(number, None)
                if answer is None and refused is not None:
                    raise WorldFault("world", refused)
                if answer is not None and refused is not None:
                    answer.set_exception(WorldFault("world", refused))
                elif answer is not None:
                    answer.set_result(None)

    def _lose(self, reason: str) -> None:
        with self._lock:
            self._lost = True
            waiting, self._asked = self._asked, {}
        for answer in waiting.values():
            answer.set_exception(MissingPartFault("world", f"the world is gone: {reason}"))
