"""The watchdog: systemd's, which in turn feeds the SoC's.

Owns the three words of ``sd_notify(3)`` that a service says: ready, alive, stopping. Refuses to
say "alive" by itself: only the main loop calls ``pet``.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping

from hw.ports import Clock, Watchdog

_EVERY_NS = 500_000_000
"""A service is asked every few seconds; a loop may turn a hundred times in one."""


class PiWatchdog(Watchdog):
    """Tells whoever started this process; nobody where ``NOTIFY_SOCKET`` names nobody.

    The first ``pet`` also says that the process is ready: its main loop turns.

    Args:
        clock: Spaces the words.
        environment: Where systemd says how to reach it.
    """

    def __init__(self, clock: Clock, environment: Mapping[str, str] = os.environ) -> None:
        self._clock = clock
        self._address = _address(environment.get("NOTIFY_SOCKET", ""))
        self._said_ns: int | None = None

    def pet(self) -> None:
        """Say that the loop is alive."""
        now_ns = self._clock.monotonic_ns()
        if self._said_ns is None:
            self._say("READY=1\nWATCHDOG=1")
        elif now_ns - self._said_ns < _EVERY_NS:
            return
        else:
            self._say("WATCHDOG=1")
        self._said_ns = now_ns

    def stopping(self, why: str) -> None:
        """Say that the process ends on purpose.

        Args:
            why: Shown by ``systemctl status``; one line.
        """
        self._say(f"STOPPING=1\nSTATUS={why}")

    def _say(self, words: str) -> None:
        if self._address is None:
            return
        # A word that is lost is said again; a supervisor that is gone cannot be told.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
            way.settimeout(0)
            way.sendto(words.encode(), self._address)


def _address(name: str) -> str | None:
    """The socket's address; a leading ``@`` means the abstract name space."""
    if name.startswith("@"):
        return "\0" + name[1:]
    return name or None
