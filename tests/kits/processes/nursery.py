"""Processes that start at once: one process has imported everything and forks a child for each.

A campaign that starts a vault, a dock and a desk hundreds of times would spend most of its time on
Python's imports. A child is what ``python -m agent.main`` or ``python -m bureau.main`` is from the
moment its imports are done: a session of its own, its own descriptors, ended by its process id.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[3]


class Nursery:
    """Starts processes. A context manager; what still runs ends with it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.kits.processes.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        self._running: set[int] = set()

    def start(self, program: str, words: Sequence[str], log: Path) -> int:
        """Start ``recorder`` or ``bureau`` with these words; returns its process id."""
        pid = int(self._ask({"program": program, "words": list(words), "log": str(log)}))
        self._running.add(pid)
        return pid

    def is_running(self, pid: int) -> bool:
        """Whether a process has not ended by itself."""
        return bool(self._ask({"look": pid}))

    def kill(self, *pids: int) -> None:
        """SIGKILL to processes that were started here, and to what they started."""
        for pid in pids:
            self._ask({"kill": pid})
            self._running.discard(pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill(*self._running)
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._process.wait(20)

    def _ask(self, asked: dict[str, Any]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


def serve() -> None:
    """One answer for each line of standard input."""
    apps = _load()
    ended: set[int] = set()
    for line in sys.stdin:
        asked = json.loads(line)
        if "program" in asked:
            answer = os.fork()
            if answer == 0:
                _be(apps[asked["program"]], asked["words"], Path(asked["log"]))
            ended.discard(answer)  # the number of one that ended may come again
        elif "look" in asked:
            answer = int(not _has_ended(asked["look"], ended, os.WNOHANG))
        else:
            answer = _kill(asked["kill"], ended)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def _load() -> dict[str, Any]:
    """The command lines, with the clock that each gets from its own ``main``."""
    import time  # noqa: PLC0415 - the child's composition root

    import agent.cli  # noqa: PLC0415 - once, in the process that forks
    import agent.dock.serve  # noqa: PLC0415 - as above
    import agent.recorder  # noqa: PLC0415 - as above
    import agent.vault.server  # noqa: PLC0415 - as above
    import bureau.cli  # noqa: PLC0415 - as above
    from bureau.clock import Clock  # noqa: PLC0415 - as above

    clock = Clock(utc_ns=time.time_ns, mono_ns=time.monotonic_ns)  # noqa: TID251 - as bureau.main
    return {
        "recorder": agent.cli.app,
        "bureau": lambda words: bureau.cli.app(words, obj=clock),
    }


def _be(app: Any, words: list[str], log: Path) -> None:
    os.setsid()
    with log.open("ab") as file, Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    code = 70
    try:
        app(words)
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _has_ended(pid: int, ended: set[int], flags: int) -> bool:
    if pid not in ended and os.waitpid(pid, flags)[0] == pid:
        ended.add(pid)
    return pid in ended


def _kill(pid: int, ended: set[int]) -> int:
    if not _has_ended(pid, ended, os.WNOHANG):
        # A session leader's group: its broker goes with it. Not reaped yet, so the id is its own.
        os.killpg(pid, signal.SIGKILL)
        _has_ended(pid, ended, 0)
    return 0


if __name__ == "__main__":
    serve()
