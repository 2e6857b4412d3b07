"""What there is to push, read off the card.

Owns naming the files of a session from its journal and reading chunks. Refuses to write, to hash
what the journal has hashed already, and to hold more than one line or chunk in memory.
"""

from __future__ import annotations

import logging
import mmap
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from agent.errors import UnreadableError
from agent.vault.messages import PendingSession
from evidence import ids, jws, manifest, records
from evidence.digests import CHUNK_BYTES, FileFacts, sha256_hex
from evidence.errors import EvidenceError
from evidence.limits import MAX_LINE_BYTES

_log = logging.getLogger(__name__)

_POPULATE_READ: Final = 22
"""MADV_POPULATE_READ of madvise(2), Linux 5.14 and later; Python has no name for it yet."""
_NAMING: Final = frozenset({"open", "event", "seg", "resume"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PushFile:
    """One file to push.

    Attributes:
        path: On the device.
        name: In the session.
        facts: What the journal, or for a journal the device log, says of its bytes.
        sid: Session id.
        counter: The session's device counter.
        journal_sha256: Digest of the session's journal.
        settled_bytes: What the desk judges when this file ends, before it sends a receipt: the
            journal, or with a session's last file all of it; 0 for the files between.
    """

    path: Path
    name: str
    facts: FileFacts
    sid: str
    counter: int
    journal_sha256: str
    settled_bytes: int

    @property
    def settles(self) -> bool:
        """Whether the desk answers its end with a receipt."""
        return self.settled_bytes > 0

    def chunk_size(self, index: int) -> int:
        """Bytes of chunk ``index``."""
        return min(CHUNK_BYTES, self.facts.size - index * CHUNK_BYTES)


def journal_of(session: PendingSession) -> PushFile:
    """The journal of a session as a file to push."""
    facts = FileFacts(session.journal_size, session.journal_sha256, tuple(session.journal_chunks))
    return _push_file(session, ids.JOURNAL_NAME, facts, facts.size)


def contents_of(session: PendingSession) -> Iterator[PushFile]:
    """The sealed files of a session, in the order in which its journal names them.

    Raises:
        UnreadableError: The journal cannot be read.
    """
    waiting: PushFile | None = None
    total = session.journal_size
    for named in _named_files(Path(session.folder) / ids.JOURNAL_NAME):
        if waiting is not None:
            yield waiting
        total += named.facts.size
        waiting = _push_file(session, named.name, named.facts, 0)
    if waiting is not None:
        yield _push_file(session, waiting.name, waiting.facts, total)


def _push_file(
    session: PendingSession, name: str, facts: FileFacts, settled_bytes: int
) -> PushFile:
    return PushFile(
        path=Path(session.folder) / name,
        name=name,
        facts=facts,
        sid=session.sid,
        counter=session.counter,
        journal_sha256=session.journal_sha256,
        settled_bytes=settled_bytes,
    )


def _named_files(journal: Path) -> Iterator[manifest.NamedFile]:
    for line in lines_of(journal):
        try:
            payload = jws.parse(line, jws.TYP_RECORD).payload()
            if payload.get("t") not in _NAMING:
                continue
            records.check_session_record(payload)
        except EvidenceError as error:
            # A torn line is legal before the resume that names it, and names nothing.
            _log.info("a line of %s names no file: %s", journal, error.detail)
            continue
        yield from (
            named for named in manifest.files_in(payload) if ids.is_content_name(named.name)
        )


def lines_of(path: Path, *, length: int | None = None) -> Iterator[bytes]:
    """The whole lines of a chain's file, without their newlines.

    Args:
        path: Read-only.
        length: Bytes of it that count; what the vault writes meanwhile is for the next time.

    Raises:
        UnreadableError: The file cannot be read, or holds a line longer than the format allows.
    """
    try:
        with path.open("rb") as file:
            left = path.stat().st_size if length is None else length
            while line := file.readline(min(left, MAX_LINE_BYTES + 1)):
                left -= len(line)
                if not line.endswith(b"\n"):
                    if len(line) > MAX_LINE_BYTES:
                        raise UnreadableError(
                            f"{path} holds a line of more than {MAX_LINE_BYTES} bytes"
                        )
                    return
                yield line[:-1]
    except OSError as error:
        raise UnreadableError(f"{path} cannot be read: {error}") from error


class OpenFile:
    """A sealed file, open for reading.

    Args:
        file: What to read.

    Raises:
        UnreadableError: Missing, or of another size than its journal says.
    """

    def __init__(self, file: PushFile) -> None:
        self._file = file
        try:
            self._fd = os.open(file.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError as error:
            raise UnreadableError(f"{file.path} cannot be read: {error}") from error
        size = os.fstat(self._fd).st_size
        if size != file.facts.size:
            self.close()
            raise UnreadableError(
                f"{file.path} has {size} bytes, its journal says {file.facts.size}"
            )

    def chunk(self, index: int) -> memoryview:
        """The bytes of chunk ``index``, mapped: they are nowhere copied on their way to TLS.

        They are read here and now: a medium that fails later, at the touch of a page, would end the
        process without a word (SIGBUS).

        Raises:
            UnreadableError: The medium does not give them.
        """
        size, offset = self._file.chunk_size(index), index * CHUNK_BYTES
        try:
            mapped = mmap.mmap(self._fd, size, access=mmap.ACCESS_READ, offset=offset)
            mapped.madvise(_POPULATE_READ)
        except (OSError, ValueError) as error:
            raise UnreadableError(
                f"chunk {index} of {self._file.path} cannot be read: {error}"
            ) from error
        # The mapping lives as long as the view.
        return memoryview(mapped)

    def require_sound(self, index: int) -> None:
        """Hash a chunk that the desk keeps asking for again.

        Raises:
            UnreadableError: The medium gives other bytes than were sealed.
        """
        if sha256_hex(bytes(self.chunk(index))) != self._file.facts.chunks[index]:
            raise UnreadableError(f"chunk {index} of {self._file.path} is not what was sealed")

    def close(self) -> None:
        """Close. Idempotent."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
