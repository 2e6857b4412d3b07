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
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

import pytest

from agent.settings import FILE_NAME
from tests.kits.processes.story import ENROL, INIT, Story

SERVICES: Final = ("vault", "dock", "session")
"""In the order of their units' ``After=``; they end in the opposite one."""
CARD_NEEDS: Final = ("mkfs.ext4", "tune2fs", "mount", "setpriv")
LARGEST_CARD: Final = 1024**3


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """How a card is made.

    Attributes:
        mebibytes: How large.
        files: How many it can name; None for as many as usual.
        reserved: Blocks of 1 KiB that one user alone may use (``tune2fs -r -u``).
        reserved_for: That user; besides root, as always.
    """

    mebibytes: int
    files: int | None = None
    reserved: int = 0
    reserved_for: int = 0


@contextmanager
def card(image: Path, place: Path, made: Made) -> Iterator[None]:
    """An ext4 of its own in the file ``image``, which is made, mounted at ``place``."""
    missing = [name for name in CARD_NEEDS if shutil.which(name) is None]
    if os.geteuid() != 0 or missing:
        pytest.skip(f"needs root and {', '.join(CARD_NEEDS)}; missing: {missing or 'root'}")
    with image.open("wb") as file:
        file.truncate(made.mebibytes * 1024 * 1024)
    files = [] if made.files is None else ["-N", str(made.files)]
    subprocess.run(["mkfs.ext4", "-q", "-b", "1024", *files, str(image)], check=True)
    # Before it is mounted: a kernel that has it mounted goes on with the old user.
    reserve = ["tune2fs", "-r", str(made.reserved), "-u", str(made.reserved_for), str(image)]
    subprocess.run(reserve, check=True, stdout=subprocess.DEVNULL)
    mounted = subprocess.run(
        ["mount", "-o", "loop", str(image), str(place)], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"no loop mount here: {mounted.stderr.strip()}")
    try:
        assert_small_mount(place)
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


def assert_small_mount(place: Path) -> None:
    """Nothing but a small medium of its own is ever filled."""
    facts = os.statvfs(place)
    assert os.path.ismount(place), f"{place} is no mount"
    assert facts.f_blocks * facts.f_frsize < LARGEST_CARD, f"{place} is too large to be the test's"
