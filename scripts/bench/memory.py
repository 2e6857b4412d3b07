"""How much memory the device's processes take together while they record and listen.

    python -m scripts.bench.memory [--seconds 40] [--json FILE]

A bureau and a recorder as they ship, on the fake board, 1280 × 720 at 25 frames a second: vault,
dock and session by ``recorder run``, the locker beside them. The announcement is played and heard,
somebody talks, a photo is taken; meanwhile ``smaps_rollup`` of each process is read once a second.
PSS shares a page among those who map it, so that PSS may be added up; what counts is the highest
sum. The supervisor (systemd's work on the device) and the world are no part of it.

The session's process has the fake camera inside: drawing, and libx264 in place of the Pi's encoder.
What that costs is measured alone, in a process of its own, and named beside the sum. Of picamera2
nothing is claimed here: ``recorder field-test`` measures it on hardware.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

from hw.types import ButtonName
from scripts.bench.capture import table
from scripts.officer import Officer
from scripts.stage import Stage, Wishes

OWN = ("session", "vault", "dock")
GOAL_MB = 300
FIELDS = ("Pss", "Pss_Anon", "Rss")
LOCKER_SECONDS = 10


def together(pids: Iterable[int]) -> float:
    """MB of several processes, a file's pages counted once: as if nothing else ran here.

    PSS shares them with every other Python on this machine, of which a recorder has none.
    """
    anonymous, files = 0, dict[str, int]()
    for pid in pids:
        path = ""
        rss = own = 0
        for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
            words = line.split()
            if not words[0].endswith(":"):
                anonymous, files[path] = anonymous + own, max(files.get(path, 0), rss - own)
                path = f"{words[2]} {words[5]}" if len(words) > 5 and words[4] != "0" else ""
                rss = own = 0
            elif words[0] in ("Rss:", "Anonymous:"):
                rss, own = (int(words[1]), own) if words[0] == "Rss:" else (rss, int(words[1]))
        anonymous, files[path] = anonymous + own, max(files.get(path, 0), rss - own)
    return (anonymous + sum(files.values())) / 1_000


def memory_of(pid: int) -> dict[str, float]:
    """MB of a process, now; RSS at its highest too."""
    found = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in FIELDS:
            found[name] = int(rest.split()[0]) / 1_000
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(("VmHWM:", "Threads:")):
            name, value, *_ = line.split()
            found[name.strip(":")] = int(value) / (1_000 if "HWM" in name else 1)
    return found


@contextlib.contextmanager
def locker(stage: Stage) -> Iterator[int | None]:
    """The locker's process; None, said aloud, where this machine does not let it lock."""
    command = [sys.executable, "-m", "agent.main", "locker", "--device", str(stage.device_folder)]
    log = stage.logs / "locker.log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        socket = stage.device.paths.locker_socket
        for _ in range(LOCKER_SECONDS * 20):
            if socket.exists() or process.poll() is not None:
                break
            Event().wait(0.05)
        if process.poll() is None:
            yield process.pid
        else:
            print(f"no locker here: {log.read_text(errors='replace').strip()[-200:]}")
            yield None
    finally:
        process.terminate()
        process.wait(20)


def record(folder: Path, seconds: int) -> tuple[list[dict[str, dict[str, float]]], float]:
    """One session; the memory of every process, once a second, and of all at the end."""
    samples = []
    with Stage(folder) as stage:
        stage.provision(Wishes(init=["--name", "某县统计局"]))
        stage.start_bureau()
        officer = Officer(stage, {})
        officer.switch_on()
        with locker(stage) as lock:
            pids = {name: stage.process_of(name) for name in OWN}
            pids |= {"locker": lock} if lock else {}
            sid = officer.begin()
            stage.world.talk()
            for second in range(seconds):
                if second == seconds // 2:
                    stage.world.press(ButtonName.PHOTO)
                samples.append({name: memory_of(pid) for name, pid in pids.items()})
                Event().wait(1)
            alone = together(pids.values())
            officer.end(sid)
    return samples, alone


def fake_camera() -> dict[str, float]:
    """MB that drawing and libx264 add to a process that has numpy and av already."""
    code = (
        "import os, numpy, av, agent.recorder\n"
        "from scripts.bench.memory import memory_of\n"
        "before = memory_of(os.getpid())['Pss']\n"
        "from hw.fake.camera import Lens\n"
        "from hw.fake.encoder import Encoder\n"
        "from agent.settings import Camera\n"
        "settings = Camera().for_board()\n"
        "lens, encoder = Lens(settings), Encoder(settings)\n"
        "for n in range(100):\n"
        "    canvas = encoder.canvas()\n"
        "    canvas[...] = n\n"
        "    encoder.encode(keyframe=False)\n"
        "print(memory_of(os.getpid())['Pss'] - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {"Pss": float(done.stdout)}


def measure(seconds: int) -> dict[str, Any]:
    """The highest sum, and the sample it comes from."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        samples, alone = record(Path(name), seconds)
    sums = [sum(one["Pss"] for one in sample.values()) for sample in samples]
    return {
        "pss_mb": max(sums),
        "alone_mb": alone,
        "first_mb": sums[0],
        "last_mb": sums[-1],
        "at_the_highest": samples[sums.index(max(sums))],
        "rss_peak_mb": {name: one["VmHWM"] for name, one in samples[-1].items()},
        "fake_camera_mb": fake_camera()["Pss"],
        "load": os.getloadavg()[0],
    }


def report(measured: dict[str, Any]) -> None:
    """Print the table."""
    rows = [["", "PSS MB", "of it anonymous", "RSS MB", "RSS peak", "threads"]]
    for name, one in measured["at_the_highest"].items():
        rows.append(
            [
                name,
                *(f"{one[key]:.1f}" for key in ("Pss", "Pss_Anon", "Rss", "VmHWM")),
                f"{one['Threads']:.0f}",
            ]
        )
    table(f"recording 720p25 and listening, load {measured['load']:.1f}", rows)
    camera = measured["fake_camera_mb"]
    print(
        f"  together {measured['pss_mb']:.1f} MB (goal {GOAL_MB}); at the beginning "
        f"{measured['first_mb']:.1f}, at the end {measured['last_mb']:.1f}\n"
        f"  with nothing else on the machine, at the end: {measured['alone_mb']:.1f} MB\n"
        f"  of it the fake camera with its encoder, measured alone: {camera:.1f} MB"
    )


def main() -> None:
    """Measure, print, and write JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=40)
    parser.add_argument("--json", type=Path, default=Path("build/bench/memory.json"))
    options = parser.parse_args()
    measured = measure(options.seconds)
    report(measured)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(measured, indent=2) + "\n", "utf-8")
    print(f"\n{options.json}")


if __name__ == "__main__":
    main()
