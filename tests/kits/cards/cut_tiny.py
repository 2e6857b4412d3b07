"""The same records in a TinyDB: what its own storage and the catalog's make of the same cuts."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from tinydb import TinyDB
from tinydb.storages import JSONStorage, Storage

from agent.vault.store.catalog import AtomicStorage
from hw.fake.clock import boottime_ns
from tests.kits.cards.card import CLEAN, ROOT, Card, check, read_out
from tests.kits.cards.cut_story import Course
from tests.kits.cards.log import Cache, Replay

STORAGES: dict[str, type[Storage]] = {"default": JSONStorage, "atomic": AtomicStorage}
_NAME = "records.json"
_LONGEST_PAUSE_NS = 1_000_000_000


@dataclass(frozen=True)
class Kept:
    """What became of one kind of TinyDB.

    Attributes:
        cuts: How many.
        unreadable: After how many of them the file could not be read.
        losing: After how many of them a record was gone whose ``insert`` had returned.
        lost: Such records, altogether.
        acknowledged: Records held against the cards, altogether.
        records: Records that were written.
        bytes_written: What the medium was given for them.
    """

    cuts: int
    unreadable: int
    losing: int
    lost: int
    acknowledged: int
    records: int
    bytes_written: int


def paced(course: Course) -> list[tuple[int, dict[str, object]]]:
    """Every record of the course that was signed, and how long after the one before it, ns.

    Long pauses, in which nothing is written, are shortened.
    """
    records = sorted(
        (json.loads(line) for line in course.lines), key=lambda record: int(record["mono_ns"])
    )
    before, found = 0, []
    for record in records:
        pause_ns = int(record["mono_ns"]) - before if before else 0
        before = int(record["mono_ns"])
        found.append((min(pause_ns, _LONGEST_PAUSE_NS), record))
    return found


def compare(course: Course, scratch: Path, cuts: int, dice: random.Random) -> dict[str, Kept]:
    """Write the records of ``course`` into both kinds, each on a card of its own, and cut.

    Both are cut at the same fractions of their course, the cache doing the same.
    """
    work = scratch / "records.jsonl"
    work.write_text("".join(json.dumps(one) + "\n" for one in paced(course)))
    cards = {name: Card(name, scratch, scratch / name, mib=128) for name in STORAGES}
    with ExitStack() as stack:
        for card in cards.values():
            stack.enter_context(card)
        writers = [
            subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "tests.kits.cards.cut_tiny",
                    name,
                    str(card.mount),
                    str(work),
                ],
                cwd=ROOT,
            )
            for name, card in cards.items()
        ]
        assert [writer.wait() for writer in writers] == [0, 0]
    fractions = sorted((dice.random(), dice.choice(list(Cache))) for _ in range(cuts))
    return {name: _cut(card, scratch, fractions, dice) for name, card in cards.items()}


def _cut(
    card: Card, scratch: Path, fractions: Sequence[tuple[float, Cache]], dice: random.Random
) -> Kept:
    said = [int(line) for line in _acknowledgements(card.mount).read_text().splitlines()]
    replay = Replay(card.base, card.log, scratch)
    begin_ns, end_ns = said[0], said[-1]
    lost, unreadable, losing, total = 0, 0, 0, 0
    found = scratch / "found.json"
    for fraction, cache in fractions:
        at_ns = begin_ns + int(fraction * (end_ns - begin_ns))
        image = scratch / f"tiny.{at_ns}"
        replay.lay(at_ns, image, cache, dice)
        assert check(image) in CLEAN
        held = _read(found) if read_out(image, _NAME, found) else None
        image.unlink()
        acknowledged = sum(one <= at_ns for one in said)
        gone = acknowledged - len([n for n in held or () if n < acknowledged])
        unreadable += held is None
        losing += gone > 0
        lost += gone
        total += acknowledged
    written = replay.bytes_written
    replay.close()
    return Kept(len(fractions), unreadable, losing, lost, total, len(said), written)


def _read(path: Path) -> set[int] | None:
    """The numbers of the records that are there; None where TinyDB cannot read the file."""
    try:
        with TinyDB(path, access_mode="r") as database:
            return {document["number"] for document in database.all()}
    except (ValueError, OSError, TypeError, AttributeError):
        return None


def _acknowledgements(mount: Path) -> Path:
    return mount.with_name(f"{mount.name}.said")


def write(name: str, mount: Path, work: Path) -> None:
    """Insert every record at its pace; note when each ``insert`` returned."""
    assert mount.is_mount()
    with (
        TinyDB(mount / _NAME, storage=STORAGES[name]) as database,
        _acknowledgements(mount).open("w") as said,
    ):
        for number, line in enumerate(work.read_text().splitlines()):
            pause_ns, record = json.loads(line)
            Event().wait(pause_ns / 1_000_000_000)
            database.insert({"number": number, "record": record})
            said.write(f"{boottime_ns()}\n")


if __name__ == "__main__":
    write(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
