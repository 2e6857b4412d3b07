"""How long a delivery of recorders takes a clerk's machine: list, keys, certificates, papers.

    python -m scripts.bench.provisioning [--devices 200] [--runs 3] [--json FILE]

Each run founds a bureau and carries out one list as ``provision enrol --csv`` does: people,
approvals, claims and seeds; then every device really makes its keys and its request, the desk
judges it and issues its certificates; then the same list again assigns all of them and prints
labels and forms; then once more, to see that nothing changes. The devices' own part (keys and
requests) is told apart: in life each does it by itself. Medians over the runs.
"""

from __future__ import annotations

import argparse
import csv
import json
import platform
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from agent.enrolment.enrol import Recorder
from evidence.enrolment import digits_of
from hw.fake.clock import SystemClock
from provisioning.authority.founding import init_bureau
from provisioning.authority.wishes import Founding
from provisioning.custody.lines import Role
from provisioning.custody.moves.people import AddPerson
from provisioning.custody.register import change
from provisioning.enrolment.admission import Admission
from provisioning.enrolment.batch import Batch, carry_out_list
from provisioning.enrolment.claiming import SEED_NAME
from provisioning.enrolment.lists import COLUMNS
from provisioning.enrolment.papers import print_papers
from provisioning.plan import StepState
from scripts.bench.capture import table

PEOPLE = (("H-1", "赵敏", Role.HEAD), ("K-1", "王五", Role.KEEPER))
CLOCK = SystemClock().utc_ns


@dataclass(slots=True)
class Stages:
    """Seconds by stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Time one stage."""
        begun = perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - begun


def found(folder: Path) -> Path:
    """A bureau with a head and a keeper."""
    bureau = folder / "bureau"
    init_bureau(bureau, Founding(name="某县统计局"), clock=CLOCK)
    people = [
        AddPerson(id=number, name=name, certificate=None, department="法制科", role=role)
        for number, name, role in PEOPLE
    ]
    change(bureau, people, clock=CLOCK)
    return bureau


def write_list(path: Path, devices: int) -> None:
    """As many rows, saved as a spreadsheet in China saves them."""
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number in range(1, devices + 1):
            device = f"ZF-{number:04d}"
            officer = (f"执法员{number}", f"豫{10_000 + number}")
            approval = ("赵敏", "统批2026-1号", "2026-01-05")
            writer.writerow((device, "DSJ-A7", f"SN{number:06d}", "执法队", *officer, *approval))


def run_once(folder: Path, devices: int) -> dict[str, float]:
    """One delivery; seconds by stage."""
    stages = Stages()
    with stages.timed("found"):
        bureau = found(folder)
    batch = Batch(path=folder / "devices.csv", seeds=folder / "seeds")
    write_list(batch.path, devices)
    with stages.timed("list"):
        listed = carry_out_list(bureau, batch, clock=CLOCK).devices
    admission = Admission(bureau, CLOCK)
    for device in listed:
        enrol(admission, folder, device, stages)
    handing = Batch(path=batch.path, seeds=batch.seeds, keeper="K-1", leader="H-1")
    with stages.timed("assign"):
        carry_out_list(bureau, handing, clock=CLOCK)
    with stages.timed("papers"):
        print_papers(bureau, listed, folder / "papers")
    with stages.timed("again"):
        again = carry_out_list(bureau, handing, clock=CLOCK).report.outcomes
        again += print_papers(bureau, listed, folder / "papers")
    assert all(one.state is StepState.UNCHANGED for one in again), "a second run changed something"
    assert len(list((folder / "papers").glob("PF*.html"))) == devices
    desk = ("list", "admit", "assign", "papers")
    return {**stages.seconds, "desk": sum(stages.seconds[name] for name in desk)}


def enrol(admission: Admission, folder: Path, device: str, stages: Stages) -> None:
    """One device asks and takes its answer."""
    seed = folder / "seeds" / device
    with stages.timed("devices"):
        serial = f"SN{int(device.removeprefix('ZF-')):06d}"
        recorder = Recorder.at(folder / "devices" / device, seed, serial)
        stick = folder / "stick" / device
        shown: list[str] = []
        recorder.onto_stick(stick, shown.append)
    with stages.timed("admit"):
        request = (stick / f"{device}.request.jws").read_bytes()
        assert (seed / SEED_NAME).is_file()
        ca = recorder.seed.authority()
        assert digits_of(request, ca) == shown[0]
        admission.judge(request)
        admission.admit(request)


def main() -> None:
    """Run it and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--devices", type=int, default=200)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", type=Path)
    wish = parser.parse_args()
    runs = []
    for _ in range(wish.runs):
        with tempfile.TemporaryDirectory(prefix="provisioning-") as folder:
            runs.append(run_once(Path(folder), wish.devices))
    medians = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    rows = [[name, f"{seconds:.2f}"] for name, seconds in medians.items()]
    table(f"seconds for {wish.devices} devices", rows)
    if wish.json is not None:
        facts = {"machine": platform.machine(), "devices": wish.devices, "runs": runs}
        wish.json.write_text(json.dumps(facts, indent=1))


if __name__ == "__main__":
    main()
