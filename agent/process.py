"""How one of the recorder's processes begins and ends.

Owns the wish to end (SIGTERM, SIGINT) and the rule that a process does not outlive any of its
threads: half a recorder is worse than one that is started again. Refuses to tidy up: recovery is
the next start's, always the same.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from typing import Final

_log = logging.getLogger(__name__)

EXIT_BROKEN: Final = 70
"""EX_SOFTWARE of sysexits.h: something inside failed; start again."""

_ENDING: Final = frozenset({signal.SIGTERM, signal.SIGINT})


def stop_when_asked() -> threading.Event:
    """An event that SIGTERM or SIGINT sets; call it before any other thread starts.

    The signals are taken by a thread of their own: a handler in the main thread could meet it
    holding the very lock that setting an event needs.
    """
    stop = threading.Event()
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)

    def wait() -> None:
        number = signal.sigwait(_ENDING)
        _log.info("asked to end by %s", signal.Signals(number).name)
        stop.set()

    threading.Thread(target=wait, name="signals", daemon=True).start()
    return stop


def end_with_any_thread() -> None:
    """From now on a thread that fails ends its process with ``EXIT_BROKEN``."""

    def end(failure: threading.ExceptHookArgs) -> None:
        name = failure.thread.name if failure.thread is not None else "a thread"
        problem = (failure.exc_type, failure.exc_value or failure.exc_type(), failure.exc_traceback)
        _log.critical("%s failed; the process ends", name, exc_info=problem)
        sys.stderr.flush()
        os._exit(EXIT_BROKEN)

    threading.excepthook = end


def log_to_stderr(name: str) -> None:
    """Say on stderr what happens, as ``name``."""
    logging.basicConfig(
        level=logging.INFO,
        format=f"%(asctime)s {name} %(levelname)s %(name)s: %(message)s",
    )
