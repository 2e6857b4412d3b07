"""What a push through Mosquitto costs the device, against scp, rsync and a bare TLS pipe.

    python -m scripts.bench.transfer [--runs 5] [--mib 256] [--lines 0 40] [--json FILE]

Each run has the real vault seal two fresh backlogs of the same size and moves them five ways, one
after the other, in an order that turns from run to run:

- ``push, adapted`` and ``push, stock``: the recorder's own dock through the real broker to the real
  desk, from docking until the vault has taken the bureau's signed receipts (``stored``) for
  everything: chunks checked, synced, read back whole, archived, receipted. The two differ in
  ``[transfer] client`` alone. ``archived`` is when the last file was read back and archived. It is
  not the recorder's first docking, at which it takes its rulebook.
- ``scp`` and ``rsync`` over OpenSSH, with an sshd of their own on loopback; left out, visibly,
  where one is missing. They sync and receipt nothing.
- ``TLS pipe``: one TLS 1.3 connection, one sync at the end.

A line of N MB/s is ``scripts.bench._paced``, a proxy in a process of its own in front of broker,
sshd and pipe alike; 0 is loopback as it is. CPU is what the device's side uses: dock; scp or rsync
with its ssh; sender. Medians over interleaved runs. Loopback segments are 64 KB and this machine's
caches are not a Pi's: that is why the bytes copied in user space are counted too.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import resource
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from agent.channel import Channel
from agent.dock.adapted_paho import AdaptedClient
from agent.settings import Device, load_device
from agent.vault import messages as m
from evidence.digests import CHUNK_BYTES
from evidence.store.durable import make_folder
from hw.fake.clock import SystemClock
from hw.fake.world import FakeWorld
from provisioning.authority.founding import Founding, init_bureau
from scripts.bench.capture import table
from scripts.stage import free_port
from tests.kits.bureau.enrolment import Enrolled, assign, take_in

PATIENCE = 60.0
SEGMENT_BYTES = 5_000_000
"""Ten seconds at 4 Mbit/s."""
FRAGMENT_BYTES = 500_000
FRAGMENT_NS = 1_000_000_000
SEGMENTS = 12
MIB = 1_048_576
RECORD_BYTES = 16_384
"""What TLS takes at a time."""
OPENING = m.OpenSession(activity="voluntary", officer=None, plan_id=None, bits_per_second=1_000_000)


@dataclass(frozen=True)
class Spent:
    """One way, once; ``archived`` seconds for a push alone."""

    seconds: float
    cpu_seconds: float
    archived: float | None = None


@dataclass(frozen=True)
class Bench:
    """A bureau in a folder, whose broker and desk run; a line of ``rate`` MB/s, 0 for none."""

    folder: Path
    bureau: Path
    port: int
    rate: int

    @contextlib.contextmanager
    def line_to(self, port: int) -> Iterator[int]:
        """The port to connect to in order to reach ``port`` over the line."""
        if not self.rate:
            yield port
            return
        near = free_port()
        proxy = module("scripts.bench._paced", str(near), str(port), str(self.rate * 1_000_000))
        with running(proxy, self.folder / "line.log"):
            Event().wait(0.7)
            yield near


def module(name: str, *arguments: str) -> list[str]:
    """The command that runs one of our modules."""
    return [sys.executable, "-m", name, *arguments]


@contextlib.contextmanager
def running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of our own, ended by its id."""
    with log.open("ab") as file:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE)


def wait_until(fact: Callable[[], object], what: str, log: Path) -> None:
    """Wait until ``fact`` is true, looking 20 times a second."""
    until = time.monotonic() + PATIENCE
    while not fact():
        if time.monotonic() > until:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
            raise SystemExit(f"{what}: not within {PATIENCE:.0f} s; {log.name} ends with\n{tail}")
        Event().wait(0.05)


