"""The golden sessions: made alike from fixed keys, judged alike by every later version.

``scripts/make_vectors.py`` writes them to ``tests/vectors``; a re-run gives no difference.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from evidence.canonical import JsonObject
from evidence.ids import DEVICE_LOG_NAME, JOURNAL_NAME
from evidence.verify import Verdict, verify
from tests.kits import forging
from tests.kits.folders import bundle
from tests.kits.sessions import Bureau, Folder, Recorder, Take, sealed_file

FOLDER = Path(__file__).parent.parent / "vectors"
CASE = "case.json"
CA = "ca.pem"
BUREAU = Bureau("vectors")


@dataclass(frozen=True, slots=True)
class Vector:
    """One golden session.

    Attributes:
        files: What lies in its folder.
        base: The vector that it is a change of; None for one that stands alone.
        without: Files of the base that are gone.
    """

    files: Folder
    base: str | None = None
    without: tuple[str, ...] = ()
    verdict: JsonObject = field(default_factory=dict)


def clean() -> Folder:
    take = Take(Recorder(BUREAU))
    take.announce(verdict="verified", check="acoustic")
    take.segment(seconds=2, size=900)
    take.still(400)
    take.segment(seconds=2, size=700)
    take.close()
    return take.folder()


def resumed() -> Folder:
    take = Take(Recorder(BUREAU), plan=False)
    take.announce()
    take.segment(seconds=2, size=700)
    left = take.begin(900)
    take.ticks(left, 2)
    take.crash(orphan=left[:800], torn=b"eyJhbGciOiJFUzI1NiIsImtpZCI6")
    take.segment(seconds=2, size=700)
    take.close()
    return take.folder()


def power_cut() -> Folder:
    take = Take(Recorder(BUREAU), plan=False)
    take.announce()
    left = take.begin(900)
    take.ticks(left, 2)
    take.crash(orphan=left[:700], torn=b"eyJhbGci", same_boot=False, cause="power")
    take.close("interrupted")
    return take.folder()


def recorder_lost() -> Folder:
    take = Take(Recorder(BUREAU), plan=False)
    take.announce()
    take.segment(seconds=2, size=700, ended_by="vault")
    take.gap(1_500_000_000, cause="recorder_lost")
    take.announce()
    take.segment(seconds=2, size=700)
    take.close()
    return take.folder()


def still_open() -> Folder:
    take = Take(Recorder(BUREAU), plan=False)
    take.segment(seconds=1, size=500)
    left = take.begin(900)
    take.ticks(left, 2)
    folder = take.folder(receipts=False)
    return {**folder, JOURNAL_NAME: folder[JOURNAL_NAME] + b"eyJhbG", "000001.mp4.age": left}


WHOLE: Mapping[str, Callable[[], Folder]] = {
    "clean": clean,
    "resumed": resumed,
    "power-cut": power_cut,
    "recorder-lost": recorder_lost,
    "still-open": still_open,
}


def _lines(folder: Folder, change: Callable[[list[bytes]], object]) -> Folder:
    lines = folder[JOURNAL_NAME].splitlines()
    change(lines)
    return {JOURNAL_NAME: forging.join(lines)}


def _edit(lines: list[bytes]) -> None:
    lines[4] = forging.edited(lines[4], frames=24)


def _swap(lines: list[bytes]) -> None:
    lines[3], lines[4] = lines[4], lines[3]


def tampered(base: Folder) -> dict[str, Vector]:
    """Changes of the clean session, by name."""

    def of(files: Folder, *without: str) -> Vector:
        return Vector(files, "clean", without)

    media = bytearray(base["000000.mp4.age"])
    media[500] ^= 1
    other = Take(Recorder(BUREAU, "REC-0002"), plan=False)
    other.segment(seconds=1, size=400)
    other.close()
    return {
        "field-edited": of(_lines(base, _edit)),
        "lines-swapped": of(_lines(base, _swap)),
        "line-dropped": of(_lines(base, lambda lines: lines.pop(3))),
        "end-cut-off": of(_lines(base, lambda lines: lines.__delitem__(slice(-4, None)))),
        "file-altered": of({"000000.mp4.age": bytes(media)}),
        "file-truncated": of({"000000.mp4.age": bytes(media[:400])}),
        "file-missing": of({}, "000001.mp4.age"),
        "file-added": of({"000002.mp4.age": sealed_file("added", 400)}),
        "foreign-receipt": of({"receipt-stored.jws": other.folder()["receipt-stored.jws"]}),
        "foreign-log": of({DEVICE_LOG_NAME: other.folder()[DEVICE_LOG_NAME]}),
        "no-witnesses": of({}, DEVICE_LOG_NAME, "receipt-committed.jws", "receipt-stored.jws"),
    }


def make() -> dict[str, Vector]:
    """All golden sessions, with their verdicts of today."""
    made = {name: Vector(build()) for name, build in WHOLE.items()}
    made |= tampered(made["clean"].files)
    return {
        name: Vector(one.files, one.base, one.without, expectation(judged(folder_of(name, made))))
        for name, one in made.items()
    }


def folder_of(name: str, vectors: Mapping[str, Vector]) -> Folder:
    """The whole evidence folder of one vector."""
    one = vectors[name]
    below = vectors[one.base].files if one.base is not None else {}
    return {n: c for n, c in below.items() if n not in one.without} | one.files


def judged(folder: Folder) -> Verdict:
    return verify(bundle(folder), BUREAU.ca)


def expectation(verdict: Verdict) -> JsonObject:
    """What every later version has to say as well: all but the words."""
    said = verdict.to_json()
    for finding in said["findings"]:
        del finding["meaning"], finding["detail"], finding["session"]
    return said


def files(vectors: Mapping[str, Vector]) -> dict[str, bytes]:
    """Every file of ``tests/vectors`` by its path there."""
    found = {CA: BUREAU.ca.public_bytes(Encoding.PEM)}
    for name, one in vectors.items():
        case: dict[str, Any] = {"base": one.base, "without": one.without, "verdict": one.verdict}
        text = json.dumps(case, indent=1, ensure_ascii=False) + "\n"
        found[f"{name}/{CASE}"] = text.encode()
        found |= {f"{name}/{file}": content for file, content in one.files.items()}
    return found


def read(folder: Path = FOLDER) -> dict[str, Vector]:
    """The golden sessions as they are kept."""
    kept = {}
    for path in sorted(folder.glob(f"*/{CASE}")):
        case = json.loads(path.read_text())
        contents = {p.name: p.read_bytes() for p in path.parent.iterdir() if p.name != CASE}
        kept[path.parent.name] = Vector(
            contents, case["base"], tuple(case["without"]), case["verdict"]
        )
    return kept
