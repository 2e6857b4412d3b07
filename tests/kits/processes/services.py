"""The recorder's processes as services of their own, started and ended in systemd's order."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Final

from agent.settings import FILE_NAME
from tests.kits.cards.small import Made, card
from tests.kits.processes.story import ENROL, INIT, Story

SERVICES: Final = ("vault", "dock", "session")
"""In the order of their units' ``After=``; they end in the opposite one."""


class Services(Story):
    """A recorder whose processes run side by side, as units do, and as one user without rights.

    Args:
        folder: The stage's.
        uid: Who runs them; None for whoever runs the test.
        enrol: As for ``Story``.
        init: As for ``Story``.
        settings: Numbers of ``device.toml`` that no option of the clerk's sets.
    """

    def __init__(
        self,
        folder: Path,
        *,
        uid: int | None = None,
        enrol: Sequence[str] = ENROL,
        init: Sequence[str] = INIT,
        settings: Mapping[str, int] | None = None,
    ) -> None:
        self._uid = uid
        super().__init__(folder, enrol=enrol, init=init)
        path = self.device_folder / FILE_NAME
        text = path.read_text()
        for name, value in (settings or {}).items():
            text, found = re.subn(rf"(?m)^{name} = \d+$", f"{name} = {value}", text)
            assert found == 1, f"{name} in {path}"
        path.write_text(text)
        self._device = None

    @contextmanager
    def on_card(self, made: Made) -> Iterator[Path]:
        """Move the device folder onto an ext4 of its own; yields the file that is the card."""
        kept = self.folder / "enrolled"
        self.device_folder.rename(kept)
        self.device_folder.mkdir()
        image = self.folder / "card.img"
        with card(image, self.device_folder, made):
            shutil.copytree(kept, self.device_folder, dirs_exist_ok=True)
            if self._uid is not None:
                for path in (self.device_folder, *self.device_folder.rglob("*")):
                    os.chown(path, self._uid, self._uid)
            try:
                yield image
            finally:
                self.clear()

    def start_recorder(self) -> None:
        """Start the world and one service after the other, each when the one before listens."""
        run = self.device.paths.run
        run.mkdir(exist_ok=True)
        if self._uid is not None:
            os.chown(run, self._uid, self._uid)
        socket = self.device.paths.world_socket
        self._serve("world", "hw.fake.world", "--socket", str(socket))
        self.wait_until(socket.exists, "the world")
        for name in SERVICES:
            self.start_service(name)
            if name == "vault":
                self.wait_until(self.device.paths.dock_socket.exists, "the vault's sockets")

    def start_service(self, name: str) -> None:
        """Start one of them."""
        self._serve(name, "agent.main", name, "--device", str(self.device_folder))

    def process_of(self, name: str) -> int:
        """Its process id."""
        return self._running[name].pid

    def shut_down(self) -> dict[str, tuple[int, float]]:
        """SIGTERM to each, the later one first; exit code and seconds of each."""
        ended: dict[str, tuple[int, float]] = {}
        for names in (("session", "dock"), ("vault",), ("world",)):
            there = [name for name in names if name in self._running]
            began = monotonic()
            for name in there:
                self._running[name].send_signal(signal.SIGTERM)
            for name in there:
                code = self._running.pop(name).wait(60)
                ended[name] = (code, monotonic() - began)
        return ended

    def start_script(self, name: str, script: Path, *arguments: str) -> None:
        """Start another program in the place of one of them."""
        self._run(name, str(script), *arguments)

    def _serve(self, name: str, module: str, *arguments: str) -> None:
        self._run(name, "-m", module, *arguments)

    def _run(self, name: str, *words: str) -> None:
        with self._log(name) as log:
            self._running[name] = subprocess.Popen(
                [*as_user(self._uid), sys.executable, *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


def as_user(uid: int | None) -> list[str]:
    """The words that start a command as ``uid`` without any right; none for nobody."""
    if uid is None:
        return []
    words = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    return [*words, "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]
