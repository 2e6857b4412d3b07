"""Files that are arriving, chunk by chunk.

Owns ``partial/<dev>/``: one file per transfer under its fid, and one append-only index per session
that says which chunks are on the disk. Refuses trust: a chunk is written only when it is the one
that the verified journal names at its offset, it counts only after it and its index line have been
synced, and a whole file counts only after it has been read back.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bureau.errors import RefusedError
from evidence.digests import CHUNK_BYTES, FileFacts, file_id, sha256_hex
from evidence.store.durable import AppendFile, PositionedFile, make_folder

MOST_OPEN: Final = 64
ARCHIVED_MODE: Final = 0o440

_INDEX_LINE = re.compile(rb"([0-9a-f]{32}) (0|[1-9][0-9]{0,15})( withdrawn)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The file that a transfer brings, as a verified line names it.

    Attributes:
        device: Whose.
        sid: Of which session.
        name: Its name there.
        facts: Its size and digests.
    """

    device: str
    sid: str
    name: str
    facts: FileFacts

    @property
    def fid(self) -> str:
        """The transfer's id."""
        return file_id(self.device, self.facts.sha256)

    def length_at(self, offset: int) -> int:
        """Bytes of the chunk at ``offset``.

        Raises:
            RefusedError: The file has no chunk there.
        """
        if offset % CHUNK_BYTES or offset >= self.facts.size:
            raise RefusedError(f"{self.name} has no chunk at {offset}")
        return min(CHUNK_BYTES, self.facts.size - offset)

    def sha256_at(self, offset: int) -> str:
        """Digest of the chunk at ``offset``, as the verified line names it."""
        return self.facts.chunks[offset // CHUNK_BYTES]

    def check(self) -> None:
        """Refuse a line whose size and chunk count do not fit.

        Raises:
            RefusedError: They do not.
        """
        if len(self.facts.chunks) != -(-self.facts.size // CHUNK_BYTES):
            raise RefusedError(f"{self.name}: {self.facts.size} bytes are not that many chunks")


class SessionIndex:
    """Which chunks of one session's files are on the disk: an append-only file.

    A line is a fid and an offset; ``withdrawn`` takes one back. A line that a crash tore is no
    line.
    """

    def __init__(self, path: Path) -> None:
        content = path.read_bytes() if path.exists() else b""
        self.held: dict[str, set[int]] = {}
        for line in content.split(b"\n"):
            self._read(line)
        self._file = AppendFile(path, fresh=False)
        if content and not content.endswith(b"\n"):
            self._file.write(b"\n")

    def offsets(self, fid: str) -> set[int]:
        """Offsets of the chunks of ``fid`` that are on the disk."""
        return self.held.setdefault(fid, set())

    def add(self, fid: str, offsets: Iterable[int]) -> None:
        """Note chunks that have been synced; ``sync`` makes the note last."""
        self._file.write(b"".join(b"%s %d\n" % (fid.encode(), offset) for offset in offsets))
        self.offsets(fid).update(offsets)

    def withdraw(self, fid: str, offsets: Iterable[int]) -> None:
        """Take back chunks that turned out not to be what they were."""
        lines = (b"%s %d withdrawn\n" % (fid.encode(), offset) for offset in offsets)
        self._file.write(b"".join(lines))
        self.offsets(fid).difference_update(offsets)
        self._file.sync()

    def sync(self) -> None:
        """Return when every note is on the medium."""
        self._file.sync()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _read(self, line: bytes) -> None:
        match = _INDEX_LINE.fullmatch(line)
        if match is None:
            return
        offsets = self.offsets(match[1].decode())
        (offsets.discard if match[3] else offsets.add)(int(match[2]))


class Partial:
    """One file that is arriving."""

    def __init__(self, path: Path, target: Target, index: SessionIndex) -> None:
        self.target = target
        self.index = index
        size = path.stat().st_size if path.exists() else 0
        self.file = PositionedFile(path)
        held = index.offsets(target.fid)
        # An index without its bytes says nothing.
        held -= {offset for offset in held if not self._lies_within(offset, size)}
        self._fresh: dict[int, None] = {}

    @property
    def dirty(self) -> bool:
        """Whether something was written since the last sync."""
        return bool(self._fresh)

    @property
    def whole(self) -> bool:
        """Whether every chunk is on the disk."""
        return len(self.index.offsets(self.target.fid)) == len(self.target.facts.chunks)

    def write(self, offset: int, content: bytes, stated: str) -> bool:
        """Write one chunk; False when its bytes are not what they have to be.

        Args:
            offset: From the topic.
            content: The payload.
            stated: The digest in the topic.

        Raises:
            RefusedError: No such chunk, another length, or another digest than the verified one.
            OSError: The medium is full or broken.
        """
        length = self.target.length_at(offset)
        if stated != self.target.sha256_at(offset):
            raise RefusedError(f"{self.target.name} has another digest at {offset}")
        if len(content) != length or sha256_hex(content) != stated:
            return False
        if offset not in self.index.offsets(self.target.fid):
            self.file.write(content, offset)
        self._fresh[offset] = None
        return True

    def sync(self) -> tuple[int, ...]:
        """Put everything written on the medium and note it; the offsets may be acknowledged.

        The caller syncs the index once for all files of the session.
        """
        if any(offset not in self.index.offsets(self.target.fid) for offset in self._fresh):
            self.file.sync()
        offsets = tuple(self._fresh)
        self.index.add(self.target.fid, offsets)
        self._fresh = {}
        return offsets

    def ranges(self) -> tuple[tuple[int, int], ...]:
        """Byte ranges [from, to) that are on the disk, in order."""
        found: list[tuple[int, int]] = []
        for offset in sorted(self.index.offsets(self.target.fid)):
            end = offset + self.target.length_at(offset)
            if found and found[-1][1] == offset:
                found[-1] = (found[-1][0], end)
            else:
                found.append((offset, end))
        return tuple(found)

    def read_back(self) -> bool:
        """Read the whole file from the medium; chunks that are wrong there are withdrawn.

        Raises:
            RefusedError: Every chunk is right and the whole is not: no device can mend that.
            OSError: The medium cannot be read.
        """
        whole = hashlib.sha256()
        for piece in self.file.pieces(CHUNK_BYTES):
            whole.update(piece)
        if whole.hexdigest() == self.target.facts.sha256:
            self.file.finish(ARCHIVED_MODE)
            return True
        wrong = self._wrong_chunks()
        if not wrong:
            raise RefusedError(f"{self.target.name}: its chunks are not what its digest says")
        self.index.withdraw(self.target.fid, wrong)
        return False

    def close(self) -> None:
        """Close the file; what was not synced is not held."""
        self.file.close()

    def _wrong_chunks(self) -> list[int]:
        found = dict.fromkeys(self.index.offsets(self.target.fid), False)
        for number, piece in enumerate(self.file.pieces(CHUNK_BYTES)):
            offset = number * CHUNK_BYTES
            if offset in found:
                found[offset] = sha256_hex(piece) == self.target.sha256_at(offset)
        return [offset for offset, right in found.items() if not right]

    def _lies_within(self, offset: int, size: int) -> bool:
        target = self.target
        fits = offset % CHUNK_BYTES == 0 and offset < target.facts.size
        return fits and offset + target.length_at(offset) <= size


class Partials:
    """Every transfer under way; at most ``MOST_OPEN`` files are open at a time.

    Args:
        folder: ``partial/``; on the archive's file system.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: OrderedDict[tuple[str, str], Partial] = OrderedDict()
        self._indexes: dict[tuple[str, str], SessionIndex] = {}

    def open(self, target: Target) -> Partial:
        """The transfer of ``target``, as far as it has come.

        Raises:
            RefusedError: The line that names it contradicts itself.
            OSError: The medium is full or broken.
        """
        key = (target.device, target.fid)
        held = self._open.get(key)
        if held is not None and held.target == target:
            self._open.move_to_end(key)
            return held
        target.check()
        if held is not None:
            self.forget(held)
        self._make_room()
        path = self.path(target)
        make_folder(path.parent)
        self._open[key] = Partial(path, target, self._index(target.device, target.sid))
        return self._open[key]

    def path(self, target: Target) -> Path:
        """Where the bytes of ``target`` arrive."""
        return self._folder / target.device / target.fid

    def devices(self) -> int:
        """How many devices have transfers open."""
        return len({device for device, _ in self._open})

    def sync(self) -> list[tuple[Partial, tuple[int, ...]]]:
        """Put everything on the medium; what may now be acknowledged, by transfer.

        Raises:
            OSError: Nothing of this round may be acknowledged; every transfer was closed.
        """
        dirty = [partial for partial in self._open.values() if partial.dirty]
        try:
            synced = [(partial, partial.sync()) for partial in dirty]
            for index in {id(partial.index): partial.index for partial in dirty}.values():
                index.sync()
        except OSError:
            self.close()
            raise
        return synced

    def forget(self, partial: Partial) -> None:
        """Close one transfer; its bytes and its index stay."""
        partial.close()
        self._open.pop((partial.target.device, partial.target.fid), None)

    def finish_session(self, device: str, sid: str) -> None:
        """Close everything of a session that is complete or refused."""
        for partial in list(self._open.values()):
            if (partial.target.device, partial.target.sid) == (device, sid):
                self.forget(partial)
        index = self._indexes.pop((device, sid), None)
        if index is not None:
            index.close()

    def close(self) -> None:
        """Close everything; what was not synced is not held."""
        for partial in list(self._open.values()):
            self.forget(partial)
        for index in self._indexes.values():
            index.close()
        self._indexes.clear()

    def _index(self, device: str, sid: str) -> SessionIndex:
        key = (device, sid)
        if key not in self._indexes:
            self._indexes[key] = SessionIndex(self._folder / device / f"{sid}.index")
        return self._indexes[key]

    def _make_room(self) -> None:
        while len(self._open) >= MOST_OPEN:
            idle = next((each for each in self._open.values() if not each.dirty), None)
            if idle is None:
                raise RefusedError("too many files at a time", code="refused")
            self.forget(idle)
