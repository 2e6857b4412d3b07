"""A device's log as it arrives: verified line by line, as far as it has come.

Owns the walk along one device's chain: certificate, chain key statements, signatures,
predecessors, the counter, torn lines. Refuses files: ``bureau.archive`` keeps the lines that were
accepted. A line is believed only when it was reached from the pinned CA; another line where one is
already held is a fork.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from evidence import jws, keys, records
from evidence import schema as s
from evidence.canonical import JsonObject
from evidence.digests import ZERO_SHA256, FileFacts, sha256_hex
from evidence.errors import EvidenceError, RecordError
from evidence.journal import NEWLINE

MOST_TORN_LINES: Final = 8
"""Lines that one torn write and its interrupted repairs may leave."""

_STATEMENT: Final[s.Schema] = {
    "v": s.integer(records.VERSION, records.VERSION),
    "dev": s.device,
    "boot_id": s.text,
    "start_id": s.text,
    "counter": s.natural,
    "chain": s.one_of("device"),
    "jwk": s.jwk,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What the log says of a closed session.

    Attributes:
        sid: Session id.
        counter: Its device counter.
        journal: Size and digests of its journal.
        root: Merkle root of its ``close`` record.
        line: Index of the log line that says so.
        secrecy: The highest class of secrecy that the recorder told of (L1), or None.
    """

    sid: str
    counter: int
    journal: FileFacts
    root: str
    line: int
    secrecy: str | None


@dataclass(frozen=True, slots=True)
class Record:
    """An accepted record: digest of its line, number of that line, and its type."""

    sha256: str
    line: int
    t: str


