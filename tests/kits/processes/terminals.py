"""Terminals at which the real programs run, as a person at a keyboard meets them.

Each command is a process of its own, at the entry point that its script calls, on a pseudo
terminal: it asks for passphrases without showing them. All of them are forked from one server that
has imported the programs already, since each would need the better part of a second for that.
"""

from __future__ import annotations

import fcntl
import importlib
import multiprocessing
import os
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Final

SECONDS: Final = 60.0
ENTRIES: Final = {
    "provision": "provisioning.main",
    "recorder": "agent.main",
    "bureau": "bureau.main",
}
"""As in pyproject.toml; the test of the handbook compares."""
_ENDED: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_LINES, _COLUMNS = 50, 240
_CONTEXT = multiprocessing.get_context("forkserver")
# typer imports the last when it parses its first option. What cannot be imported is passed over.
_PRELOADED: Final = ("agent.cli", "bureau.cli", "provisioning.cli", __name__, "typer._adapters")
_CONTEXT.set_forkserver_preload(list(_PRELOADED))

SECRET: Final = re.compile("口令|confirmation|再")


@dataclass
class Terminal:
    """One command at its own terminal.

    Attributes:
        words: The command.
        said: What it printed so far, without colours.
    """

    words: Sequence[str]
    cwd: Path
    said: str = ""
    _answered: int = 0
    _typed: str = ""
    _master: int = field(init=False)

    def __post_init__(self) -> None:
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", _LINES, _COLUMNS, 0, 0))
        self._process = _CONTEXT.Process(
            target=_run, args=(list(self.words), str(self.cwd), os.ttyname(slave)), daemon=True
        )
        with _without_a_main_module():
            self._process.start()
        self._slave = slave

    def listen(self, seconds: float = 0.0) -> None:
        """Take in what it says within so long."""
        while select.select([self._master], [], [], seconds)[0]:
            try:
                piece = os.read(self._master, 65_536)
            except OSError:
                return
            text = piece.decode(errors="replace").replace("\r\n", "\n")
            self.said = _ENDED.sub("", self.said + text)
            seconds = 0.0

    def answer(self, questions: Mapping[str, str]) -> None:
        """Type what it asks for.

        Args:
            questions: Pattern of what it said last → what is typed; nothing: the same again.
        """
        self.listen()
        said = self.said[self._answered :]
        typed = next((typed for asked, typed in questions.items() if re.search(asked, said)), None)
        # A secret typed before the terminal stopped showing what is typed would be thrown away.
        if typed is None or (self._shows_what_is_typed() and SECRET.search(said)):
            return
        self._answered, self._typed = len(self.said), typed or self._typed
        os.write(self._master, f"{self._typed}\n".encode())

    def _shows_what_is_typed(self) -> bool:
        return bool(termios.tcgetattr(self._slave)[3] & termios.ECHO)

    def press_ctrl_c(self) -> None:
        """Ctrl-C."""
        os.write(self._master, b"\x03")

    @property
    def code(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.exitcode

    def end(self) -> int:
        """Wait for its end, or ask for it."""
        if self.code is None:
            self._process.terminate()
        self._process.join(SECONDS)
        if self.code is None:
            self._process.kill()
            self._process.join(SECONDS)
        self.listen()
        os.close(self._slave)
        os.close(self._master)
        return self.code if self.code is not None else -1


def wait_for(
    done: Callable[[], bool], terminals: Sequence[Terminal], questions: Mapping[str, str]
) -> None:
    """Answer what is asked at any of the terminals until ``done``.

    Args:
        done: Looked at again and again.
        terminals: Those that are open.
        questions: See ``Terminal.answer``.
    """
    deadline = time.monotonic() + SECONDS
    while not done():
        for terminal in terminals:
            terminal.listen(0.01)
            terminal.answer(questions)
        assert time.monotonic() < deadline, "\n".join(
            f"{' '.join(one.words)}: {one.said[-2_000:]}" for one in terminals
        )


@contextmanager
def _without_a_main_module() -> Iterator[None]:
    """Else each process would first import what was started here: pytest."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _run(words: list[str], cwd: str, tty: str) -> None:
    # Whoever runs the tests in the background ignores Ctrl-C, and so would they.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.setsid()
    terminal = os.open(tty, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(terminal, number)
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(number, mode, encoding="utf-8", closefd=False, buffering=1)
        for number, mode in ((0, "r"), (1, "w"), (2, "w"))
    )
    os.chdir(cwd)
    os.environ.update(TERM="dumb", COLUMNS=str(_COLUMNS), LANG="C.UTF-8")
    sys.argv = words
    importlib.import_module(ENTRIES[words[0]]).run()
