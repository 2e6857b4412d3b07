"""Where events wait for the loop.

Owns a bounded queue that any thread may post to. Refuses to drop: a loop that is so far behind is
dead, and its process has to end.
"""

from __future__ import annotations

from collections import deque
from threading import Event as Signal
from threading import Lock
from typing import Final

from agent.errors import AgentError
from agent.session.events import Event
from hw.types import Edge

MOST_WAITING: Final = 4_096


class Inbox:
    """Events and raw edges, in the order they came.

    Attributes:
        arrived: Set while something waits.
    """

    def __init__(self) -> None:
        self.arrived = Signal()
        self._waiting: deque[Event | Edge] = deque()
        self._lock = Lock()
        self._overflowed = False
        self._failure: Exception | None = None

    def post(self, event: Event | Edge) -> None:
        """Add ``event``; returns at once."""
        with self._lock:
            if len(self._waiting) >= MOST_WAITING:
                self._overflowed = True
            else:
                self._waiting.append(event)
            self.arrived.set()

    def fail(self, error: Exception) -> None:
        """A vital part has died: the next ``take_all`` raises."""
        with self._lock:
            self._failure = error
            self.arrived.set()

    def take_all(self) -> list[Event | Edge]:
        """Everything that waits.

        Raises:
            AgentError: More came than can wait, or a vital part has died.
        """
        with self._lock:
            if self._failure is not None:
                raise AgentError(f"a vital part has died: {self._failure}") from self._failure
            if self._overflowed:
                raise AgentError(f"more than {MOST_WAITING} events wait; the loop is stuck")
            waiting = list(self._waiting)
            self._waiting.clear()
            self.arrived.clear()
            return waiting
