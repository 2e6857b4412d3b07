"""What capture costs, and how soon a press is on the record.

    python -m scripts.bench.capture [--runs 5] [--seconds 60] [--presses 60] [--json FILE]

Three tables:

1. CPU against ``ffmpeg -f segment``. Both read the same raw 1280 x 720 pictures and the same 48 kHz
   sound from cached files, encode with x264 at the same settings (one thread) and AAC at 64 kbit/s,
   and write MP4 segments of 10 s, as fast as they can. Counted is user and system time of the whole
   process, start included. Runs are interleaved; medians are given. ``encoders alone`` is this
   Python process with the same two encoders and nothing else: ffmpeg's library is Debian's, ours is
   PyAV's own, and the difference between the two is not capture's.
2. From the press to the first picture, in real time on the fake body: 1280 x 720 at 25 a second,
   camera and encoders warm, presses at random phase. ``encoder`` is from the picture's capture to
   its packet, that is without the wait for the shutter.
3. What padding adds to a still and to a black scene, so that the seal holds nothing back for long.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

from agent.capture import Capture, CaptureRules, Doubt, Gap, Latency, Progress, Started
from agent.capture.media import SegmentSink
from hw.fake.board import recorder_board
from hw.fake.world import FakeWorld
from hw.ports import Clock
from hw.types import CameraSettings
from scripts.bench._contestants import BITS, HEIGHT, WIDTH, Silence, ffmpeg_command, make_source


class Listener(Silence):
    """Keeps the latencies."""

    def __init__(self) -> None:
        self.latencies: list[Latency] = []
        self.said = Event()

    def first_frame(self, latency: Latency) -> None:
        """The first picture is muxed."""
        self.latencies.append(latency)

    def started(self, started: Started) -> None:
        """Both tracks are there."""
        del started
        self.said.set()


def cpu_of(command: list[str]) -> float:
    """User and system seconds of a process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure_cpu(runs: int, seconds: int) -> dict[str, float]:
    """Median CPU seconds of each contestant, runs interleaved."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_source(folder)
        own = [sys.executable, "-m", "scripts.bench._contestants"]
        contestants = {
            "capture": [*own, "capture", name, str(seconds)],
            "encoders alone": [*own, "encoders", name, str(seconds)],
            "python and its imports": [*own, "encoders", name, "0"],
            "ffmpeg -f segment": ffmpeg_command(folder, seconds),
        }
        times: dict[str, list[float]] = {name: [] for name in contestants}
        for _ in range(runs):
            for contestant, command in contestants.items():
                times[contestant].append(cpu_of(command))
    return {contestant: statistics.median(each) for contestant, each in times.items()}


class Meter(SegmentSink):
    """Counts bytes, and how much of them is padding."""

    def __init__(self) -> None:
        self.total = self.padding = 0

    def begin(self, number: int, init: bytes) -> None:
        """Count the head."""
        del number
        self.total += len(init)

    def fragment(self, number: int, content: bytes, progress: Progress, *, keyframe: bool) -> None:
        """Count, and look whether it is a free box."""
        del number, progress, keyframe
        self.total += len(content)
        self.padding += len(content) if content[4:8] == b"free" else 0

    def end(self, number: int, facts: Progress) -> None:
        """Nothing to do."""

    def gap(self, gap: Gap) -> None:
        """Gaps are of no interest here."""

    def doubt(self, doubt: Doubt) -> None:
        """Nor are doubts."""


def open_capture(world: FakeWorld, sink: SegmentSink) -> tuple[Capture, Listener, Clock]:
    """A warm capture on the fake body, in real time."""
    board = recorder_board(
        world.link, camera=CameraSettings(width=WIDTH, height=HEIGHT, bits_per_second=BITS)
    )
    listener = Listener()
    capture = Capture(
        camera=board.camera,
        microphone=board.microphone,
        clock=board.clock,
        rules=CaptureRules(),
        sink=sink,
        listener=listener,
    )
    capture.warm()
    board.clock.wait(Event(), 2)
    return capture, listener, board.clock


def measure_presses(presses: int) -> list[Latency]:
    """Latencies of so many presses at random phase."""
    dice = random.Random(1)
    capture, listener, clock = open_capture(FakeWorld.here(), Meter())
    for _ in range(presses):
        clock.wait(Event(), 0.1 + dice.random() * 0.2)
        listener.said.clear()
        capture.begin(0, clock.monotonic_ns())
        listener.said.wait(10)
        capture.stop()
    capture.close()
    return listener.latencies


def measure_padding(seconds: int) -> dict[str, dict[str, int]]:
    """Bytes a second of three scenes, and how many of them are padding."""
    scenes: dict[str, Callable[[FakeWorld], None]] = {
        "moving": lambda _: None,
        "still": lambda world: world.still_scene(),
        "black": lambda world: world.cover_camera(),
    }
    measured = {}
    for name, look in scenes.items():
        world, meter = FakeWorld.here(), Meter()
        look(world)
        capture, _, clock = open_capture(world, meter)
        capture.begin(0, clock.monotonic_ns())
        clock.wait(Event(), seconds)
        capture.stop()
        capture.close()
        measured[name] = {
            "bytes_per_second": meter.total // seconds,
            "padding_bytes_per_second": meter.padding // seconds,
        }
    return measured


def percentile(values: list[float], percent: int) -> float:
    """The value that ``percent`` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def spread(values: list[float]) -> dict[str, float]:
    """Median, 95th percentile and worst, rounded to 0.1."""
    return {
        "median_ms": round(statistics.median(values), 1),
        "p95_ms": round(percentile(values, 95), 1),
        "worst_ms": round(max(values), 1),
    }