@dataclass(frozen=True, slots=True)
class Extension:
    """What became of a batch.

    Attributes:
        accepted: Lines that continue the chain.
        refusal: Why the line after them does not, or None.
        waiting: Lines after them that are torn and wait for the ``start`` that names them.
    """

    accepted: tuple[bytes, ...]
    refusal: str | None
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the chain stands: what the next line has to say of itself."""

    lines: int
    index: int
    prev: str
    key: ec.EllipticCurvePublicKey | None
    counter: int


class LogChain:
    """The chain of one device's log, up to the last line accepted.

    Args:
        device: Whose log.
        ca: The pinned bureau CA.
    """

    def __init__(self, device: str, ca: x509.Certificate) -> None:
        self._device = device
        self._ca = ca
        self._place = _Place(0, 0, ZERO_SHA256, None, 0)
        self._recent: list[tuple[bytes, _Place]] = []
        self._hashes: list[str] = []
        self._counters: set[int] = set()
        self._records: list[Record] = []
        self.released: set[str] = set()
        self.claims: dict[str, Claim] = {}
        self.contested: dict[str, str] = {}

    @property
    def lines(self) -> int:
        """How many lines are accepted, torn ones included."""
        return self._place.lines

    @property
    def index(self) -> int:
        """How many records are accepted: the ``i`` of the next one."""
        return self._place.index

    def record_at(self, index: int) -> Record | None:
        """The accepted record with that ``i``, or None."""
        return self._records[index] if 0 <= index < len(self._records) else None

    def common(self, other: LogChain) -> int:
        """How many records both logs begin with."""
        pairs = zip(self._records, other._records, strict=False)
        return next(
            (n for n, (mine, theirs) in enumerate(pairs) if mine.sha256 != theirs.sha256),
            min(self.index, other.index),
        )

    @property
    def head(self) -> str:
        """Hex SHA-256 of the last record."""
        return self._place.prev

    @property
    def counter(self) -> int:
        """The highest device counter that the log has named."""
        return self._place.counter

    def differs(self, first: int, lines: Sequence[bytes]) -> int | None:
        """The index of the first line that is not the one already held there, or None."""
        for index, line in enumerate(lines, first):
            if index >= len(self._hashes):
                return None
            if self._hashes[index] != sha256_hex(line):
                return index
        return None

    def extend(self, lines: Sequence[bytes]) -> Extension:
        """Take lines that follow the last accepted one, as many as continue the chain."""
        before = self.lines
        waiting: list[bytes] = []
        for line in lines:
            try:
                parsed, payload = _parse(line)
            except EvidenceError:
                waiting.append(line)
                if len(waiting) > MOST_TORN_LINES:
                    return self._extension(lines, before, "lines that are no records")
                continue
            try:
                self._take(parsed, payload, waiting)
            except EvidenceError as error:
                return self._extension(lines, before, error.detail)
            waiting = []
        return self._extension(lines, before, None, len(waiting))

    def _extension(
        self, lines: Sequence[bytes], before: int, refusal: str | None, waiting: int = 0
    ) -> Extension:
        return Extension(tuple(lines[: self.lines - before]), refusal, waiting)

    def _take(self, parsed: jws.Jws, payload: JsonObject, waiting: Sequence[bytes]) -> None:
        is_start = payload.get("t") == "start"
        if waiting and not is_start:
            raise RecordError("a torn line is not followed by the start that names it")
        place = self._place_before(payload, waiting) if is_start else self._place
        self._check(parsed, payload, place, self._start_key(payload) if is_start else place.key)
        self._advance(parsed.raw, payload, waiting, place)

    def _check(
        self,
        parsed: jws.Jws,
        payload: JsonObject,
        place: _Place,
        key: ec.EllipticCurvePublicKey | None,
    ) -> None:
        if key is None:
            raise RecordError("a device log begins with a start")
        if parsed.kid != keys.thumbprint(keys.to_jwk(key)):
            raise RecordError("a line names another key than the one announced before it")
        parsed.verify(key)
        records.check_device_record(payload)
        if payload["dev"] != self._device:
            raise RecordError("a line of another device's log")
        if payload["i"] != place.index or payload["prev"] != place.prev:
            raise RecordError(f"line {self.lines} does not follow the line before it")

    def _advance(
        self,
        line: bytes,
        payload: JsonObject,
        waiting: Sequence[bytes],
        place: _Place,
    ) -> None:
        self._recent += [*((torn, self._place) for torn in waiting), (line, place)]
        self._hashes += map(sha256_hex, (*waiting, line))
        del self._recent[:-MOST_TORN_LINES]
        number = self._place.lines + len(waiting)
        counter = payload["counter"] if payload["t"] == "session" else 0
        self._disown(place.lines)
        del self._records[place.index :]
        self._records.append(Record(sha256_hex(line), number, payload["t"]))
        if payload["t"] == "release":
            self.released.add(payload["sid"])
        self._place = _Place(
            number + 1,
            place.index + 1,
            sha256_hex(line),
            keys.from_jwk(payload["next"]),
            max(counter, place.counter),
        )
        if payload["t"] == "session":
            self._claim(payload, number)

    def _claim(self, payload: JsonObject, line: int) -> None:
        facts = payload["journal"]
        claim = Claim(
            sid=payload["sid"],
            counter=payload["counter"],
            journal=FileFacts(facts["size"], facts["sha256"], tuple(facts["chunks"])),
            root=payload["root"],
            line=line,
            secrecy=payload.get("secrecy"),
        )
        if claim.sid in self.claims or claim.counter in self._counters:
            self.contested[claim.sid] = f"log line {line} names a session or a counter twice"
        self.claims.setdefault(claim.sid, claim)
        self._counters.add(claim.counter)

    def _disown(self, lines: int) -> None:
        """Forget what lines from ``lines`` on claimed: a start has named them torn."""
        gone = [claim for claim in self.claims.values() if claim.line >= lines]
        for claim in gone:
            del self.claims[claim.sid]
            self._counters.discard(claim.counter)

    def _place_before(self, payload: JsonObject, waiting: Sequence[bytes]) -> _Place:
        """Where a start continues: after the last record, before what it names as torn."""
        records.check_device_record(payload)
        torn = payload["torn"]
        if torn is None:
            if waiting:
                raise RecordError("a start does not name the torn line before it")
            return self._place
        candidates = [*self._recent, *((line, self._place) for line in waiting)]
        for count in range(max(1, len(waiting)), len(candidates) + 1):
            content = NEWLINE.join(line for line, _ in candidates[-count:])
            if len(content) == torn["bytes"] and sha256_hex(content) == torn["sha256"]:
                return candidates[-count][1]
        raise RecordError("a start names a torn line that is not before it")

    def _start_key(self, payload: JsonObject) -> ec.EllipticCurvePublicKey:
        """The chain key of a start, once the device's signing key has vouched for it."""
        records.check_device_record(payload)
        leaf = keys.reach(payload["x5c"], self._ca, keys.EKU_DEVICE_SIGNING)
        if keys.device_of(leaf) != self._device:
            raise RecordError("the signing certificate is another device's")
        signing = keys.public_key_of(leaf)
        statement = jws.parse(payload["chainkey"].encode(), jws.TYP_CHAIN_KEY)
        if statement.kid != keys.thumbprint(keys.to_jwk(signing)):
            raise RecordError("the chain key statement names another signing key")
        statement.verify(signing)
        stated = statement.payload()
        s.check_fields(_STATEMENT, stated, "chainkey")
        if stated["dev"] != self._device or stated["boot_id"] != payload["boot_id"]:
            raise RecordError("the chain key statement is for another device or boot")
        if stated["counter"] < self._place.counter:
            raise RecordError("the device counter went back")
        return keys.from_jwk(stated["jwk"])


def _parse(line: bytes) -> tuple[jws.Jws, JsonObject]:
    parsed = jws.parse(line, jws.TYP_RECORD)
    return parsed, parsed.payload()
