"""How a process begins and ends, tried in processes of their own."""

from __future__ import annotations

import signal
import subprocess
import sys

from agent.process import EXIT_BROKEN


def _run(program: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_a_signal_ends_it_in_order_even_if_a_library_has_started_threads_before() -> None:
    # numpy's threads begin at import and take signals as they like.
    program = """
import numpy
from agent.process import stop_when_asked
stop = stop_when_asked()
print("ready", flush=True)
print(stop.wait(20), flush=True)
"""
    process = _run(program)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=20)
    assert (said, process.returncode) == ("True\n", 0)


def test_a_thread_that_fails_takes_its_process_down() -> None:
    program = """
import threading
from agent.process import end_with_any_thread
end_with_any_thread()
def fail():
    raise RuntimeError("the muxer")
threading.Thread(target=fail).start()
threading.Event().wait(20)
"""
    process = _run(program)
    _, said = process.communicate(timeout=20)
    assert process.returncode == EXIT_BROKEN
    assert "the muxer" in said


def test_a_process_leaves_with_its_code_though_a_library_falls_when_it_is_taken_apart() -> None:
    script = (
        "import atexit, os; from agent import process;"
        " atexit.register(os.abort); print('said'); process.leave(64)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True, timeout=20
    )
    assert (done.returncode, done.stdout) == (64, "said\n")