def cpu_of(pid: int) -> float:
    """User and system seconds of a running process."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


# --- the backlog


def seal_backlog(device: Device, size: int, seed: int) -> list[Path]:
    """Have the vault seal ``size`` bytes of noise as sessions; returns every file to move."""
    channel: Channel[m.ToRecorder, m.FromRecorder] = Channel.connect(
        device.paths.vault_socket, m.ToRecorder, seconds=PATIENCE
    )
    dice = random.Random(seed)

    def ask(message: m.FromRecorder, answer: type[m.ToRecorder]) -> None:
        channel.send(message)
        while not isinstance(got := channel.receive(), answer):
            if got is None or isinstance(got, m.Refused):
                raise SystemExit(f"the vault said {got}")

    ask(m.Attach(), m.Attached)
    left = size
    while left > 0:
        ask(OPENING, m.SessionOpened)
        for number in range(SEGMENTS):
            if left <= 0:
                break
            seal_segment(channel, ask, number, min(left, SEGMENT_BYTES), dice)
            left -= SEGMENT_BYTES
        ask(m.CloseSession(reason="officer"), m.SessionClosed)
    channel.close()
    return sorted(device.paths.sessions.glob("*/*"))


def seal_segment(
    channel: Channel[m.ToRecorder, m.FromRecorder],
    ask: Callable[[m.FromRecorder, type[m.ToRecorder]], None],
    number: int,
    size: int,
    dice: random.Random,
) -> None:
    """One segment of noise."""
    channel.send(m.BeginSegment(number=number, init=b"init"))
    start = (number + 1) * (SEGMENT_BYTES // FRAGMENT_BYTES) * FRAGMENT_NS
    progress = m.Progress()
    for sent in range(0, size, FRAGMENT_BYTES):
        frames = sent // FRAGMENT_BYTES + 1
        progress = m.Progress(
            frames=frames,
            samples=frames * 48_000,
            first_pts_ns=start,
            last_pts_ns=start + frames * FRAGMENT_NS,
            gop_first=number,
            gop_count=1,
        )
        content = dice.randbytes(min(FRAGMENT_BYTES, size - sent))
        channel.send(m.Fragment(number=number, content=content, progress=progress))
    ask(m.EndSegment(number=number, progress=progress), m.SegmentSealed)


# --- the three ways


def push(bench: Bench, device: Device, files: list[Path]) -> Spent:
    """The dock's way; the vault runs."""
    channel: Channel[m.ToDock, m.FromDock] = Channel.connect(
        device.paths.dock_socket, m.ToDock, seconds=PATIENCE
    )
    archive = bench.bureau / "archive" / device.settings.device_id
    wanted = [archive / file.relative_to(device.paths.sessions) for file in files]

    def is_archived() -> bool:
        return all(file.exists() for file in reversed(wanted))

    def is_over() -> bool:
        channel.send(m.ListPending())
        answer = channel.receive()
        return isinstance(answer, m.Pending) and not answer.sessions

    command = module("agent.main", "dock", "--device", str(device.paths.folder))
    log = bench.folder / "dock.log"
    with (
        bench.line_to(bench.port) as port,
        FakeWorld.at(device.paths.world_socket) as world,
    ):
        connect_to(device, port)
        with running(command, log) as dock:
            # Its start is not the push's: it sleeps off the cradle by then.
            Event().wait(3)
            begun, cpu = time.monotonic(), cpu_of(dock.pid)
            world.dock()
            wait_until(is_archived, "the archive", log)
            archived = time.monotonic() - begun
            wait_until(is_over, "the push", log)
            spent = Spent(time.monotonic() - begun, cpu_of(dock.pid) - cpu, archived)
    channel.close()
    return spent


def connect_to(device: Device, port: int) -> None:
    """Put the broker's port into ``device.toml``."""
    path = device.paths.folder / "device.toml"
    lines = path.read_text().splitlines()
    path.write_text(
        "\n".join(f"port = {port}" if line.startswith("port = ") else line for line in lines) + "\n"
    )


