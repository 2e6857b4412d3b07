"""The recorder's processes as whoever updates them sees them.

Owns the port and systemd behind it. Refuses more than two things: start everything again from what
is current, and say whether everything reported ready.
"""

from __future__ import annotations

import logging
import subprocess
from abc import abstractmethod
from typing import Final, Protocol

_log = logging.getLogger(__name__)

UNITS: Final = (
    *("recorder-locker.service", "recorder-vault.service"),
    *("recorder-dock.service", "recorder-session.service"),
)
_SECONDS: Final = 180


class Services(Protocol):
    """The recorder's processes."""

    @abstractmethod
    def restart(self) -> None:
        """End them all and start them from what is current now."""

    @abstractmethod
    def are_ready(self) -> bool:
        """Whether every one of them runs and has reported ready."""


class Systemd(Services):
    """The units of the device; a unit is active once it has reported ready (``Type=notify``).

    Args:
        wait: Whether ``restart`` waits until each has reported ready or failed; while the device
            starts nobody may: the recorder's units wait for the caller.
    """

    def __init__(self, *, wait: bool) -> None:
        self._wait = wait

    def restart(self) -> None:
        """Read the units again, they are files of the release, and restart them."""
        self._call("daemon-reload")
        self._call(*(() if self._wait else ("--no-block",)), "restart", *UNITS)

    def are_ready(self) -> bool:
        """Whether all of them are active."""
        return self._call("is-active", "--quiet", *UNITS)

    def _call(self, *words: str) -> bool:
        try:
            done = subprocess.run(["/usr/bin/systemctl", *words], check=False, timeout=_SECONDS)
        except (OSError, subprocess.TimeoutExpired) as error:
            _log.error("systemctl %s: %s", " ".join(words), error)
            return False
        return done.returncode == 0
