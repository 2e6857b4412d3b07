"""The bureau's own Mosquitto, run with the configuration that provisioning wrote.

Owns starting it, waiting until it listens, starting it again when it died or when a file that it
reads has changed, and ending it by its process id. Refuses to configure: ``provision init`` does.
"""

from __future__ import annotations

import hashlib
import logging
import re
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
LOOK_SECONDS: Final = 0.5
"""How often its process and its files are looked at."""
_TURN_SECONDS: Final = 0.05
_PLACES: Final = "/usr/sbin:/usr/local/sbin"
_READS: Final = re.compile(r"^(?:acl_file|cafile|certfile|crlfile|keyfile) (.+)$", re.MULTILINE)


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
        self._read = b""

    def start(self) -> None:
        """Start it and return when it listens.

        Raises:
            BrokerError: It is not installed, the port is taken, or it ended at once.
        """
        if self._listens():
            raise BrokerError(f"port {self._address[1]} is taken; is a broker running already?")
        # Looked at before it reads them: a change in between is one more start, never one less.
        self._read = self._files()
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

    def is_current(self) -> bool:
        """Whether its configuration, certificates, revocation and access list are as it read them.

        Mosquitto reads a new revocation list on SIGHUP, but keeps the connections it has: only a
        start ends the one of a lost recorder. What others were sending they take up again.
        """
        return self._files() == self._read

    def keep(self, stop: Event) -> None:
        """Start it again whenever it died or its files changed, until ``stop`` is set."""
        while not stop.wait(LOOK_SECONDS):
            if not self.is_running():
                _log.warning("mosquitto ended; starting it again")
            elif not self.is_current():
                _log.info("the broker's files have changed; starting it again")
                self.stop()
            else:
                continue
            try:
                self.start()
            except BrokerError as error:
                _log.warning("%s", error.detail)

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

    def _files(self) -> bytes:
        """A digest of the configuration and of every file it names."""
        text = _content(self._configuration)
        named = [Path(name) for name in _READS.findall(text.decode(errors="replace"))]
        parts = (text, *(_content(path) for path in named))
        return b"".join(hashlib.sha256(part).digest() for part in parts)


def _content(path: Path) -> bytes:
    """Its bytes; none where it cannot be read: then it is the broker that says so."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _program() -> str:
    # Debian installs it where an ordinary user's PATH does not look.
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path=_PLACES)
    if found is None:
        raise BrokerError("mosquitto is not installed; run: apt-get install mosquitto")
    return found
