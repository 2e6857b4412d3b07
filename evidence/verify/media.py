"""Segments, ticks and stills: what the records say of the media, added up.

Owns numbers, counts, presentation times and the Merkle root. Refuses bytes: what the files hold is
for ``files``. Presentation times are CLOCK_BOOTTIME; ``last_pts_ns`` is the end of the last frame.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from evidence import digests, ids
from evidence.canonical import JsonObject
from evidence.digests import CHUNK_BYTES, FileFacts
from evidence.ids import JOURNAL_NAME
from evidence.verify.chain import Link
from evidence.verify.findings import Findings


@dataclass(frozen=True, slots=True)
class TickMark:
    """How far a file had come at one tick: its length, the digest up to there, and when."""

    length: int
    sha256: str
    frames: int
    samples: int
    record: int
    second: int | None


@dataclass(slots=True)
class Claim:
    """What the journal says of one file.

    Attributes:
        name: The file.
        facts: Size and digests; None while only ticks name it.
        record: The record that gave them.
        second: When.
        finished: Whether it was sealed whole: an orphan was not.
        ticks: How it grew.
    """

    name: str
    facts: FileFacts | None = None
    record: int | None = None
    second: int | None = None
    finished: bool = True
    ticks: list[TickMark] = field(default_factory=list)


@dataclass(slots=True)
class Totals:
    """Sums over the ``seg`` records."""

    segments: int = 0
    size: int = 0
    frames: int = 0
    samples: int = 0
    duration_ns: int = 0


class Media:
    """Adds up what a session's records say of its files.

    Args:
        findings: Takes what is found.
    """

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self.claims: dict[str, Claim] = {}
        self.totals = Totals()
        self.whole = True
        self.next_number: int | None = 0
        self.close: JsonObject | None = None
        self._leaves: list[bytes] = []

    def hole(self) -> None:
        """A line that is missing or cannot be trusted: it may have been any record."""
        self.whole = False
        self.next_number = None

    def plan(self, fields: JsonObject, link: Link) -> None:
        """The session plan named by ``open``."""
        self._name(fields, link, 0)

    def still(self, fields: JsonObject, link: Link, second: int | None) -> None:
        """A photo."""
        self._name(fields, link, second)

    def tick(self, payload: JsonObject, link: Link, second: int | None) -> None:
        """How far the open segment has come."""
        name = payload["file"]
        claim = self.claims.setdefault(name, Claim(name))
        mark = TickMark(
            payload["length"],
            payload["sha256"],
            payload["frames"],
            payload["samples"],
            link.number,
            second,
        )
        if claim.facts is not None or not self._is_next(name):
            self._add("tick_order", f"{name} is not the open segment", link)
            return
        if claim.ticks and _goes_back(claim.ticks[-1], mark):
            self._add("tick_order", f"{name} had come further before", link)
            return
        claim.ticks.append(mark)

    def open_ticks(self) -> list[TickMark]:
        """Ticks of the segment that is open."""
        if self.next_number is None:
            return []
        claim = self.claims.get(ids.segment_name(self.next_number))
        return claim.ticks if claim is not None else []

    def segment(self, payload: JsonObject, link: Link, second: int | None) -> None:
        """A segment that was sealed."""
        number, name = payload["number"], payload["file"]
        ticks = self.claims[name].ticks if name in self.claims else []
        if name != ids.segment_name(number) or not self._is_next(name):
            self._add("segment_order", f"{name}, number {number}", link)
        elif (
            _is_less_than_ticked(payload, ticks) or payload["first_pts_ns"] > payload["last_pts_ns"]
        ):
            self._add("segment_order", f"{name} holds less than its ticks say", link)
        self._name(payload, link, second)
        self.next_number = number + 1
        self.totals.segments += 1
        self.totals.size += payload["size"]
        self.totals.frames += payload["frames"]
        self.totals.samples += payload["samples"]
        self._leaves.append(digests.merkle_leaf(link.raw))
        self._note_losses(payload, link, second)

    def orphans(self, payload: JsonObject, link: Link, second: int | None) -> None:
        """The files that a crash left unfinished."""
        for fields in payload["orphans"]:
            self._orphan(fields, link, second)
        open_name = None if self.next_number is None else ids.segment_name(self.next_number)
        if open_name in self.claims:
            self._add("resume_mismatch", f"{open_name} is not among its orphans", link)
            self.next_number = None

    def end(self, payload: JsonObject, link: Link, counter: int | None) -> None:
        """The ``close`` record: it has to add up."""
        self.close = payload
        said = {name: payload[name] for name in ("segments", "size", "root", "counter")}
        is_ = {
            "segments": self.totals.segments,
            "size": self.totals.size,
            "root": self.root(),
            "counter": counter,
        }
        if not self.whole:
            is_ = {"counter": counter}
        odd = [name for name, value in is_.items() if value is not None and said[name] != value]
        if self.open_ticks():
            odd.append("a segment that was left open")
        if odd:
            self._add("close_mismatch", ", ".join(odd), link)

    def root(self) -> str:
        """Merkle root over the ``seg`` lines so far."""
        return digests.merkle_root(self._leaves)

    def _orphan(self, fields: JsonObject, link: Link, second: int | None) -> None:
        name = fields["file"]
        claim = self.claims.get(name)
        ticks = claim.ticks if claim is not None else []
        last = ticks[-1] if ticks else None
        covered = (last.length, last.record) if last is not None else (0, None)
        if self.whole and covered != (fields["covered_bytes"], fields["covered_i"]):
            self._add("resume_mismatch", f"the ticks of {name} cover {covered[0]} bytes", link)
        elif fields["size"] < fields["covered_bytes"]:
            self._add("resume_mismatch", f"{name} is shorter than its ticks", link)
        if name.endswith(".mp4.age"):
            if not self._is_next(name):
                self._add("segment_order", f"{name} is left over, out of its order", link)
            self.next_number = int(name[:6]) + 1
        self._name(fields, link, second, finished=False)
        self._add("orphan", f"{name}, {fields['size']} bytes", link, file=name, second=second)

    def _name(
        self, fields: JsonObject, link: Link, second: int | None, *, finished: bool = True
    ) -> None:
        name = fields["file"]
        facts = FileFacts(fields["size"], fields["sha256"], tuple(fields["chunks"]))
        claim = self.claims.setdefault(name, Claim(name))
        if claim.facts is not None:
            self._add("digest_conflict", f"{name} is named by two records", link, file=name)
            return
        if len(facts.chunks) != -(-facts.size // CHUNK_BYTES):
            self._add("digest_conflict", f"{name} has another number of chunks", link, file=name)
        claim.facts, claim.record, claim.second = facts, link.number, second
        claim.finished = finished

    def _note_losses(self, payload: JsonObject, link: Link, second: int | None) -> None:
        name = payload["file"]
        if payload["dropped"]:
            detail = f"{payload['dropped']} frames"
            self._add("frames_dropped", detail, link, file=name, second=second)
        if payload["ended_by"] == "vault":
            self._add("segment_cut", "", link, file=name, second=second)

    def _is_next(self, name: str) -> bool:
        return self.next_number is None or name == ids.segment_name(self.next_number)

    def _add(
        self,
        code: str,
        detail: str,
        link: Link,
        *,
        file: str = JOURNAL_NAME,
        second: int | None = None,
    ) -> None:
        self._findings.add(code, detail, record=link.number, file=file, second=second)


def _goes_back(before: TickMark, now: TickMark) -> bool:
    return now.length < before.length or now.frames < before.frames or now.samples < before.samples


def _is_less_than_ticked(payload: JsonObject, ticks: list[TickMark]) -> bool:
    if not ticks:
        return False
    last = ticks[-1]
    reached = {"size": last.length, "frames": last.frames, "samples": last.samples}
    return any(payload[name] < least for name, least in reached.items())
