"""Running a recorder's processes with one command, as systemd does on the device.

Owns starting them in order, starting again the one that dies, and ending them in the opposite
order, by process id. Refuses to look into them: which process does what is theirs.
"""

from __future__ import annotations

import logging
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Final

from agent.process import EXIT_POWER_OFF
from agent.settings import Device
from evidence.store import durable
from hw.board import companions

_log = logging.getLogger(__name__)

PROCESSES: Final = ("vault", "dock", "session")
"""The recorder's own, in the order they start; they end in the opposite one."""

FIRST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 5.0
TURN_SECONDS: Final = 0.05
"""Time is counted in turns of the one loop: here is no clock to ask."""
_STEADY_TURNS: Final = 200
"""A process that lived this long begins again with the first pause."""
_COMPANION_TURNS: Final = 200
_END_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True)
class Program:
    """One process: its name and how it is started."""

    name: str
    command: tuple[str, ...]


class Child:
    """A program that is kept running.

    Args:
        program: What runs.
        end_seconds: How long it may take to end when asked.

    Attributes:
        switched_off: Whether it has ended because the officer switched the recorder off.
    """

    def __init__(self, program: Program, *, end_seconds: float = _END_SECONDS) -> None:
        self.program = program
        self._end_seconds = end_seconds
        self._pause = FIRST_PAUSE_SECONDS
        self._resting_turns = 0
        self.switched_off = False
        self._start()

    def look(self) -> None:
        """One turn: start it again, after a pause that grows, when it has died."""
        if self._resting_turns > 0:
            self._resting_turns -= 1
            if self._resting_turns == 0:
                self._start()
            return
        self._turns += 1
        code = self._process.poll()
        self.switched_off = code == EXIT_POWER_OFF
        if code is not None and not self.switched_off:
            self._rest(code)

    def end(self) -> None:
        """Ask it to end; make it end when it does not."""
        if self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(self._end_seconds)
        except subprocess.TimeoutExpired:
            _log.error("%s does not end; killing it", self.program.name)
            self._process.kill()
            self._process.wait()

    def _rest(self, code: int) -> None:
        if self._turns > _STEADY_TURNS:
            self._pause = FIRST_PAUSE_SECONDS
        _log.warning(
            "%s ended with %d; starting it again in %.1f s", self.program.name, code, self._pause
        )
        self._resting_turns = max(1, round(self._pause / TURN_SECONDS))
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)

    def _start(self) -> None:
        # A session of its own: Ctrl-C at the terminal reaches the supervisor alone.
        self._process = subprocess.Popen(self.program.command, start_new_session=True)
        self._turns = 0
        _log.info("%s runs as process %d", self.program.name, self._process.pid)


class _Asked:
    """Whether SIGTERM or SIGINT came. A plain flag: a handler must not take locks."""

    def __init__(self) -> None:
        self.to_end = False
        signal.signal(signal.SIGTERM, self._take)
        signal.signal(signal.SIGINT, self._take)

    def _take(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.to_end = True


def run_recorder(device: Device) -> None:
    """Run vault, dock and recorder, and what their board needs, until asked or switched off."""
    asked = _Asked()
    children: list[Child] = []
    durable.make_folder(device.paths.run)
    try:
        children += start_companions(device)
        children += [Child(program) for program in own_programs(device.paths.folder)]
        while not (asked.to_end or any(child.switched_off for child in children)):
            for child in children:
                child.look()
            Event().wait(TURN_SECONDS)
    finally:
        for child in reversed(children):
            child.end()


def start_companions(device: Device) -> list[Child]:
    """Start what the board needs and nobody runs yet, and wait until it listens."""
    children = []
    for program, listening in _companions(device):
        children.append(Child(program))
        _wait_for(listening)
    return children


def own_programs(folder: Path) -> Sequence[Program]:
    """The recorder's own processes."""
    start = (sys.executable, "-m", "agent.main")
    return [Program(name, (*start, name, "--device", str(folder))) for name in PROCESSES]


def _companions(device: Device) -> list[tuple[Program, Path]]:
    """What the board needs and nobody runs yet."""
    needed = companions(device.settings.board, run_dir=device.paths.run)
    return [
        (Program(one.name, one.command), one.socket) for one in needed if not _serves(one.socket)
    ]


def _wait_for(listening: Path) -> None:
    """Wait until somebody listens there; without, the processes say themselves what is missing."""
    for _ in range(_COMPANION_TURNS):
        if _serves(listening):
            return
        Event().wait(TURN_SECONDS)


def _serves(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(str(path)) == 0
