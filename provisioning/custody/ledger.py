"""The append-only ledger of what provisioning did.

Owns its lines: a chain of JWS signed by a key of the bureau's root, each naming the hash of the
line before it. Refuses to forget: nothing is ever rewritten, and a line torn by a power cut stays
where it is and is named by the line after it. What a line may say stands in ``lines``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from evidence import jws
from evidence.canonical import JsonObject
from evidence.digests import ZERO_SHA256, sha256_hex
from evidence.errors import EvidenceError
from evidence.journal import NEWLINE, split
from evidence.moments import utc_text
from evidence.store.durable import AppendFile
from provisioning.errors import LedgerError

TYP_LEDGER: Final = "recorder-ledger+jws"
_VERSION = 1
_MOST_OPEN = 8

Keys = Mapping[str, ec.EllipticCurvePublicKey]
"""Thumbprint → key."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line that verified.

    Attributes:
        payload: What it says.
        kid: Thumbprint of the key that signed it.
    """

    payload: JsonObject
    kid: str


@dataclass(frozen=True, slots=True)
class Statement:
    """What is about to be said in the ledger, and by whose key."""

    kind: str
    fields: JsonObject
    signer: jws.Signer


class Ledger:
    """One ledger, read once and then followed as it grows.

    Args:
        path: The file; made with its first line.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._forget()

    def holds(self, kind: str, fields: Mapping[str, object]) -> bool:
        """Whether a line of that kind says all of ``fields``; looks, does not verify."""
        self._follow()
        wanted = fields.items()
        return any(
            payload.get("t") == kind and wanted <= payload.items()
            for payload in reversed(self._payloads)
        )

    def append(self, statements: Sequence[Statement], *, at_ns: int) -> None:
        """Append signed lines, durably, in one write.

        Args:
            statements: In order.
            at_ns: UTC in nanoseconds.

        Raises:
            OSError: The medium is full or broken; some lines may be there, the next one torn.
        """
        rest = self._follow()
        torn = NEWLINE.join([*self._torn, *([rest] if rest else [])])
        index, prev, content = len(self._payloads), self._prev, b""
        for said in statements:
            payload: JsonObject = {
                **said.fields,
                "v": _VERSION,
                "t": said.kind,
                "i": index,
                "prev": prev,
                "utc": utc_text(at_ns),
            }
            if torn:
                payload["torn"] = _torn_fact(torn)
            line = jws.sign(payload, said.signer, TYP_LEDGER)
            content += line + NEWLINE
            index, prev, torn = index + 1, sha256_hex(line), b""
        with AppendFile(self._path, fresh=False) as file:
            file.write((NEWLINE if rest or self._open else b"") + content)
            file.sync()

    def _forget(self) -> None:
        self._payloads: list[JsonObject] = []
        self._prev = ZERO_SHA256
        self._torn: list[bytes] = []
        self._size = 0
        self._version = (0, 0, 0)
        self._last = b""
        self._open = False

    def _follow(self) -> bytes:
        """Read what was added; the bytes of a torn line at the end."""
        if not self._path.exists():
            self._forget()
            return b""
        version = _version(self._path)
        if not self._goes_on(version):
            self._forget()
        with self._path.open("rb") as file:
            file.seek(self._size)
            added = split(file.read())
        self._version = version
        return self._take(added.complete, added.torn)

    def _goes_on(self, version: tuple[int, int, int]) -> bool:
        """Whether the file is the one that was read, and no less of it."""
        if version == self._version:
            return True
        if version[0] != self._version[0] or version[1] <= self._version[1]:
            return False
        with self._path.open("rb") as file:
            file.seek(self._size - len(self._last))
            return file.read(len(self._last)) == self._last

    def _take(self, complete: Sequence[bytes], torn: bytes) -> bytes:
        for number, line in enumerate(complete):
            if number == 0 and self._open:
                # The newline that the last line lacked.
                self._open = False
                self._size += len(NEWLINE)
                continue
            self._count(line, NEWLINE)
        if torn and _payload(torn) is not None:
            # It lacks nothing but its newline: it was signed, so it counts.
            self._count(torn, b"")
            self._open = True
            return b""
        return torn

    def _count(self, line: bytes, end: bytes) -> None:
        payload = _payload(line)
        if payload is None:
            self._torn.append(line)
        else:
            self._payloads.append(payload)
            self._prev, self._torn = sha256_hex(line), []
        self._last = line + end
        self._size += len(self._last)


@lru_cache(maxsize=_MOST_OPEN)
def at(path: Path) -> Ledger:
    """The ledger at ``path``: one command reads it once, however many steps ask."""
    return Ledger(path)


