"""Every write and flush that a medium was given, in order, and what a cut of the power leaves.

``card_server`` writes the log, one entry per request; ``Replay`` lays an image as it may be found
after a cut at any instant: all that was written before the last flush that was answered, and of
what came after it anything: nothing, everything, or any pages in any order, since a card's cache
keeps no order. The write that was under way is torn at a sector.
"""

from __future__ import annotations

import os
import random
import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO

SECTOR = 512
PAGE = 4_096
_PIECE = 1 << 20
_HEAD = struct.Struct("<QQQI")
_FLUSH = (1 << 64) - 1


@dataclass(frozen=True)
class Entry:
    """One request.

    Attributes:
        begun_ns: CLOCK_BOOTTIME at which the medium had it.
        done_ns: CLOCK_BOOTTIME at which the medium was about to answer it.
        offset: Where it writes; None for a flush.
        length: Bytes.
        at: Where the bytes stand in the log.
    """

    begun_ns: int
    done_ns: int
    offset: int | None
    length: int
    at: int


class LogWriter:
    """Appends entries to a log on another medium."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=1 << 20)

    def write(self, begun_ns: int, done_ns: int, offset: int, content: bytes | memoryview) -> None:
        """A write was taken."""
        self._file.write(_HEAD.pack(begun_ns, done_ns, offset, len(content)))
        self._file.write(content)

    def flush(self, begun_ns: int, done_ns: int) -> None:
        """A flush is answered."""
        self._file.write(_HEAD.pack(begun_ns, done_ns, _FLUSH, 0))

    def close(self) -> None:
        """Hand the rest to the kernel."""
        self._file.close()


def read_log(path: Path) -> Iterator[Entry]:
    """The entries of a finished log, in order."""
    end = path.stat().st_size
    with path.open("rb") as file:
        at = 0
        while at + _HEAD.size <= end:
            file.seek(at)
            begun, done, offset, length = _HEAD.unpack(file.read(_HEAD.size))
            at += _HEAD.size
            yield Entry(begun, done, None if offset == _FLUSH else offset, length, at)
            at += length


class Cache(StrEnum):
    """What a card's cache does with what was not flushed when the power goes."""

    LOST = "lost"
    KEPT = "kept"
    MIXED = "mixed"


@dataclass(frozen=True)
class Left:
    """What a cut left.

    Attributes:
        volatile: Writes that no answered flush covered.
        dropped_bytes: Bytes of them that are gone.
    """

    volatile: int
    dropped_bytes: int


class Replay:
    """Lays images of one medium; ask for instants in rising order.

    Args:
        base: The image before the first entry.
        log: The finished log.
        scratch: A folder for the image that holds what is surely on the medium.
    """

    def __init__(self, base: Path, log: Path, scratch: Path) -> None:
        self.entries = list(read_log(log))
        self._log = log.open("rb")
        self._sure = scratch / f"{log.name}.sure"
        _copy_sparse(base, self._sure)
        self._applied = 0
        self._done = [entry.done_ns for entry in self.entries]

    @property
    def bytes_written(self) -> int:
        """All that the medium was given."""
        return sum(entry.length for entry in self.entries)

    def lay(self, at_ns: int, target: Path, cache: Cache, dice: random.Random) -> Left:
        """Make ``target`` the image after a cut at ``at_ns``."""
        answered = bisect_right(self._done, at_ns)
        flushed = max(
            (i for i in range(self._applied, answered) if self.entries[i].offset is None),
            default=self._applied - 1,
        )
        with self._sure.open("r+b") as image:
            for entry in self.entries[self._applied : flushed + 1]:
                self._put(image, entry)
        self._applied = max(self._applied, flushed + 1)
        _copy_sparse(self._sure, target)
        pending = [e for e in self.entries[self._applied : answered] if e.offset is not None]
        with target.open("r+b") as image:
            dropped = sum(self._put_some(image, entry, cache, dice) for entry in pending)
            if answered < len(self.entries) and self.entries[answered].begun_ns <= at_ns:
                dropped += self._tear(image, self.entries[answered], dice)
        return Left(len(pending), dropped)

    def close(self) -> None:
        """Let go of the log and of the image of what is sure."""
        self._log.close()
        self._sure.unlink(missing_ok=True)

    def _content(self, entry: Entry) -> bytes:
        self._log.seek(entry.at)
        return self._log.read(entry.length)

    def _put(self, image: IO[bytes], entry: Entry) -> None:
        if entry.offset is not None:
            image.seek(entry.offset)
            image.write(self._content(entry))

    def _put_some(self, image: IO[bytes], entry: Entry, cache: Cache, dice: random.Random) -> int:
        """Put what the cache kept of a write; returns the bytes that are gone."""
        if cache is Cache.KEPT:
            self._put(image, entry)
            return 0
        if cache is Cache.LOST or entry.offset is None:
            return entry.length
        content, gone = self._content(entry), 0
        for begin in range(0, len(content), PAGE):
            page = content[begin : begin + PAGE]
            if dice.random() < 0.5:
                gone += len(page)
                continue
            image.seek(entry.offset + begin)
            image.write(page)
        return gone

    def _tear(self, image: IO[bytes], entry: Entry, dice: random.Random) -> int:
        """The write under way: so many of its sectors are there."""
        if entry.offset is None:
            return 0
        kept = dice.randrange(entry.length // SECTOR + 1) * SECTOR
        image.seek(entry.offset)
        image.write(self._content(entry)[:kept])
        return entry.length - kept


def _copy_sparse(source: Path, target: Path) -> None:
    """Copy only what is there; a hole stays one."""
    with source.open("rb") as read, target.open("wb") as write:
        size = os.fstat(read.fileno()).st_size
        write.truncate(size)
        at = 0
        while at < size:
            try:
                begin = os.lseek(read.fileno(), at, os.SEEK_DATA)
            except OSError:
                return  # nothing but a hole is left
            at = os.lseek(read.fileno(), begin, os.SEEK_HOLE)
            read.seek(begin)
            write.seek(begin)
            for piece in _pieces(at - begin):
                write.write(read.read(piece))


def _pieces(length: int) -> Iterator[int]:
    """Sizes that add up to ``length``."""
    while length > 0:
        yield min(length, _PIECE)
        length -= _PIECE
