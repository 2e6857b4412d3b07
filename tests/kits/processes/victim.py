"""Processes of a test, to be killed and frozen; each is started again at once."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[3]
SECONDS = 20


class Victim:
    """A program that a test keeps running and treats badly, by its own process id.

    Args:
        name: For the log's name.
        command: How it is started.
        log: Takes what it says.
    """

    def __init__(self, name: str, command: list[str], log: Path) -> None:
        self.name = name
        self._command = command
        self._log = log
        self._process = self._start()
        self.starts = 1

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(
                self._command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL, and start it again."""
        self._process.kill()
        self._process.wait(SECONDS)
        self._restart()

    def freeze(self) -> None:
        """It runs no further."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        self._process.send_signal(signal.SIGCONT)

    def tend(self) -> None:
        """Start it again if it has ended by itself."""
        if self._process.poll() is not None:
            self._restart()

    def is_running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        """Ask it to end."""
        self.thaw()
        self._process.terminate()
        try:
            self._process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(SECONDS)

    def _restart(self) -> None:
        self._process = self._start()
        self.starts += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
