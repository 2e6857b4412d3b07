"""The one thread that writes the journal.

Owns the order of everything that is signed and synced: jobs run one after the other, and between
them a beat. Refuses to swallow: a job that fails takes the vault down, and recovery starts it
again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Event, Thread
from typing import Final

from hw.ports import Clock

BEAT_SECONDS: Final = 0.2
"""Between two looks at an open segment: what is sealed waits no longer for its sync."""


class Scribe:
    """Runs jobs in order on a thread of its own.

    Args:
        clock: Paces the beat.
        beat: Called about every ``BEAT_SECONDS``, never at the same time as a job.
        failed: Called with whatever a job or the beat raised; nothing runs after it.
    """

    def __init__(
        self, clock: Clock, beat: Callable[[], None], failed: Callable[[Exception], None]
    ) -> None:
        self._clock = clock
        self._beat = beat
        self._failed = failed
        self._jobs: deque[Callable[[], None]] = deque()
        self._wake = Event()
        self._stopping = False
        self._thread = Thread(target=self._run, name="scribe", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def submit(self, job: Callable[[], None]) -> None:
        """Have ``job`` run after all that were submitted before it."""
        self._jobs.append(job)
        self._wake.set()

    def perform(self, job: Callable[[], None]) -> None:
        """Have ``job`` run as ``submit`` does, and return when it has."""
        done = Event()

        def and_tell() -> None:
            job()
            done.set()

        self.submit(and_tell)
        while self._thread.is_alive() and not self._clock.wait(done, BEAT_SECONDS):
            continue

    def stop(self) -> None:
        """Finish every job and end the thread."""
        self._stopping = True
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopping or self._jobs:
                self._turn()
        except Exception as error:  # noqa: BLE001 - reported whole; the vault ends non-zero
            self._failed(error)

    def _turn(self) -> None:
        deadline_ns = self._clock.monotonic_ns() + int(BEAT_SECONDS * 1e9)
        while (left_ns := deadline_ns - self._clock.monotonic_ns()) > 0 and not self._stopping:
            if self._clock.wait(self._wake, left_ns / 1e9):
                self._drain()
        self._drain()
        self._beat()

    def _drain(self) -> None:
        self._wake.clear()
        while self._jobs:
            self._jobs.popleft()()