SSH_OPTIONS = ("BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null")


@contextlib.contextmanager
def ssh_line(bench: Bench) -> Iterator[tuple[str, list[str]] | None]:
    """An sshd of our own behind the line: its port and ssh's options; None where there is none."""
    sshd = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
    if sshd is None or shutil.which("ssh") is None:
        yield None
        return
    port, keys = free_port(), bench.folder / "ssh"
    if not keys.exists():
        make_ssh_keys(keys)
    server = [sshd, "-D", "-e", "-f", "/dev/null", "-p", str(port), "-h", str(keys / "host")]
    for option in (
        "ListenAddress=127.0.0.1",
        f"AuthorizedKeysFile={keys}/client.pub",
        "StrictModes=no",
        "UsePAM=no",
        f"PidFile={keys}/pid",
        "Subsystem=sftp internal-sftp",
    ):
        server += ["-o", option]
    if os.geteuid() == 0:
        # Where sshd, as root, changes into before anybody is known.
        Path("/run/sshd").mkdir(exist_ok=True)
    (keys / "log").write_text("")
    with running(server, keys / "log"), bench.line_to(port) as near:
        wait_until(lambda: "listening" in (keys / "log").read_text(), "sshd", keys / "log")
        options = ["-F", "/dev/null", "-i", str(keys / "client")]
        for option in SSH_OPTIONS:
            options += ["-o", option]
        yield str(near), options


def scp(bench: Bench, files: list[Path], target: Path) -> Spent | None:
    """OpenSSH's way; None where there is no sshd."""
    with ssh_line(bench) as line:
        if line is None:
            return None
        port, options = line
        command = ["scp", "-q", *options, "-P", port, "-r"]
        return timed([*command, *map(str, folders_of(files)), f"127.0.0.1:{target}"])


def rsync(bench: Bench, files: list[Path], target: Path) -> Spent | None:
    """The same by rsync over OpenSSH; None where one of them is missing."""
    with ssh_line(bench) as line:
        if line is None or shutil.which("rsync") is None:
            return None
        port, options = line
        command = [
            "rsync",
            "--archive",
            "--whole-file",
            "-e",
            shlex.join(["ssh", "-p", port, *options]),
        ]
        return timed([*command, *map(str, folders_of(files)), f"127.0.0.1:{target}/"])


