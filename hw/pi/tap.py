"""The way from a driver's thread to whoever listens, opened and closed while the device stays warm.

Owns the promise of the camera's and the microphone's port: items, or one fault and then nothing;
and nothing at all once ``close`` has returned. Refuses to keep anything: what nobody listens to is
dropped, so that there is no recording before the press.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Generic, TypeVar

_Item = TypeVar("_Item")


class Tap(Generic[_Item]):
    """Closed at first."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._sink: Callable[[_Item], None] | None = None

    def open(self, sink: Callable[[_Item], None]) -> bool:
        """Let items through to ``sink``; False when somebody listens already."""
        with self._lock:
            if self._sink is not None:
                return False
            self._sink = sink
            return True

    def close(self) -> None:
        """Return when no further call of the sink can happen. Idempotent."""
        with self._lock:
            self._sink = None

    def is_open(self) -> bool:
        """Whether somebody listens."""
        return self._sink is not None

    def push(self, item: _Item) -> None:
        """Hand ``item`` to whoever listens."""
        with self._lock:
            if self._sink is not None:
                self._sink(item)

    def end(self, last: _Item) -> None:
        """Hand over the last item and close."""
        with self._lock:
            self.push(last)
            self._sink = None
