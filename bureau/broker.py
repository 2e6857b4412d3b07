"""The bureau's own Mosquitto, run with the configuration that provisioning wrote.

Owns starting it, waiting until it listens, and ending it by its process id. Refuses to configure:
``provision init`` does.
"""

from __future__ import annotations

import logging
import shutil
import socket
import subprocess
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Final, Self

from bureau.errors import BrokerError

_log = logging.getLogger(__name__)

START_SECONDS: Final = 10.0
END_SECONDS: Final = 10.0
_TURN_SECONDS: Final = 0.05
_PLACES: Final = "/usr/sbin:/usr/local/sbin"


class Broker:
    """One Mosquitto process.

    Args:
        configuration: ``broker/mosquitto.conf``.
        host: Address it is to listen on.
        port: TCP port.
    """

    def __init__(self, configuration: Path, host: str, port: int) -> None:
        self._configuration = configuration
        self._address = (host, port)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and return when it listens.

        Raises:
            BrokerError: It is not installed, the port is taken, or it ended at once.
        """
        if self._listens():
            raise BrokerError(f"port {self._address[1]} is taken; is a broker running already?")
        command = [_program(), "-c", str(self._configuration)]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        for _ in range(int(START_SECONDS / _TURN_SECONDS)):
            if self._listens():
                return
            if self._process.poll() is not None:
                break
            Event().wait(_TURN_SECONDS)
        self.stop()
        raise BrokerError(f"mosquitto does not listen; see {self._configuration.parent}/*.log")

    def is_running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End it. Idempotent."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            _log.warning("mosquitto does not end; killing it")
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _listens(self) -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            return probe.connect_ex(self._address) == 0


def _program() -> str:
    # Debian installs it where an ordinary user's PATH does not look.
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path=_PLACES)
    if found is None:
        raise BrokerError("mosquitto is not installed; run: apt-get install mosquitto")
    return found
