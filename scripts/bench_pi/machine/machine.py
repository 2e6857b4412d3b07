"""The virtual machine that the recorder is installed in, as the host handles it.

Owns the emulator's process, the wire to the agent inside and the header's lines as a finger sees
them. Refuses any way in over the network: the machine has one address on the host, the bureau's
broker. ``cut`` ends the emulator as a power cut ends a machine; the medium's write log says what
had been flushed by then (``write_log``).
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Condition, Event, Thread
from time import monotonic
from typing import IO, Any, Final, Self, TypeVar

from hw.pi.pinmap import BUTTONS, DOCK
from hw.types import ButtonName

BENCH: Final = Path(__file__).resolve().parents[3] / ".tools" / "bench" / "machine"
BUREAU: Final = "10.0.2.100"
"""The host's broker: an address of the host's loopback alone, and of the machine's network."""
BROKER_PORT: Final = 8_883
"""The only port that the recorder's packet filter lets the dock reach."""
BOOT_SECONDS: Final = 240.0
_LOG_BYTES: Final = 1 << 36
"""Of the sparse file that the medium's writes are noted in."""
_ACCEL: Final = {"kvm": "kvm", "tcg": "tcg,thread=multi,tb-size=512"}
_KEPT: Final = ("root.qcow2", "card.raw")
_TAP_SECONDS: Final = 0.06
_NICE: Final = -15

Found = TypeVar("Found")


class MachineError(Exception):
    """The machine does not start, or a command in it failed."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a command in the machine came to."""

    code: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        """What it printed."""
        return self.out.decode("utf-8", "replace")


def accelerator() -> str:
    """``kvm`` where the host's processor runs any kernel for us, else ``tcg``.

    A host that is a paravirtual machine itself (kvm_pvm) opens ``/dev/kvm`` too, but runs only
    kernels that were made for it, and Debian's was not.
    """
    hardware = any(Path("/sys/module", name).exists() for name in ("kvm_intel", "kvm_amd"))
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC))
    except OSError:
        return "tcg"
    return "kvm" if hardware else "tcg"


def missing() -> str | None:
    """Why no machine can run here; None where it can."""
    if shutil.which("qemu-system-x86_64") is None:
        return "no qemu-system-x86_64; next: apt-get install qemu-system-x86"
    if not (BENCH / "root.raw").exists():
        return "no machine is built; next: scripts/bench_pi/machine/build"
    return None


