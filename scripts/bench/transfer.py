"""What a push through Mosquitto costs, against scp and against a bare TLS pipe, on loopback.

    python -m scripts.bench.transfer [--runs 5] [--mib 256] [--json FILE]

Each run seals a fresh backlog with the real vault and moves the same files three ways, one after
the other:

- ``push``: the recorder's own dock through the real broker to the real desk, from docking until the
  vault has taken the bureau's signed receipts (``stored``) for everything: chunks checked, synced,
  read back whole, archived, receipted.
- ``scp``: OpenSSH's, with its own sshd on loopback; left out, visibly, where there is no sshd. It
  hashes nothing and syncs nothing.
- ``TLS pipe``: one TLS 1.3 connection, one sync at the end.

CPU is what the device's side uses: dock, scp with its ssh, sender. Medians over interleaved runs.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import resource
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

from agent.channel import Channel
from agent.settings import Device, load_device
from agent.vault import messages as m
from evidence.store.durable import make_folder
from hw.fake.clock import SystemClock
from hw.fake.world import FakeWorld
from provisioning.authority.founding import Founding, init_bureau
from scripts.bench.capture import table
from scripts.stage import free_port
from tests.kits.enrolment import Enrolled, assign, take_in

PATIENCE = 60.0
SEGMENT_BYTES = 5_000_000
"""Ten seconds at 4 Mbit/s."""
FRAGMENT_BYTES = 500_000
FRAGMENT_NS = 1_000_000_000
SEGMENTS = 12
MIB = 1_048_576
OPENING = m.OpenSession(activity="voluntary", officer=None, plan_id=None, bits_per_second=1_000_000)


@dataclass(frozen=True)
class Spent:
    """One way, once."""

    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Bench:
    """A bureau in a folder, whose broker and desk run."""

    folder: Path
    bureau: Path


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


def push(bench: Bench, device: Device) -> Spent:
    """The dock's way; the vault runs."""
    channel: Channel[m.ToDock, m.FromDock] = Channel.connect(
        device.paths.dock_socket, m.ToDock, seconds=PATIENCE
    )

    def is_over() -> bool:
        channel.send(m.ListPending())
        answer = channel.receive()
        return isinstance(answer, m.Pending) and not answer.sessions

    command = module("agent.main", "dock", "--device", str(device.paths.folder))
    log = bench.folder / "dock.log"
    with (
        FakeWorld.at(device.paths.world_socket) as world,
        running(command, log) as dock,
    ):
        # Its start is not the push's: it sleeps off the cradle by then.
        Event().wait(2)
        begun, cpu = time.monotonic(), cpu_of(dock.pid)
        world.dock()
        wait_until(is_over, "the push", log)
        spent = Spent(time.monotonic() - begun, cpu_of(dock.pid) - cpu)
    channel.close()
    return spent


def scp(bench: Bench, files: list[Path], target: Path) -> Spent | None:
    """OpenSSH's way; None where there is no sshd."""
    sshd = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
    if sshd is None or shutil.which("scp") is None:
        return None
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
    with running(server, keys / "log"):
        wait_until(lambda: "listening" in (keys / "log").read_text(), "sshd", keys / "log")
        client = ["scp", "-q", "-F", "/dev/null", "-P", str(port), "-i", str(keys / "client")]
        for option in ("BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null"):
            client += ["-o", option]
        spent = timed([*client, "-r", *map(str, folders_of(files)), f"127.0.0.1:{target}"])
    (keys / "log").write_text("")
    return spent


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
    port, ca = str(free_port()), str(device.paths.ca)
    broker = bench.bureau / "broker"
    server = [port, str(broker / "server.pem"), str(broker / "server.key.pem"), ca]
    client = [port, str(device.paths.tls_certificate), str(device.paths.tls_key), ca]
    log = bench.folder / "pipe.log"
    with running(module("scripts.bench._pipe", "receive", *server, str(target / "pipe")), log):
        Event().wait(1)
        sender = module("scripts.bench._pipe", "send", *client, *map(str, files))
        done = subprocess.run(sender, check=True, capture_output=True, text=True)
    said = json.loads(done.stdout)
    return Spent(said["seconds"], said["cpu_seconds"])