def latencies(measured: list[Latency]) -> dict[str, dict[str, float]]:
    """The distributions people ask for."""
    return {
        "press to encoded": spread([(m.encoded_ns - m.pressed_ns) / 1e6 for m in measured]),
        "encoder": spread([(m.encoded_ns - m.captured_ns) / 1e6 for m in measured]),
        "press to muxed": spread([(m.muxed_ns - m.pressed_ns) / 1e6 for m in measured]),
    }


def table(title: str, rows: list[list[str]]) -> None:
    """Print rows in columns."""
    print(f"\n{title}")
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))


def report(options: argparse.Namespace) -> dict[str, Any]:
    """Measure everything and print it."""
    cpu = measure_cpu(options.runs, options.seconds)
    ffmpeg = cpu["ffmpeg -f segment"]
    rows = [["", "CPU s", "ms per recorded second", "x ffmpeg"]]
    for name, value in cpu.items():
        each = f"{value * 1_000 / options.seconds:.1f}"
        rows.append([name, f"{value:.2f}", each, f"{value / ffmpeg:.2f}"])
    table(f"CPU, {options.seconds} s of 720p25, median of {options.runs} interleaved runs", rows)
    waits = latencies(measure_presses(options.presses))
    rows = [["", "median ms", "p95 ms", "worst ms"]]
    for name, each_wait in waits.items():
        rows.append([name, *(f"{value:.1f}" for value in each_wait.values())])
    table(f"From the press, {options.presses} presses at random phase", rows)
    padding = measure_padding(20)
    rows = [["scene", "bytes/s", "of these padding"]]
    for name, sizes in padding.items():
        rows.append([name, *(f"{value:,}" for value in sizes.values())])
    table("Padding, 20 s each", rows)
    return {
        "cpu_seconds": cpu,
        "latency": waits,
        "padding": padding,
        "runs": options.runs,
        "seconds": options.seconds,
        "presses": options.presses,
    }


def main() -> None:
    """Measure, print, and write JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--presses", type=int, default=60)
    parser.add_argument("--json", type=Path, default=Path("build/bench/capture.json"))
    options = parser.parse_args()
    measured = report(options)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(measured, indent=2) + "\n", "utf-8")
    print(f"\n{options.json}")


if __name__ == "__main__":
    main()
