"""Whether the recorder sits on the cradle, and every wait of the dock.

Owns the bell that all events ring and the loop's waits in short slices, in which the watchdog is
petted and the level of the contact is read again, so that a lost edge heals. Refuses to know what
is waited for.
"""

from __future__ import annotations

from threading import Event
from typing import Final

from agent.errors import StoppedError, UndockedError
from hw.ports import DockBoard

_SLICE_NS: Final = 500_000_000
_NS: Final = 1_000_000_000


class Presence:
    """The cradle's contact and the process's end, asked at every step.

    Args:
        board: The dock's ports.
        stop: Set when the process has to end.
    """

    def __init__(self, board: DockBoard, stop: Event) -> None:
        self._board = board
        self._stop = stop
        self.bell = Event()
        board.dock.on_change(lambda _docked: self.bell.set())

    def now_ns(self) -> int:
        """CLOCK_BOOTTIME, nanoseconds."""
        return self._board.clock.monotonic_ns()

    def docked(self) -> bool:
        """Whether the recorder sits on the cradle now.

        Raises:
            StoppedError: The process has to end.
        """
        if self._stop.is_set():
            raise StoppedError("the dock was asked to stop")
        return self._board.dock.docked()

    def require(self) -> None:
        """Go on only on the cradle.

        Raises:
            UndockedError: The recorder was lifted.
            StoppedError: The process has to end.
        """
        if not self.docked():
            raise UndockedError("the recorder was lifted off the cradle")

    def wait(self, until_ns: int) -> None:
        """Wait for the bell, for ``until_ns`` or for a slice of time, whichever comes first."""
        self._board.watchdog.pet()
        left = min(until_ns - self.now_ns(), _SLICE_NS)
        if left > 0:
            self._board.clock.wait(self.bell, left / _NS)
        # Whoever rings does so after putting its event in, and the caller looks again after this.
        self.bell.clear()

    def rest(self, seconds: float) -> None:
        """Wait ``seconds`` on the cradle.

        Raises:
            UndockedError: The recorder was lifted.
            StoppedError: The process has to end.
        """
        until_ns = self.now_ns() + round(seconds * _NS)
        while self.now_ns() < until_ns:
            self.require()
            self.wait(until_ns)
        self.require()
