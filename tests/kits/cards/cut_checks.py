"""What must hold of a card after a cut, before anything has been recovered.

Everything here is read from the card as it was found; what it is held against is the course: what
the vault had acknowledged by then, and what there was to record at all. Nothing is asserted: a
finding is a sentence, so that a campaign tells all of them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyrage
from cryptography import x509

from agent.errors import SettingsError
from agent.settings import Paths, load_device
from agent.vault import messages as m
from evidence import journal, receipt
from evidence.canonical import JsonObject
from evidence.errors import EvidenceError
from evidence.ids import JOURNAL_NAME, segment_name
from tests.kits.cards.cut_story import Course, Whole, copy_fixed
from tests.kits.media.films import unseal

SIGNED_NS = 2_000_000_000


@dataclass
class Acknowledged:
    """What had been acknowledged by an instant.

    Attributes:
        records: Session → how many records of its journal.
        media: Session → segment → plaintext bytes.
        closed: Sessions whose close was told.
        receipts: Session and kind of receipts that were taken.
        checks: Checks before use that were signed.
        notes: Notes of the dock.
        count: Acknowledgements, altogether.
    """

    records: dict[str, int] = field(default_factory=dict)
    media: dict[str, dict[str, int]] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    receipts: set[tuple[str, str]] = field(default_factory=set)
    checks: int = 0
    notes: int = 0
    count: int = 0


def acknowledged(course: Course, at_ns: int) -> Acknowledged:
    """Add up what the vault had said by ``at_ns``."""
    known, sid = Acknowledged(), ""
    for one in course.said:
        if one.at_ns > at_ns:
            break
        match one.message:
            case m.SessionOpened():
                sid = one.message.session.sid
                # The ``open`` record and its attest.
                known.records[sid], known.media[sid] = 2, {}
            case m.Durable():
                name = segment_name(one.message.number)
                known.media[sid][name] = one.message.plaintext_offset
                known.records[sid] = one.message.journal_i + 1
            case m.Recorded() | m.SegmentSealed():
                known.records[sid] = max(known.records[sid], one.message.journal_i + 1)
            case m.SessionClosed():
                known.closed.add(one.message.sid)
            case m.ReceiptTaken():
                known.receipts.add((one.message.sid, one.message.kind))
            case m.PreflightStored():
                known.checks += 1
            case m.Noted():
                known.notes += 1
            case _:
                continue
        known.count += 1
    return known


@dataclass(frozen=True)
class Found:
    """What one card shows after a cut.

    Attributes:
        unreadable: What cannot be read.
        lost: Acknowledged things that are not there.
        unsigned_ns: How far pictures older than the cut reach without a signed record over them;
            None where no session was open.
    """

    unreadable: list[str]
    lost: list[str]
    unsigned_ns: int | None


@dataclass(frozen=True)
class Judge:
    """Judges cards of one course.

    Attributes:
        course: What happened.
        fixed: What lies on the device since it was enrolled.
        ca: The bureau's.
        identity: The bureau's key to what was sealed.
    """

    course: Course
    fixed: dict[str, bytes]
    ca: x509.Certificate
    identity: pyrage.x25519.Identity

    def look(self, device: Path, archive: Path, at_ns: int) -> Found:
        """Look at a card.

        Args:
            device: The device folder on it.
            archive: What the bureau had of this device when the power went.
            at_ns: When it went.
        """
        paths = Paths(device, device)
        known = acknowledged(self.course, at_ns)
        log = journal.payloads(_read(paths.device_log))
        lost = [
            *self._lost_records(paths, log, known),
            *self._lost_of_log(paths, log, known),
            *_forked(paths, archive, known),
        ]
        for sid, whole in self.course.wholes.items():
            if not (paths.sessions / sid).is_dir() or _releasing(log, sid):
                expected = sid in known.closed or _releasing(log, sid)
                lost += self._gone(paths, archive, log, sid) if expected else ()
            else:
                lost += self._lost_media(paths.sessions / sid, whole, known.media.get(sid, {}))
        return Found(list(self._unreadable(paths)), lost, self._unsigned(paths, at_ns))

    def _unreadable(self, paths: Paths) -> Iterator[str]:
        try:
            load_device(paths.folder)
        except SettingsError as error:
            yield f"settings: {error}"
        now = copy_fixed(paths.folder)
        yield from (f"{name} changed" for name in self.fixed if now.get(name) != self.fixed[name])
        for path in (paths.catalog,):
            try:
                json.loads(path.read_bytes() if path.exists() else b"{}")
            except ValueError:
                yield f"{path.name} is torn"
        for path in sorted(paths.receipts.glob("*.jws")):
            try:
                receipt.read_receipt(path.read_bytes(), self.ca)
            except EvidenceError as error:
                yield f"receipt {path.name}: {error.detail}"
        for path in (paths.device_log, *paths.sessions.glob(f"*/{JOURNAL_NAME}")):
            yield from _holes(path)

    def _lost_records(
        self, paths: Paths, log: list[JsonObject], known: Acknowledged
    ) -> Iterator[str]:
        for sid, count in known.records.items():
            if _releasing(log, sid):
                continue
            held = len(journal.payloads(_read(paths.sessions / sid / JOURNAL_NAME)))
            if held < count:
                yield f"{sid}: {count} records acknowledged, {held} there"

    def _lost_of_log(
        self, paths: Paths, log: list[JsonObject], known: Acknowledged
    ) -> Iterator[str]:
        kinds = Counter(record["t"] for record in log)
        if kinds["preflight"] < known.checks:
            yield f"{known.checks} checks acknowledged, {kinds['preflight']} there"
        if kinds["dock"] < known.notes:
            yield f"{known.notes} notes acknowledged, {kinds['dock']} there"
        entered = {record["sid"] for record in log if record["t"] == "session"}
        held = {(record["sid"], record["kind"]) for record in log if record["t"] == "receipt"}
        for sid, kind in known.receipts:
            if (sid, kind) not in held or not (paths.receipts / f"{sid}.{kind}.jws").exists():
                yield f"{sid}: its {kind} receipt was acknowledged"
        for sid in known.closed:
            content = _read(paths.sessions / sid / JOURNAL_NAME)
            closed = any(record["t"] == "close" for record in journal.payloads(content))
            if not closed and sid not in entered:
                yield f"{sid}: its close was acknowledged"

    def _lost_media(self, folder: Path, whole: Whole, media: dict[str, int]) -> Iterator[str]:
        for name, offset in media.items():
            path = folder / name
            plain = unseal(path, self.identity) if path.exists() else b""
            if plain[:offset] != whole.plain[name][:offset] or len(plain) < offset:
                yield f"{folder.name}/{name}: {offset} bytes acknowledged, {len(plain)} there"

    def _gone(self, paths: Paths, archive: Path, log: list[JsonObject], sid: str) -> Iterator[str]:
        """A session that is not there any more: then a receipt says why, and the bureau has it."""
        try:
            read = receipt.read_receipt(_read(paths.receipts / f"{sid}.stored.jws"), self.ca)
        except EvidenceError as error:
            yield f"{sid}: released without a stored receipt: {error.detail}"
            return
        if read.kind != "stored" or not _releasing(log, sid):
            yield f"{sid}: gone without a release on record"
        for name, content in self.course.wholes[sid].files.items():
            if _read(archive / sid / name) != content:
                yield f"{sid}/{name}: released, and the bureau does not have it"

    def _unsigned(self, paths: Paths, at_ns: int) -> int | None:
        """How old the oldest picture is over which nothing was signed."""
        for window in self.course.windows:
            whole = self.course.wholes[window.sid]
            inside = whole.clocks[0] <= at_ns <= window.end_ns
            if window.phase != "recording" or not inside:
                continue
            records = journal.payloads(_read(paths.sessions / window.sid / JOURNAL_NAME))
            signed = max((r["last_pts_ns"] for r in records if r.get("last_pts_ns")), default=0)
            open_ = [clock for clock in whole.clocks if signed < clock <= at_ns]
            return at_ns - open_[0] if open_ else 0
        return None


def lost_media_ns(course: Course, sid: str, kept: set[int], at_ns: int) -> int:
    """How long before the cut the first picture was taken that is not there any more."""
    clocks = course.wholes[sid].clocks
    gone = [clock for clock in clocks if clock <= at_ns and clock not in kept]
    return at_ns - gone[0] if gone else 0


def _releasing(log: list[JsonObject], sid: str) -> bool:
    return any(record["t"] == "release" and record["sid"] == sid for record in log)


def _forked(paths: Paths, archive: Path, known: Acknowledged) -> Iterator[str]:
    """What the bureau has of the device log, the device has as well."""
    theirs = _read(archive / paths.device_log.name)
    ours = _read(paths.device_log)
    whole = theirs[: theirs.rfind(b"\n") + 1]
    if not ours.startswith(whole):
        yield f"the bureau has {len(whole)} bytes of the device log, the device only {len(ours)}"


def _holes(path: Path) -> Iterator[str]:
    """Only what comes after the last whole record may be torn."""
    content = _read(path)
    tail = journal.tail(content)
    records, lines = len(journal.payloads(content)), journal.split(content).complete
    torn_lines = tail.torn.count(b"\n") + bool(tail.torn and tail.ended)
    if records + torn_lines < len(lines):
        yield f"{path.name}: {len(lines) - records} lines in its middle are no records"


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""