def make_ssh_keys(folder: Path) -> None:
    """A host's and a client's key."""
    folder.mkdir()
    for name in ("host", "client"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(command, check=True)


def folders_of(files: list[Path]) -> list[Path]:
    """The sessions' folders, each once."""
    return list(dict.fromkeys(file.parent for file in files))


def timed(command: list[str]) -> Spent:
    """Run a command to its end."""
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Spent(time.monotonic() - begun, cpu)


def tls_pipe(bench: Bench, device: Device, files: list[Path], target: Path) -> Spent:
    """The bare way."""
    port, ca = free_port(), str(device.paths.ca)
    broker = bench.bureau / "broker"
    server = [str(port), str(broker / "server.pem"), str(broker / "server.key.pem"), ca]
    receive = module("scripts.bench._pipe", "receive", *server, str(target / "pipe"))
    with running(receive, bench.folder / "pipe.log"), bench.line_to(port) as near:
        Event().wait(1)
        client = [str(near), str(device.paths.tls_certificate), str(device.paths.tls_key), ca]
        sender = module("scripts.bench._pipe", "send", *client, *map(str, files))
        done = subprocess.run(sender, check=True, capture_output=True, text=True)
    said = json.loads(done.stdout)
    return Spent(said["seconds"], said["cpu_seconds"])


# --- bytes copied


class Taker:
    """A socket that takes a TLS record's worth at a time, and notes what it was handed."""

    def __init__(self) -> None:
        self.copied = 0

    def send(self, content: bytes | bytearray | memoryview) -> int:
        """Take some; everything but a view was copied for this call."""
        if not isinstance(content, memoryview):
            self.copied += len(content)
        return min(len(content), RECORD_BYTES)


def copied_per_byte(kind: type[Client]) -> float:
    """Bytes that the client copies in user space to hand over one byte of a chunk."""
    client = kind(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    taker = Taker()
    client._sock = taker  # type: ignore[assignment]  # noqa: SLF001 - there is no other way in
    client.on_socket_register_write = lambda *_: None
    chunk = bytes(CHUNK_BYTES)
    if isinstance(client, AdaptedClient):
        client.publish_view("t", memoryview(chunk), retain=False, properties=b"\0")
    else:
        client.publish("t", chunk, 1)
        # Read into bytes, then joined with the header.
        taker.copied += 2 * CHUNK_BYTES
    client.loop_write()
    client._sock = None  # noqa: SLF001 - as above
    return taker.copied / CHUNK_BYTES


# --- runs


@contextlib.contextmanager
def set_up(folder: Path, rate: int) -> Iterator[Bench]:
    """A bureau with broker and desk."""
    bureau, port = folder / "bureau", free_port()
    numbers = {"release.keep_days": 30, "storage.refuse_minutes": 1, "storage.warn_minutes": 1}
    init_bureau(
        bureau, Founding(name="某县统计局", numbers=numbers, port=port), clock=SystemClock().utc_ns
    )
    desk = module("bureau.main", "desk", "--bureau", str(bureau), "--with-broker")
    with running(desk, folder / "desk.log"):
        yield Bench(folder, bureau, port, rate)


@contextlib.contextmanager
def sealed(bench: Bench, name: str, client: str, size: int) -> Iterator[tuple[Device, list[Path]]]:
    """A device with a backlog, whose vault and world run."""
    folder = bench.folder / name
    take_in(bench.bureau, folder, name, clock=SystemClock().utc_ns, storage_floor_bytes=0)
    settings = folder / "device.toml"
    settings.write_text(settings.read_text().replace('client = "adapted"', f'client = "{client}"'))
    device = load_device(folder)
    if device.settings.transfer.client != client:
        raise SystemExit(f"{settings} does not say client = {client!r}")
    assign(Enrolled(bench.bureau, device))
    make_folder(device.paths.run)
    world = module("hw.fake.world", "--socket", str(device.paths.world_socket))
    vault = module("agent.main", "vault", "--device", str(folder))
    with running(world, bench.folder / "world.log"):
        wait_until(device.paths.world_socket.exists, "the world", bench.folder / "world.log")
        with running(vault, bench.folder / "vault.log"):
            wait_until(device.paths.dock_socket.exists, "the vault", bench.folder / "vault.log")
            dock_once(bench, device)
            yield device, seal_backlog(device, size, sum(name.encode()))


def dock_once(bench: Bench, device: Device) -> None:
    """What a recorder is brought at its first docking alone, its rulebook, is no part of a push."""
    command = module("agent.main", "dock", "--device", str(device.paths.folder))
    log = bench.folder / "dock.log"
    answers = bench.bureau / "registry" / "words" / f"{device.settings.device_id}.json"
    with FakeWorld.at(device.paths.world_socket) as world, running(command, log):
        world.dock()
        wait_until(answers.exists, "the rulebook", log)
        world.undock()


def run_once(bench: Bench, number: int, size: int) -> tuple[dict[str, Spent | None], int]:
    """Backlogs of one size, moved every way; what each spent, and their bytes."""
    with (
        sealed(bench, f"ZF-{number:03}-A", "adapted", size) as (one, files),
        sealed(bench, f"ZF-{number:03}-S", "stock", size) as (other, others),
    ):
        ways: dict[str, Callable[[Path], Spent | None]] = {
            "push, adapted": lambda _: push(bench, one, files),
            "push, stock": lambda _: push(bench, other, others),
            "scp": lambda target: scp(bench, files, target),
            "rsync": lambda target: rsync(bench, files, target),
            "TLS pipe": lambda target: tls_pipe(bench, one, files, target),
        }
        spent: dict[str, Spent | None] = {}
        names = list(ways)
        turn = number % len(names)
        for way in names[turn:] + names[:turn]:
            os.sync()
            with tempfile.TemporaryDirectory(dir=bench.folder) as target:
                spent[way] = ways[way](Path(target))
        return {way: spent[way] for way in names}, sum(file.stat().st_size for file in files)


def measure(runs: int, mib: int, rate: int) -> dict[str, Any]:
    """Medians of every way over a line of ``rate`` MB/s."""
    times: dict[str, list[Spent]] = {}
    size = 0
    # One folder deep in the system's own: socket paths are short.
    with tempfile.TemporaryDirectory(prefix="bench-") as name, set_up(Path(name), rate) as bench:
        for number in range(1, runs + 1):
            spent, size = run_once(bench, number, mib * MIB)
            for way, one in spent.items():
                if one is not None:
                    times.setdefault(way, []).append(one)
    return {
        "line_mb_per_s": rate,
        "bytes": size,
        "runs": runs,
        "load": os.getloadavg()[0],
        "ways": {
            way: {
                "seconds": statistics.median(one.seconds for one in each),
                "cpu_s_per_gb": statistics.median(one.cpu_seconds for one in each) / size * 1e9,
                "cpu_of_each": [round(one.cpu_seconds / size * 1e9, 3) for one in each],
                "archived": statistics.median(one.archived or one.seconds for one in each),
            }
            for way, each in times.items()
        },
    }


def report(measured: dict[str, Any]) -> None:
    """Print the table."""
    ways, size, rate = measured["ways"], measured["bytes"], measured["line_mb_per_s"]
    others = ["TLS pipe", "scp", "rsync"]
    rows = [["", "s", "archived s", "MB/s", *(f"/ {one}" for one in others), "CPU s/GB", "of line"]]
    for way, one in ways.items():
        ratios = [
            f"{ways[other]['seconds'] / one['seconds']:.2f}" if other in ways else "missing"
            for other in others
        ]
        speed = size / one["seconds"] / 1e6
        filled = f"{size / one['archived'] / 1e6 / rate:.3f}" if rate else "-"
        rows.append(
            [
                *(way, f"{one['seconds']:.2f}", f"{one['archived']:.2f}", f"{speed:.0f}", *ratios),
                *(f"{one['cpu_s_per_gb']:.2f}", filled),
            ]
        )
    line = f"a line of {rate} MB/s" if rate else "loopback"
    runs = f"median of {measured['runs']} interleaved runs, load {measured['load']:.1f}"
    table(f"{size / 1e6:.0f} MB over {line}, {runs}", rows)
    adapted, stock = (ways[f"push, {one}"]["cpu_s_per_gb"] for one in ("adapted", "stock"))
    print(f"  device CPU, adapted / stock: {adapted / stock:.2f}")
    missing = [other for other in others if other not in ways]
    if missing:
        print(f"  left out: {', '.join(missing)} (apt-get install openssh-server rsync)")


def main() -> None:
    """Measure, print, and write JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--mib", type=int, default=256)
    parser.add_argument("--json", type=Path, default=Path("build/bench/transfer.json"))
    parser.add_argument("--lines", type=int, nargs="+", default=[0, 40], help="MB/s; 0: loopback")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    copied = {kind.__name__: copied_per_byte(kind) for kind in (Client, AdaptedClient)}
    print(
        "copied in user space per byte of a chunk: "
        f"stock {copied['Client']:.1f}, adapted {copied['AdaptedClient']:.1f}\n"
    )
    lines = []
    for rate in options.lines:
        lines.append(measure(options.runs, options.mib, rate))
        report(lines[-1])
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(
        json.dumps({"copied": copied, "lines": lines}, indent=2) + "\n", "utf-8"
    )
    print(f"\n{options.json}")


if __name__ == "__main__":
    main()
