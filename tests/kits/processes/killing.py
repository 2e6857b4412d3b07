"""Clerk's commands in processes of their own, killed (SIGKILL) where a test says.

A step is any call by which something becomes durable or gets its name; of a write, the first half
is done. ``Clerk`` starts one process that has everything imported and forks for each command, so
that killing at every step of a command takes seconds. ``killed_at_every_step`` is the walk:

    for cut, folder in killed_at_every_step(clerk, bureau, tmp_path, words):
        ...  # the command was killed at step ``cut`` and then run again in ``folder``
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[3]
_BEGIN_NS = 1_800_000_000_000_000_000
_MOST_STEPS = 400


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Attributes:
        killed: Whether it was killed at the step it was told.
        code: Its exit code; the negative signal where it was killed.
        steps: How many steps it took, where it was not.
        output: What it printed, refusals included.
    """

    killed: bool
    code: int
    steps: int
    output: str

    @property
    def answer(self) -> Any:
        """What it printed as JSON."""
        return json.loads(self.output)


class Clerk:
    """Types commands. A context manager; the process ends with it.

    Args:
        module: What serves it: this module, or one that prepares something and calls ``serve``.
        variables: Further environment variables, such as passphrases.
    """

    def __init__(self, module: str = "tests.kits.processes.killing", **variables: str) -> None:
        self._now_ns = _BEGIN_NS
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, **variables, "PYTHONDONTWRITEBYTECODE": "1"},
        )

    def run(self, words: Sequence[str | Path], *, cut: int = 0) -> Ended:
        """Run ``provision`` with these words; killed at step ``cut``, 0 for never."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._now_ns += 60_000_000_000
        asked = {"words": [str(word) for word in words], "now_ns": self._now_ns, "cut": cut}
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        self._process.stdin.flush()
        return Ended(**json.loads(self._process.stdout.readline()))

    def do(self, *words: str | Path) -> Ended:
        """Run a command that has to succeed."""
        ended = self.run(words)
        assert ended.code == 0, ended.output
        return ended

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process.stdout.close()


def killed_at_every_step(
    clerk: Clerk, before: Path, scratch: Path, words: Callable[[Path], Sequence[str | Path]]
) -> Iterator[tuple[int, Path]]:
    """Kill a command at its first step, its second … and run it again.

    Args:
        clerk: Runs it.
        before: The folder as it is before; it is copied for each step.
        scratch: Where the copies go.
        words: The command, in a copy.

    Yields:
        The step, and the folder in which the second run has succeeded.
    """
    for cut in itertools.count(1):
        assert cut < _MOST_STEPS
        folder = scratch / f"cut{cut}"
        shutil.copytree(before, folder)
        first = clerk.run(words(folder), cut=cut)
        if not first.killed:
            assert first.code == 0, first.output
            return
        again = clerk.run(words(folder))
        assert again.code == 0, f"after a kill at step {cut}: {again.output}"
        yield cut, folder


class _Counter:
    """Counts steps in the process it is in, and kills it."""

    def __init__(self, cut: int) -> None:
        self.steps = 0
        self._cut = cut
        for name in ("fsync", "fdatasync", "link", "fchmod"):
            setattr(os, name, self._before(getattr(os, name)))
        for name in ("rename", "replace", "unlink", "mkdir"):
            setattr(Path, name, self._before(getattr(Path, name)))
        for name in ("write", "pwrite"):
            setattr(os, name, self._half(getattr(os, name)))

    def _is_now(self) -> bool:
        self.steps += 1
        return self.steps == self._cut

    def _before(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def step(*values: Any, **named: Any) -> Any:
            if self._is_now():
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*values, **named)

        return step

    def _half(self, call: Callable[..., int]) -> Callable[..., int]:
        def step(fd: int, content: Any, *rest: int) -> int:
            if self._is_now():
                call(fd, memoryview(content)[: len(content) // 2], *rest)
                os.kill(os.getpid(), signal.SIGKILL)
            return call(fd, content, *rest)

        return step


def serve() -> None:
    """One command for each line of standard input, each in a child of its own."""
    from provisioning.cli import app  # noqa: PLC0415 - once, in the process that forks

    for line in sys.stdin:
        asked = json.loads(line)
        with tempfile.TemporaryFile("w+b") as printed, tempfile.TemporaryFile("w+b") as counted:
            child = os.fork()
            if child == 0:
                _be_the_clerk(app, asked, printed.fileno(), counted.fileno())
            _, status = os.waitpid(child, 0)
            code = os.waitstatus_to_exitcode(status)
            printed.seek(0)
            counted.seek(0)
            answer = {
                "killed": code == -signal.SIGKILL,
                "code": code,
                "steps": int(counted.read() or b"0"),
                "output": printed.read().decode(errors="replace"),
            }
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _be_the_clerk(app: Any, asked: dict[str, Any], printed: int, counted: int) -> None:
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    write = os.write
    counter = _Counter(asked["cut"])
    now_ns = itertools.count(asked["now_ns"], 1_000_000)
    try:
        app(asked["words"], obj=lambda: next(now_ns), standalone_mode=True)
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException as error:  # noqa: BLE001 - the test has to see it, whatever it is
        sys.stdout.write(f"{type(error).__name__}: {error}")
        code = 70
    sys.stdout.flush()
    sys.stderr.flush()
    write(counted, str(counter.steps).encode())
    os._exit(code)


if __name__ == "__main__":
    serve()
