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

from evidence.bureau_time import BureauTime, sign_time
from evidence.canonical import JsonObject
from evidence.challenge import (
    Answer,
    Challenge,
    HeldSession,
    Holding,
    sign_answer,
    sign_challenge,
)
from evidence.digests import sha256_hex
from evidence.ids import DEVICE_LOG_NAME, JOURNAL_NAME
from evidence.moments import utc_text
from evidence.verify import Verdict, verify
from tests.kits.records import forging
from tests.kits.records.bureau import Bureau
from tests.kits.records.folders import Folder, bundle, sealed_file
from tests.kits.records.recorder import Recorder
from tests.kits.records.take import Take

FOLDER = Path(__file__).parents[2] / "vectors"
CASE = "case.json"
WORDS = "words"
"""Signed words that are no evidence: those of a docking."""
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


def by_the_rules() -> Folder:
    """An officer's session: checked before use, planned, interrupted before, told step by step."""
    recorder = Recorder(BUREAU)
    checks = [
        {"name": "battery", "state": "ok", "detail": "ok: 300 minutes", "value": 300},
        {"name": "clock", "state": "warn", "detail": "unsure: nobody set it", "value": None},
    ]
    recorder.note("preflight", {"trigger": "power_up", "checks": checks, "count": 1})
    new = {"preflight": recorder.log_head, "plan_id": "p-7", "officers": ["O-1", "O-2"]}
    recorder.note("plan", {"plan_id": "p-7", "sha256": "7" * 64, "state": "taken"})
    recorder.note("press", {"button": "mark", "gesture": "press", "at_ns": 1, "count": 2})
    before = Take(recorder, plan=False, opening={**new, "previous": None})
    before.segment(seconds=1, size=400)
    before.entry = {"counted": 2, "ended": utc_text(recorder.ticker.utc_ns), "plan_id": "p-7"}
    before.close("battery")
    link = {"sid": before.sid, "counter": 1, "reason": "battery", "seconds": 0, "same_plan": True}
    take = Take(recorder, opening={**new, "previous": link})
    _tell(take)
    take.entry = {"counted": 4, "ended": utc_text(recorder.ticker.utc_ns), "plan_id": "p-7"}
    take.close("officer")
    recorder.note("dock", {"state": "docked", "detail": ""})
    recorder.note("refusal", {"code": "custody", "detail": "", "count": 5})
    return take.folder()


def taken_up_again() -> Folder:
    """A matter ended early, said why, taken up again; sound lost where nothing tells exactly."""
    recorder = Recorder(BUREAU)
    fields = {
        "custodian": "O-1",
        "assignment": 4,
        "approval": "2026-17",
        "plan_id": "p-9",
        "officers": ["O-1", "O-2"],
        "bounds": {"begins": "questioning", "ends": "signed", "item": 13},
    }
    before = Take(recorder, opening={**fields, "previous": None})
    before.mark("begin:questioning")
    before.segment(seconds=1, size=400)
    before.mark("secret:trade")
    before.mark("stop:storage")
    before.entry = {
        "counted": 1,
        "ended": utc_text(recorder.ticker.utc_ns),
        "plan_id": "p-9",
        "ending": "stop:storage",
        "secrecy": "trade",
    }
    before.close("officer")
    link = {"sid": before.sid, "counter": 1, "reason": "officer", "seconds": 0}
    link |= {"same_plan": True, "ending": "stop:storage"}
    take = Take(recorder, opening={**fields, "previous": link})
    take.announce(verdict="verified", check="acoustic", attempt=1)
    take.mark("resume:storage")
    take.segment(seconds=2, size=700)
    lost = {"track": "audio", "from_ns": take.pts_ns, "to_ns": take.pts_ns + 31_000_000}
    take.event("gap", {**lost, "cause": "samples_vanished"})
    doubt = {"from_ns": take.pts_ns - 20_000_000, "to_ns": take.pts_ns, "within_ns": 36_000_000}
    take.event("doubt", {"track": "audio", **doubt})
    take.segment(seconds=2, size=700)
    take.mark("end:signed")
    take.entry = {
        "counted": 1,
        "ended": utc_text(recorder.ticker.utc_ns),
        "plan_id": "p-9",
        "ending": "end:signed",
        "secrecy": None,
    }
    take.close("officer")
    return take.folder()