# --- runs


@contextlib.contextmanager
def set_up(folder: Path) -> Iterator[Bench]:
    """A bureau with broker and desk."""
    bureau, port = folder / "bureau", free_port()
    numbers = {"release.keep_days": 30, "storage.refuse_minutes": 1, "storage.warn_minutes": 1}
    init_bureau(
        bureau, Founding(name="某县统计局", numbers=numbers, port=port), clock=SystemClock().utc_ns
    )
    desk = module("bureau.main", "desk", "--bureau", str(bureau), "--with-broker")
    with running(desk, folder / "desk.log"):
        yield Bench(folder, bureau)


def run_once(bench: Bench, number: int, size: int) -> tuple[dict[str, Spent | None], int]:
    """One backlog, moved every way; what each spent, and its bytes."""
    name = f"ZF-{number:03}"
    folder = bench.folder / name
    take_in(bench.bureau, folder, name, clock=SystemClock().utc_ns, storage_floor_bytes=0)
    device = load_device(folder)
    assign(Enrolled(bench.bureau, device))
    make_folder(device.paths.run)
    world = module("hw.fake.world", "--socket", str(device.paths.world_socket))
    vault = module("agent.main", "vault", "--device", str(folder))
    with running(world, bench.folder / "world.log"):
        wait_until(device.paths.world_socket.exists, "the world", bench.folder / "world.log")
        with running(vault, bench.folder / "vault.log"):
            wait_until(device.paths.dock_socket.exists, "the vault", bench.folder / "vault.log")
            files = seal_backlog(device, size, number)
            spent: dict[str, Spent | None] = {"push": push(bench, device)}
    with tempfile.TemporaryDirectory(dir=bench.folder) as target:
        spent["scp"] = scp(bench, files, Path(target))
        spent["TLS pipe"] = tls_pipe(bench, device, files, Path(target))
    return spent, sum(file.stat().st_size for file in files)


def measure(runs: int, mib: int) -> dict[str, Any]:
    """Medians of every way."""
    times: dict[str, list[Spent]] = {}
    size = 0
    # One folder deep in the system's own: socket paths are short.
    with tempfile.TemporaryDirectory(prefix="bench-") as name, set_up(Path(name)) as bench:
        for number in range(1, runs + 1):
            spent, size = run_once(bench, number, mib * MIB)
            for way, one in spent.items():
                if one is not None:
                    times.setdefault(way, []).append(one)
    return {
        "bytes": size,
        "runs": runs,
        "ways": {
            way: {
                "seconds": statistics.median(one.seconds for one in each),
                "cpu_s_per_gb": statistics.median(one.cpu_seconds for one in each) / size * 1e9,
            }
            for way, each in times.items()
        },
    }


def report(measured: dict[str, Any]) -> None:
    """Print the table."""
    ways, size = measured["ways"], measured["bytes"]
    rows = [["", "s", "MB/s", "/ TLS pipe", "/ scp", "device CPU s/GB"]]
    for way, one in ways.items():
        ratios = [
            f"{ways[other]['seconds'] / one['seconds']:.2f}" if other in ways else "no sshd"
            for other in ("TLS pipe", "scp")
        ]
        speed = f"{size / one['seconds'] / 1e6:.0f}"
        rows.append([way, f"{one['seconds']:.2f}", speed, *ratios, f"{one['cpu_s_per_gb']:.2f}"])
    table(f"{size / 1e6:.0f} MB on loopback, median of {measured['runs']} interleaved runs", rows)
    if "scp" not in ways:
        print("  scp was left out: no sshd here (apt-get install openssh-server)")


def main() -> None:
    """Measure, print, and write JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--mib", type=int, default=256)
    parser.add_argument("--json", type=Path, default=Path("build/bench/transfer.json"))
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    measured = measure(options.runs, options.mib)
    report(measured)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(measured, indent=2) + "\n", "utf-8")
    print(f"\n{options.json}")


if __name__ == "__main__":
    main()
