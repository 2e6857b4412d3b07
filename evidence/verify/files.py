"""The bytes of each file against what the journal says of them.

Owns reading every file once, from front to back, and telling what was changed to the chunk and, by
the ticks, to the second. Refuses to read further than was signed: a file's length is believed to
nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from evidence import ids
from evidence.digests import CHUNK_BYTES, FileFacts
from evidence.verify.bundle import Files
from evidence.verify.findings import Findings
from evidence.verify.media import Claim, Media, TickMark
from evidence.verify.sealed import HEADER_BYTES, why_not_sealed


@dataclass(slots=True)
class _Reading:
    """What was seen of one file up to a length."""

    size: int
    sha256: str
    chunks: list[str]
    start: bytes
    odd_tick: TickMark | None
    last_good: TickMark | None


class FileCheck:
    """Checks the files of one session.

    Args:
        files: Where they are.
        media: What the journal says of them.
        findings: Takes what is found.
        closed: Whether the journal has its close record.
        doubtful: Whether lines are damaged, missing or cut off that may have named more files.
    """

    def __init__(
        self,
        files: Files,
        media: Media,
        findings: Findings,
        *,
        closed: bool,
        doubtful: bool,
    ) -> None:
        self._files = files
        self._media = media
        self._findings = findings
        self._closed = closed
        self._doubtful = doubtful
        self.bytes = 0

    def run(self) -> None:
        """Check every file that is signed, and name every one that is not."""
        present = set(self._files.names())
        for claim in self._media.claims.values():
            if claim.name in present:
                self._check(claim)
            else:
                self._findings.add(
                    "missing_file", file=claim.name, record=claim.record, second=claim.second
                )
        for name in sorted(present - self._media.claims.keys()):
            self._unnamed(name)

    def _check(self, claim: Claim) -> None:
        try:
            size = self._files.size(claim.name)
            wanted = claim.facts.size if claim.facts is not None else _ticked(claim)
            reading = self._read(claim, min(size, wanted))
        except OSError as error:
            self._findings.add("unreadable_file", str(error), file=claim.name, record=claim.record)
            return
        self.bytes += reading.size
        if claim.facts is None:
            self._judge_open(claim, reading)
        elif self._judge(claim, claim.facts, reading, size):
            self._judge_seal(claim, reading)

    def _read(self, claim: Claim, length: int) -> _Reading:
        whole, chunk = hashlib.sha256(), hashlib.sha256()
        reading = _Reading(0, "", [], b"", None, None)
        marks = (tick for tick in claim.ticks if tick.length)
        mark = next(marks, None)
        for piece in _cut(self._files.read(claim.name), length, claim.ticks):
            whole.update(piece)
            chunk.update(piece)
            reading.size += len(piece)
            if len(reading.start) < HEADER_BYTES:
                reading.start += bytes(piece[: HEADER_BYTES - len(reading.start)])
            if reading.size % CHUNK_BYTES == 0:
                reading.chunks.append(chunk.hexdigest())
                chunk = hashlib.sha256()
            while mark is not None and mark.length <= reading.size:
                self._compare(reading, mark, whole.hexdigest())
                mark = next(marks, None)
        if reading.size % CHUNK_BYTES:
            reading.chunks.append(chunk.hexdigest())
        reading.sha256 = whole.hexdigest()
        if mark is not None and reading.odd_tick is None:
            reading.odd_tick = mark
        return reading

    def _compare(self, reading: _Reading, mark: TickMark, sha256: str) -> None:
        if reading.odd_tick is not None:
            return
        if mark.length == reading.size and mark.sha256 == sha256:
            reading.last_good = mark
        else:
            reading.odd_tick = mark

    def _judge(self, claim: Claim, facts: FileFacts, reading: _Reading, size: int) -> bool:
        """Compare with the signed digests; True where they hold."""
        if reading.sha256 == facts.sha256 and reading.size == facts.size:
            if size > facts.size:
                self._add("file_extended", claim, f"{size - facts.size} bytes too many")
            elif tuple(reading.chunks) != facts.chunks or reading.odd_tick is not None:
                self._conflict(claim, facts, reading)
            return size == facts.size
        same = _same_chunks(reading.chunks, facts.chunks)
        if size < facts.size and same >= size // CHUNK_BYTES and _ticks_hold(reading):
            detail = f"{size} of {facts.size} bytes"
            self._add("file_truncated", claim, detail, _second(claim, reading, size))
            return False
        detail = f"first in chunk {same}, {_range(reading, claim)}"
        self._add("file_altered", claim, detail, _second(claim, reading, same * CHUNK_BYTES))
        return False

    def _conflict(self, claim: Claim, facts: FileFacts, reading: _Reading) -> None:
        """The file is what was signed as a whole; another signed digest of it says otherwise."""
        if reading.odd_tick is not None:
            detail = f"the tick at {reading.odd_tick.length} bytes"
            self._findings.add(
                "digest_conflict",
                detail,
                record=reading.odd_tick.record,
                file=claim.name,
                second=reading.odd_tick.second,
            )
        else:
            chunk = _same_chunks(reading.chunks, facts.chunks)
            self._add("digest_conflict", claim, f"chunk {chunk}")

    def _judge_open(self, claim: Claim, reading: _Reading) -> None:
        """A file that only ticks name: the journal ends, or is damaged, before its ``seg``."""
        odd = reading.odd_tick
        if odd is None:
            code = "unjudged_file" if self._doubtful or self._closed else "open_segment"
            last = claim.ticks[-1] if claim.ticks else None
            second = None if last is None else last.second
            self._add(code, claim, f"signed up to byte {reading.size}", second)
        elif reading.size < odd.length:
            detail = f"{reading.size} of {odd.length} bytes"
            self._add("file_truncated", claim, detail, odd.second)
        else:
            self._add("file_altered", claim, _range(reading, claim), odd.second)

    def _judge_seal(self, claim: Claim, reading: _Reading) -> None:
        # A crash may have come before the header was whole.
        if not claim.finished and reading.size < HEADER_BYTES:
            return
        why = why_not_sealed(reading.start)
        if why is not None:
            self._add("not_sealed", claim, why)

    def _unnamed(self, name: str) -> None:
        if not ids.is_content_name(name):
            self._findings.add("stray_file", repr(name[:80]))
        elif self._doubtful:
            self._findings.add("unjudged_file", file=name)
        elif not self._closed and self._may_be_open(name):
            self._findings.add("open_segment", "no tick signs any of it yet", file=name)
        else:
            self._findings.add("unsigned_file", file=name)

    def _may_be_open(self, name: str) -> bool:
        number = self._media.next_number
        return number is None or name == ids.segment_name(number) or name.endswith(".jpg.age")

    def _add(self, code: str, claim: Claim, detail: str, second: int | None = None) -> None:
        self._findings.add(
            code,
            detail,
            record=claim.record,
            file=claim.name,
            second=claim.second if second is None else second,
        )


def _ticked(claim: Claim) -> int:
    return claim.ticks[-1].length if claim.ticks else 0


def _cut(pieces: Iterable[bytes], length: int, ticks: list[TickMark]) -> Iterator[memoryview]:
    """The first ``length`` bytes, cut at chunk borders and at the lengths of ticks."""
    borders = sorted({tick.length for tick in ticks if tick.length < length})
    borders.append(length)
    position, index = 0, 0
    for piece in pieces:
        view = memoryview(piece)
        while view.nbytes and position < length:
            while borders[index] <= position:
                index += 1
            stop = min(borders[index], (position // CHUNK_BYTES + 1) * CHUNK_BYTES)
            part = view[: stop - position]
            yield part
            position += len(part)
            view = view[len(part) :]
        if position >= length:
            return


def _same_chunks(have: list[str], named: tuple[str, ...]) -> int:
    """How many chunks from the front are as signed."""
    same = 0
    for mine, theirs in zip(have, named, strict=False):
        if mine != theirs:
            break
        same += 1
    return same


def _ticks_hold(reading: _Reading) -> bool:
    """Whether every tick that the file reaches is right."""
    return reading.odd_tick is None or reading.odd_tick.length > reading.size


def _second(claim: Claim, reading: _Reading, offset: int) -> int | None:
    """When the first changed byte was written: the first tick that no longer fits tells it."""
    if reading.odd_tick is not None:
        return reading.odd_tick.second
    later = (tick.second for tick in claim.ticks if tick.length > offset)
    return claim.second if reading.last_good is not None else next(later, claim.second)


def _range(reading: _Reading, claim: Claim) -> str:
    start = reading.last_good.length if reading.last_good is not None else 0
    end = reading.odd_tick.length if reading.odd_tick is not None else None
    if end is None and claim.facts is not None:
        end = claim.facts.size
    return f"between bytes {start} and {end}"
