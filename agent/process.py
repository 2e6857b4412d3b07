"""How one of the recorder's processes begins and ends.

Owns the wish to end (SIGTERM, SIGINT) and the rule that a process does not outlive any of its
threads: half a recorder is worse than one that is started again. Refuses to tidy up: recovery is
the next start's, always the same.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
from types import FrameType
from typing import Final, NoReturn

_log = logging.getLogger(__name__)

EXIT_POWER_OFF: Final = 64
"""The officer has switched the recorder off: whoever started this process switches the machine off,
and does not start it again (``recorder-session.service`` says the same)."""
EXIT_BROKEN: Final = 70
"""EX_SOFTWARE of sysexits.h: something inside failed; start again."""

_ENDING: Final = (signal.SIGTERM, signal.SIGINT)


def stop_when_asked() -> threading.Event:
    """An event that SIGTERM or SIGINT sets; call it in the main thread.

    The signal's number goes through a socket to a thread of its own: a handler that set the event
    itself could meet the main thread holding the very lock that this needs.
    """
    stop = threading.Event()
    heard, told = socket.socketpair()
    told.settimeout(0)
    signal.set_wakeup_fd(told.fileno())
    for number in _ENDING:
        signal.signal(number, _leave_it_to_the_thread)

    def wait() -> None:
        with told, heard:
            number = heard.recv(1)[0]
            _log.info("asked to end by %s", signal.Signals(number).name)
            stop.set()
            # The descriptor stays open: a second signal has to find somebody to write to.
            threading.Event().wait()

    threading.Thread(target=wait, name="signals", daemon=True).start()
    return stop


def _leave_it_to_the_thread(number: int, frame: FrameType | None) -> None:
    del number, frame


def end_with_any_thread() -> None:
    """From now on a thread that fails ends its process with ``EXIT_BROKEN``."""

    def end(failure: threading.ExceptHookArgs) -> None:
        name = failure.thread.name if failure.thread is not None else "a thread"
        problem = (failure.exc_type, failure.exc_value or failure.exc_type(), failure.exc_traceback)
        _log.critical("%s failed; the process ends", name, exc_info=problem)
        sys.stderr.flush()
        os._exit(EXIT_BROKEN)

    threading.excepthook = end


def leave(code: int) -> NoReturn:
    """End this process with ``code``, just as it is: what is to be closed has been.

    The drivers' C++ libraries may fall when the interpreter takes them apart: libcamera ends a
    session by SIGILL, and whoever looks for ``EXIT_POWER_OFF`` would start it again.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def log_to_stderr(name: str) -> None:
    """Say on stderr what happens, as ``name``."""
    logging.basicConfig(
        level=logging.INFO,
        format=f"%(asctime)s {name} %(levelname)s %(name)s: %(message)s",
    )
