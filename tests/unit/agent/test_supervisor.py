"""The supervisor starts again what dies and ends what it started."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

from agent.process import EXIT_POWER_OFF
from agent.supervisor import PROCESSES, Child, Program, own_programs

SECONDS = 20.0


def _program(code: str) -> Program:
    return Program("example", (sys.executable, "-c", code))


def _wait(fact: Callable[[], object], child: Child) -> None:
    until = time.monotonic() + SECONDS
    while not fact():
        assert time.monotonic() < until, "it never came true"
        child.look()
        Event().wait(0.02)


def test_a_process_that_dies_is_started_again(tmp_path: Path) -> None:
    told = tmp_path / "starts"
    code = f"open({str(told)!r}, 'a').write('x')"
    child = Child(_program(code))
    _wait(lambda: told.exists() and len(told.read_text()) >= 3, child)
    child.end()


def test_a_process_that_ignores_the_wish_to_end_is_ended(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    code = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"open({str(told)!r}, 'w').write(str(os.getpid()))\n"
        "time.sleep(60)"
    )
    child = Child(_program(code), end_seconds=0.3)
    _wait(lambda: told.exists() and told.read_text(), child)
    child.end()
    assert not Path(f"/proc/{told.read_text()}").exists()


def test_the_recorder_is_ended_before_the_vault_it_talks_to() -> None:
    names = [program.name for program in own_programs(Path("device"))]
    assert tuple(names) == PROCESSES
    assert names.index("vault") < names.index("session")


def test_a_recorder_that_was_switched_off_is_not_started_again(tmp_path: Path) -> None:
    told = tmp_path / "starts"
    code = f"open({str(told)!r}, 'a').write('x'); raise SystemExit({EXIT_POWER_OFF})"
    child = Child(_program(code))
    _wait(lambda: child.switched_off, child)
    for _ in range(20):
        child.look()
    assert told.read_text() == "x"
    child.end()
