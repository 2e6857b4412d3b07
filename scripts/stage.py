"""A bureau and a recorder on this machine, run as in life: by their own commands.

Owns setting the stage and clearing it, for the demo and for the story tests alike. Refuses to reach
into any process: what happens is seen in the files, the ledger and the world.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from time import monotonic
from typing import IO, Final, Self, TypeVar

from agent.settings import LONGEST_SOCKET_PATH, Device, load_device
from evidence import journal, jws
from evidence.canonical import JsonObject
from evidence.errors import EvidenceError
from evidence.store.durable import replace_file
from hw.errors import HardwareFault
from hw.fake.world import FakeWorld
from hw.types import LampPattern
from scripts.clerk import Clerk

Found = TypeVar("Found")

_ROOT: Final = Path(__file__).resolve().parent.parent
_END_SECONDS: Final = 25.0
_ROOM_FOR_SOCKET_NAMES: Final = 24


class StageError(Exception):
    """The stage could not be set, or what was waited for did not come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How the bureau and the device differ from the defaults; see the commands' ``--help``.

    Attributes:
        init: Options of ``provision init``.
        policy: A file for ``provision policy edit``, before the device is enrolled.
        seed: Options of ``provision seed``.
    """

    init: Sequence[str] = ()
    policy: Path | None = None
    seed: Sequence[str] = ()


class Stage:
    """Everything in one folder: ``bureau/``, ``device/`` and ``logs/``.

    Args:
        folder: Made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.bureau = self.folder / "bureau"
        self.device_folder = self.folder / "device"
        self.logs = self.folder / "logs"
        self.port = free_port()
        self._sockets: Path | None = None
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._device: Device | None = None
        self._world: FakeWorld | None = None
        self.logs.mkdir(parents=True, exist_ok=True)

    # Setting it.

    def provision(self, wishes: Wishes | None = None) -> None:
        """Found a bureau and hand out one device, as a clerk does."""
        wishes = wishes or Wishes()
        clerk = Clerk(self.bureau, self.folder / "stick")
        passphrases = ["--root-passphrases", str(self._passphrases())]
        clerk.found(["--port", str(self.port), *passphrases, *wishes.init])
        if wishes.policy is not None:
            clerk.provision("policy", "edit", str(wishes.policy))
            for signatory in ("clerk", "head"):
                clerk.provision("policy", "sign", "--as", signatory)
            clerk.provision("policy", "publish")
        clerk.register_people()
        run_dir = ["--run-dir", str(self._run_dir())] if self._path_is_long() else []
        clerk.hand_out(self.device_folder, [*run_dir, *wishes.seed])

    def _passphrases(self) -> Path:
        """Of the bureau's offline root keys; on a stage nobody keeps them apart."""
        path = self.folder / "root-passphrases"
        lines = (f"the passphrase of root key {number}\n" for number in (1, 2, 3))
        replace_file(path, "".join(lines).encode(), mode=0o600)
        return path

    def start_bureau(self) -> None:
        """Run the desk with a broker of its own, as ``bureau desk`` does."""
        self._start(
            "bureau", "bureau.main", ["desk", "--bureau", str(self.bureau), "--with-broker"]
        )

    def start_recorder(self) -> None:
        """Run the recorder's processes, as ``recorder run`` does."""
        self._start("recorder", "agent.main", ["run", "--device", str(self.device_folder)])

    def stop(self, name: str) -> int:
        """Ask a process to end, and wait for it; returns its exit code."""
        process = self._running.pop(name)
        process.terminate()
        try:
            return process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise StageError(f"{name} did not end; see {self.logs / name}.log") from None

    def clear(self) -> None:
        """End what runs, the recorder first."""
        if self._world is not None:
            self._world.close()
            self._world = None
        for name in reversed(list(self._running)):
            with contextlib.suppress(StageError):
                self.stop(name)
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)  # noqa: TID251 - the stage's own

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    # Looking at it.

    @property
    def device(self) -> Device:
        """The enrolled device."""
        if self._device is None:
            self._device = load_device(self.device_folder)
        return self._device

    @property
    def world(self) -> FakeWorld:
        """The world around the device."""
        if self._world is None:
            self._world = FakeWorld.at(self.device.paths.world_socket)
        return self._world

    def process_of(self, name: str) -> int:
        """Process id of the recorder's ``vault``, ``dock`` or ``session``."""
        children = Path(f"/proc/{self._running['recorder'].pid}/task").glob("*/children")
        for child in (pid for one in children for pid in one.read_text().split()):
            words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
            if name.encode() in words:
                return int(child)
        raise StageError(f"no process {name} runs")

    def device_log(self) -> list[JsonObject]:
        """The records of the device log so far."""
        return _records(self.device.paths.device_log)

    def journal(self, sid: str) -> list[JsonObject]:
        """The records of a session's journal so far."""
        return _records(self.device.paths.sessions / sid / "journal.jws")

    def receipts(self) -> list[JsonObject]:
        """The bureau's receipts that the vault has taken."""
        found = sorted(self.device.paths.receipts.glob("*.jws"))
        return [one for path in found if (one := _receipt(path)) is not None]

    def sessions(self) -> list[str]:
        """Sessions with a folder on the device, oldest first."""
        return sorted(one.name for one in self.device.paths.sessions.glob("*/"))

    def lamp(self) -> LampPattern | None:
        """What the status lamp shows; None while there is no world."""
        try:
            return self.world.lamp()
        except HardwareFault:
            self._world = None
            return None

    def wait_until(self, fact: Callable[[], Found], what: str, *, seconds: float = 30.0) -> Found:
        """Wait until ``fact`` is true, and return it.

        Raises:
            StageError: It did not become true in time, or a process ended by itself.
        """
        until = monotonic() + seconds
        while not (found := fact()):
            for name, process in self._running.items():
                if process.poll() is not None:
                    raise StageError(f"{name} ended with {process.returncode}; {self._tail(name)}")
            if monotonic() > until:
                raise StageError(f"{what}: not within {seconds:.0f} s; {self._tails()}")
            Event().wait(0.05)
        return found

    # Commands.

    def command(
        self, module: str, arguments: Sequence[str], *, expect: Sequence[int] = (0,)
    ) -> str:
        """Run a command to its end; returns what it printed.

        Args:
            module: As in ``python -m``.
            arguments: Of the command.
            expect: Exit codes that are an answer.

        Raises:
            StageError: It ended with another code; carries what it said.
        """
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in expect:
            said = (done.stderr or done.stdout).strip()
            raise StageError(f"{module} {' '.join(arguments)} ended with {done.returncode}: {said}")
        return done.stdout

    def command_json(self, module: str, arguments: Sequence[str]) -> JsonObject:
        """Run a command to its end and read the JSON object it printed."""
        answer: JsonObject = json.loads(self.command(module, arguments))
        return answer

    def _start(self, name: str, module: str, arguments: Sequence[str]) -> None:
        with self._log(name) as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @contextlib.contextmanager
    def _log(self, name: str) -> Iterator[IO[bytes]]:
        with (self.logs / f"{name}.log").open("ab") as log:
            yield log

    def _tails(self) -> str:
        return "; ".join(self._tail(name) for name in self._running)

    def _tail(self, name: str) -> str:
        path = self.logs / f"{name}.log"
        lines = path.read_text(errors="replace").splitlines()[-3:]
        return f"{path} ends with: {' | '.join(lines)}"

    def _path_is_long(self) -> bool:
        length = len(os.fsencode(self.device_folder / "run")) + _ROOM_FOR_SOCKET_NAMES
        return length > LONGEST_SOCKET_PATH

    def _run_dir(self) -> Path:
        if self._sockets is None:
            self._sockets = Path(tempfile.mkdtemp(prefix="recorder-"))
        return self._sockets


def free_port() -> int:
    """A TCP port on loopback that nobody uses now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _records(path: Path) -> list[JsonObject]:
    """The whole lines so far; none where the file is not there yet, or has been released."""
    try:
        return journal.payloads(path.read_bytes())
    except FileNotFoundError:
        return []


def _receipt(path: Path) -> JsonObject | None:
    """A receipt; None while it is still being written."""
    try:
        return jws.parse(path.read_bytes(), jws.TYP_RECEIPT).payload()
    except EvidenceError:
        return None