@dataclass
class Machine:
    """One virtual recorder.

    Attributes:
        folder: Holds the medium, its write log and the emulator's sockets.
        memory_mib: A Zero 2 W has 512; the bench's own parts need some as well.
        acknowledged: What the recorder's process was told is durable, in order.
    """

    folder: Path
    memory_mib: int = 1024
    acknowledged: list[dict[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._wire: socket.socket | None = None
        self._answers: dict[int, dict[str, Any]] = {}
        self._came = Condition()
        self._numbers = count(1)

    @property
    def medium(self) -> Path:
        """The card's content."""
        return self.folder / "card.raw"

    @property
    def log(self) -> Path:
        """Every write to the card, and every flush, in order."""
        return self.folder / "card.log"

    # Power.

    def new_medium(self, size: str = "2G") -> None:
        """An empty ext4 card, as provisioning formats it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        words = ["mke2fs", "-q", "-F", "-t", "ext4", "-L", "recorder", str(self.medium), size]
        subprocess.run(words, check=True, env={**os.environ, "PATH": os.environ["PATH"] + ":/sbin"})

    def start(self, state: Path | None = None) -> Self:
        """Switch on and wait for the agent; or go on where ``keep`` left a machine.

        Args:
            state: A folder that ``keep`` filled.

        Raises:
            MachineError: It does not come up.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            log.truncate(_LOG_BYTES)
        self.acknowledged.clear()
        more = []
        if state is None:
            _overlay(self.folder / "root.qcow2")
        else:
            for name in _KEPT:
                _copy(state / name, self.folder / name)
            more = ["-incoming", f"exec:cat {(state / 'memory').absolute()}"]
        with (self.folder / "qemu.log").open("ab") as said:
            self._process = subprocess.Popen(
                [*self._words(), *more],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        _come_first(self._process.pid)
        self._connect()
        if state is None:
            self._wait_for(0, BOOT_SECONDS)
        else:
            self._go_on()
            self.run("hwclock", "--hctosys", "--utc")
        return self

    def keep(self, state: Path) -> None:
        """Stop time, and keep memory and media for any number of machines to go on from.

        The machine is over afterwards.
        """
        state.mkdir(parents=True)
        self._order("stop")
        self._order(f'migrate "exec:cat > {(state / "memory").absolute()}"')
        for name in _KEPT:
            _copy(self.folder / name, state / name)
        self.cut()

    def cut(self) -> None:
        """Cut the power: the emulator is killed, and nothing more reaches the card."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()

    # Inside.

    def run(self, *words: str, stdin: bytes = b"", seconds: float = 60.0) -> Done:
        """Run a command as root in the machine.

        Raises:
            MachineError: No answer came.
        """
        number = next(self._numbers)
        question = {"id": number, "argv": list(words), "seconds": seconds}
        question["stdin"] = base64.b64encode(stdin).decode()
        assert self._wire is not None
        self._wire.sendall(json.dumps(question).encode() + b"\n")
        answer = self._wait_for(number, seconds + 10)
        out, err = (base64.b64decode(answer[name]) for name in ("out", "err"))
        return Done(answer["code"], out, err)

    def sh(self, script: str, *, seconds: float = 60.0) -> str:
        """Run a shell script in the machine; returns what it printed.

        Raises:
            MachineError: It failed.
        """
        done = self.run("sh", "-ec", script, seconds=seconds)
        if done.code != 0:
            raise MachineError(f"{script}: {done.code}: {done.err.decode(errors='replace')}")
        return done.text

    def read(self, path: str) -> bytes:
        """A file of the machine; nothing where there is none."""
        return self.run("cat", path).out

    def put(self, folder: Path, to: str) -> None:
        """Copy a folder's content into the machine."""
        packed = subprocess.run(
            ["tar", "cz", "-C", str(folder), "."], check=True, capture_output=True
        ).stdout
        done = self.run("tar", "xz", "--no-same-owner", "-C", to, stdin=packed)
        if done.code != 0:
            raise MachineError(f"{to}: {done.err.decode(errors='replace')}")

    def wait_until(
        self, fact: Callable[[], Found], what: str, *, seconds: float = 60.0, pause: float = 0.2
    ) -> Found:
        """Wait until ``fact`` is true, and return it.

        Raises:
            MachineError: It did not become true in time.
        """
        until = monotonic() + seconds
        while not (found := fact()):
            if monotonic() > until:
                raise MachineError(f"{what}: not within {seconds:.0f} s")
            Event().wait(pause)
        return found

    # The header.

    def pull(self, line: int, *, closed: bool) -> None:
        """Close a contact of the header to ground, or open it: the kernel sees the edge."""
        level = "pull-down" if closed else "pull-up"
        self.sh(f"echo {level} >/run/bench-header/sim_gpio{line}/pull")

    def hold(self, button: ButtonName, seconds: float) -> None:
        """Press a button for so long; the machine's own clock counts."""
        pull = f"/run/bench-header/sim_gpio{BUTTONS[button].bcm}/pull"
        self.sh(f"echo pull-down >{pull}; sleep {seconds}; echo pull-up >{pull}")

    def press(self, button: ButtonName) -> None:
        """Tap a button."""
        self.hold(button, _TAP_SECONDS)

    def dock(self, *, on: bool) -> None:
        """Put it on the cradle, or take it off."""
        self.pull(DOCK.bcm, closed=on)
        word = "on" if on else "off"
        self.sh(f"echo {word} >/sys/module/test_power/parameters/usb_online")

    # The emulator.

    def _go_on(self) -> None:
        """A machine was kept while it stood still: let it run once its memory has been read."""
        until = monotonic() + BOOT_SECONDS
        while "running" not in self._order("info status"):
            if monotonic() > until:
                raise MachineError("the kept machine does not go on")
            self._order("cont")
            Event().wait(0.1)

    def _order(self, words: str) -> str:
        """An order to the emulator's monitor; returns when it is done."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as monitor:
            monitor.connect(os.path.relpath(self.folder / "monitor.sock"))
            lines = monitor.makefile("rw", newline="")
            _read_to_prompt(monitor)
            lines.write(words + "\n")
            lines.flush()
            return _read_to_prompt(monitor)

    def _words(self) -> list[str]:
        # It keeps real time, see _come_first.
        machine = ["nice", "-n", str(_NICE), "qemu-system-x86_64", "-cpu", "max", "-smp", "2"]
        machine += ["-accel", _ACCEL[accelerator()]]
        machine += ["-m", str(self.memory_mib), "-M", "q35,usb=off", "-nodefaults"]
        machine += ["-no-user-config", "-display", "none", "-no-reboot", "-rtc", "base=utc"]
        kernel = "root=/dev/vda rw console=ttyS0 loglevel=4 panic=-1 net.ifnames=0 mitigations=off"
        machine += ["-kernel", str(BENCH / "vmlinuz"), "-initrd", str(BENCH / "initrd.img")]
        machine += ["-append", kernel, "-serial", "file:serial.log"]
        machine += ["-drive", "file=root.qcow2,if=none,id=root,cache=unsafe"]
        machine += ["-device", "virtio-blk-pci,drive=root"]
        return [*machine, *self._card(), *self._network(), *self._agent()]

    def _card(self) -> list[str]:
        """The card, its writes noted below the guest's flushes and above the host's memory."""
        no_flush = "cache.no-flush=on"
        return [
            *("-blockdev", f"driver=file,node-name=content,filename=card.raw,{no_flush}"),
            *("-blockdev", f"driver=file,node-name=noted,filename=card.log,{no_flush}"),
            *("-blockdev", "driver=raw,node-name=note,file=noted"),
            *("-blockdev", "driver=blklogwrites,node-name=card,file=content,log=note"),
            *("-device", "virtio-blk-pci,drive=card"),
        ]

    def _network(self) -> list[str]:
        relay = f"{sys.executable} {Path(__file__).with_name('relay.py')} {BUREAU} {BROKER_PORT}"
        forward = f"guestfwd=tcp:{BUREAU}:{BROKER_PORT}-cmd:{relay}"
        return [
            *("-netdev", f"user,id=net,restrict=on,{forward}"),
            *("-device", "virtio-net-pci,netdev=net,romfile="),
            *("-device", "virtio-rng-pci"),
        ]

    def _agent(self) -> list[str]:
        return [
            *("-monitor", "unix:monitor.sock,server=on,wait=off"),
            *("-device", "virtio-serial-pci"),
            *("-chardev", "socket,id=bench,path=agent.sock,server=on,wait=off"),
            *("-device", "virtserialport,chardev=bench,name=bench"),
        ]

    def _connect(self) -> None:
        path = self.folder / "agent.sock"
        until = monotonic() + 10
        self._wire = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        while self._wire.connect_ex(os.path.relpath(path)) != 0:
            assert self._process is not None
            if self._process.poll() is not None or monotonic() > until:
                said = (self.folder / "qemu.log").read_text(errors="replace")
                raise MachineError(f"the emulator does not start: {said[-500:]}")
            Event().wait(0.02)
        self._answers.clear()
        Thread(target=self._hear, args=(self._wire.makefile("rb"),), daemon=True).start()

    def _hear(self, lines: IO[bytes]) -> None:
        """Sort what comes over the wire, until it is cut."""
        try:
            for line in lines:
                told = json.loads(line)
                with self._came:
                    if "ack" in told:
                        self.acknowledged.append(told["ack"])
                    else:
                        self._answers[told["id"]] = told
                    self._came.notify_all()
        except (OSError, ValueError):
            return  # a line was cut short: the power is gone

    def _wait_for(self, number: int, seconds: float) -> dict[str, Any]:
        with self._came:
            if not self._came.wait_for(lambda: number in self._answers, seconds):
                tail = (self.folder / "serial.log").read_text(errors="replace")[-500:]
                raise MachineError(f"no answer within {seconds:.0f} s; the console says: {tail}")
            return self._answers.pop(number)


def _come_first(pid: int) -> None:
    """Let the emulator come before other work of this host: a camera does not wait.

    ``nice`` alone counts within a session where the kernel groups processes by it. Who may not,
    leaves it at that.
    """
    with suppress(OSError):
        os.sched_setscheduler(pid, os.SCHED_RR, os.sched_param(1))


def _overlay(path: Path) -> None:
    """What a machine changes on the system's disk, which stays as it was built."""
    path.unlink(missing_ok=True)
    backing = ["-b", str(BENCH / "root.raw"), "-F", "raw"]
    words = ["qemu-img", "create", "-q", "-f", "qcow2", *backing, str(path)]
    subprocess.run(words, check=True)


def _copy(source: Path, target: Path) -> None:
    """Copy a disk, its holes as holes."""
    subprocess.run(["cp", "--sparse=always", str(source), str(target)], check=True)


def _read_to_prompt(monitor: socket.socket) -> str:
    said = b""
    while not said.endswith(b"(qemu) "):
        block = monitor.recv(4096)
        if not block:
            raise MachineError("the emulator's monitor hung up")
        said += block
    return said.decode("utf-8", "replace")