def at_the_dock() -> tuple[Folder, Folder]:
    """A session opened after a docking, and the three words of that docking."""
    recorder = Recorder(BUREAU)
    before = Take(recorder, plan=False)
    before.segment(seconds=1, size=400)
    before.close()
    signs = (BUREAU.receipt_signer, BUREAU.receipt_certificate)
    nonce, time_nonce = "1" * 64, "2" * 64
    sent = utc_text(recorder.ticker.utc_ns)
    lines = bytes(before.content).splitlines()
    held = HeldSession(
        sid=before.sid,
        counter=1,
        records=len(lines),
        size=len(before.content),
        head=sha256_hex(lines[-1]),
    )
    holding = Holding(
        boot_id=recorder.ticker.boot_id,
        start_id=recorder.start_id,
        counter=1,
        count=0,
        held=1,
        sessions=(held,),
    )
    recorder.note("challenge", {"nonce": nonce, "sent": sent, "holding": holding.sha256()})
    answer = Answer(
        dev=recorder.device,
        nonce=nonce,
        line=bytes(recorder.log).splitlines()[-1],
        record={},
        holding=holding,
        time_nonce=time_nonce,
    )
    told = BureauTime(dev=recorder.device, nonce=time_nonce, received=sent, sent=sent)
    words = {
        "challenge.jws": sign_challenge(
            Challenge(dev=recorder.device, nonce=nonce, sent=sent), *signs
        ),
        "answer.jws": sign_answer(answer, recorder.signer, recorder.x5c),
        "time.jws": sign_time(told, *signs),
    }
    offset = {"offset_ms": -40, "round_trip_ms": 6, "error_ms": 3}
    digest = sha256_hex(words["time.jws"])
    recorder.note("time", {"nonce": time_nonce, "sha256": digest, "bureau_utc": sent, **offset})
    opening: JsonObject = {"nonce": nonce, "plan_id": None, "officers": [], "previous": None}
    take = Take(recorder, plan=False, opening=opening)
    take.announce(verdict="verified", check="acoustic")
    take.segment(seconds=1, size=400)
    take.close()
    return take.folder(), words


def _tell(take: Take) -> None:
    """What happens in that session, event by event."""
    now = take.recorder.ticker.mono_ns
    press = {"button": "record", "gesture": "press", "at_ns": now, "count": 3}
    take.write("event", {"kind": "button", "fields": press, "id": "r1:1"})
    for attempt, verdict in ((1, "unverified"), (2, "verified")):
        take.announce(verdict=verdict, check="acoustic", attempt=attempt)
        take.recorder.ticker.pass_ns(11_000_000_000)
    take.event("prompt", {"prompt": "arrival", "at_ns": take.recorder.ticker.mono_ns})
    window = {"from_ns": now, "to_ns": now + 20_000_000_000}
    take.event("statement", {"template": "fixed", **window, "voiced_ms": 9_000})
    take.event("mark", {"code": "sign", "at_ns": now})
    take.event("button", {**press, "gesture": "hold", "count": 4})
    take.event("check", {"name": "custody", "passed": False, "detail": "used by O-2"})
    take.segment(seconds=2, size=700)
    take.still(400)
    take.segment(seconds=2, size=700)


WHOLE: Mapping[str, Callable[[], Folder]] = {
    "clean": clean,
    "resumed": resumed,
    "power-cut": power_cut,
    "recorder-lost": recorder_lost,
    "still-open": still_open,
    "by-the-rules": by_the_rules,
    "taken-up-again": taken_up_again,
    "docked": lambda: at_the_dock()[0],
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
    return found | {f"{WORDS}/{name}": content for name, content in at_the_dock()[1].items()}


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
