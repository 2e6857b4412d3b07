"""A thread for what would keep the session's loop waiting.

Owns a short queue of jobs, done one after the other. Refuses more jobs than it can hold: whoever
asks learns it at once. A job that raises ends the process, as any thread's failure does.
"""

from __future__ import annotations

from collections.abc import Callable
from queue import Full, Queue
from threading import Thread
from typing import Final

MOST_WAITING: Final = 4


class Worker:
    """Does jobs in a thread of its own, in the order they came.

    Args:
        name: The thread's name.
        most_waiting: How many jobs may wait.
    """

    def __init__(self, name: str, most_waiting: int = MOST_WAITING) -> None:
        self._jobs: Queue[Callable[[], None]] = Queue(most_waiting)
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def do(self, job: Callable[[], None]) -> bool:
        """Have ``job`` done; False where too many wait already."""
        try:
            self._jobs.put_nowait(job)
        except Full:
            return False
        return True

    def _run(self) -> None:
        while True:
            self._jobs.get()()