def append(path: Path, kind: str, fields: JsonObject, signer: jws.Signer, *, at_ns: int) -> None:
    """Append one signed line, durably; see ``Ledger.append``."""
    at(path).append([Statement(kind, fields, signer)], at_ns=at_ns)


def holds(path: Path, kind: str, fields: Mapping[str, object]) -> bool:
    """Whether a line says that; see ``Ledger.holds``."""
    return at(path).holds(kind, fields)


def read(path: Path, known: Keys) -> list[JsonObject]:
    """Verify the whole ledger and return its payloads in order.

    Args:
        path: The ledger.
        known: Who may have signed a line; from the root document.

    Raises:
        LedgerError: A line is changed, missing, torn, out of order or signed by somebody else.
    """
    content = path.read_bytes() if path.exists() else b""
    lines = split(content)
    if lines.torn and _payload(lines.torn) is None:
        raise LedgerError("the last line is torn; the next command will name it")
    return [line.payload for line in verified(content, known)]


def verified(content: bytes, known: Keys) -> list[Line]:
    """Verify a ledger's bytes; a line torn at the very end is no line yet.

    Raises:
        LedgerError: A line is changed, missing, out of order or signed by somebody else.
    """
    lines = []
    for place in walk(content, known):
        if place.fault:
            raise LedgerError(f"line {place.number} (row {place.row}): {place.fault}")
        if place.line is not None:
            lines.append(place.line)
    return lines


@dataclass(frozen=True, slots=True)
class Place:
    """One line on the way through a ledger.

    Attributes:
        number: Its index.
        line: What it says; None where nobody can tell.
        fault: What is wrong with it; empty where nothing is.
        row: Of the file, from 1: torn lines have no index.
    """

    number: int
    line: Line | None
    fault: str
    row: int


UNKNOWN_KEY: Final = "it is signed by an unknown key"
ALTERED: Final = "its signature does not fit what it says"
NOT_NEXT: Final = "it does not follow the line before it"
UNNAMED: Final = "it does not name the torn line before it"
UNREADABLE: Final = "a torn line is not named by the line after it"
"""What can be wrong with a line."""


def walk(content: bytes, known: Keys) -> Iterator[Place]:
    """Every line of a ledger in order, each with what is wrong with it.

    Behind a line that is wrong it goes on from there: one change is told once.

    Args:
        content: The file.
        known: Who may have signed a line. The walk looks again for each line: it may grow.
    """
    index, prev = 0, ZERO_SHA256
    torn: list[bytes] = []
    rows = _rows(content)
    for row, raw in enumerate(rows, start=1):
        if _payload(raw) is None:
            torn.append(raw)
            continue
        line, fault = _judged(raw, index, prev, NEWLINE.join(torn), known)
        yield Place(index, line, fault, row)
        said = int(line.payload["i"]) if fault and line is not None else index
        # What a changed line was, nobody knows any more: its follower is not held against it.
        index, prev, torn = said + 1, sha256_hex(raw) if line is not None else "", []
    if torn:
        yield Place(index, None, UNREADABLE, len(rows))


def claimed(content: bytes) -> Iterator[JsonObject]:
    """What each line claims that can be read at all, in the file's order; nothing verified."""
    return (payload for raw in _rows(content) if (payload := _payload(raw)) is not None)


def _rows(content: bytes) -> list[bytes]:
    """The lines; one that lacks nothing but its newline is one, a torn last line is none."""
    lines = split(content)
    last = [lines.torn] if lines.torn and _payload(lines.torn) is not None else []
    return [*lines.complete, *last]


def _judged(raw: bytes, index: int, prev: str, torn: bytes, known: Keys) -> tuple[Line | None, str]:
    parsed = jws.parse(raw, TYP_LEDGER)
    if parsed.kid not in known:
        return None, UNKNOWN_KEY
    try:
        parsed.verify(known[parsed.kid])
    except EvidenceError:
        return None, ALTERED
    payload = parsed.payload()
    line = Line(payload, parsed.kid)
    if payload.get("i") != index or (prev and payload.get("prev") != prev):
        return line, NOT_NEXT
    if payload.get("torn") != (_torn_fact(torn) if torn else None):
        return line, UNNAMED
    return line, ""


def _torn_fact(torn: bytes) -> JsonObject:
    return {"bytes": len(torn), "sha256": sha256_hex(torn)}


def _payload(line: bytes) -> JsonObject | None:
    """A line's payload without trust; None for a line that is no ledger line."""
    try:
        return jws.parse(line, TYP_LEDGER).payload()
    except EvidenceError:
        return None


def _version(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns
