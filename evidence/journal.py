"""The chain of signed lines: writing the next one, and reading them back as bytes.

Owns how a record becomes a line, how a line names its predecessor and when the chain key evolves,
for session journals and device logs alike. Refuses files and clocks: the vault stores the bytes and
brings the moments. Nothing that a recorder says can set ``i``, ``prev`` or a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from evidence import jws, records
from evidence.canonical import JsonObject
from evidence.digests import sha256_hex
from evidence.errors import EvidenceError
from evidence.keys import ChainKey
from evidence.moments import Moment, utc_text

ChainKind = Literal["session", "device"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainStatement:
    """What the device's signing key says of a fresh chain key.

    Attributes:
        dev: Device id.
        boot_id: The kernel's boot id.
        start_id: Random id of this start of the vault, 32 hex characters.
        counter: The device counter of the session it is for; for a device log, of the next session.
        chain: Which kind of chain it may sign.
    """

    dev: str
    boot_id: str
    start_id: str
    counter: int
    chain: ChainKind


def state_chain_key(statement: ChainStatement, key: ChainKey, signer: jws.Signer) -> str:
    """Have the device's signing key vouch for ``key``: a compact JWS."""
    payload: JsonObject = {
        "v": records.VERSION,
        "dev": statement.dev,
        "boot_id": statement.boot_id,
        "start_id": statement.start_id,
        "counter": statement.counter,
        "chain": statement.chain,
        "jwk": key.jwk,
    }
    return jws.sign(payload, signer, jws.TYP_CHAIN_KEY).decode()


class Chain:
    """One chain, about to get its next line.

    Args:
        owner: ``{"sid": …}`` for a session's journal, ``{"dev": …}`` for a device log.
        key: Signs the next line.
        prev: Hex SHA-256 the next line names as its predecessor.
        index: The next line's ``i``.
    """

    def __init__(self, owner: JsonObject, key: ChainKey, *, prev: str, index: int = 0) -> None:
        self._owner = owner
        self._key = key
        self.prev = prev
        self.index = index

    def append(self, t: str, fields: JsonObject, moment: Moment) -> bytes:
        """The next line, without its newline.

        Raises:
            RecordError: The fields are not what a record of type ``t`` holds.
        """
        evolves = "dev" in self._owner or t in records.EVOLVING
        payload = {**self._common(t, moment), **fields}
        if evolves:
            payload["next"] = self._key.next_jwk
        line = self._sign(payload, self._key)
        if evolves:
            self._key.evolve()
        return line

    def attest(self, signer: jws.Signer, moment: Moment) -> bytes:
        """The line by which the device's signing key itself vouches for the line before."""
        return self._sign({**self._common("attest", moment), "sha256": self.prev}, signer)

    def _common(self, t: str, moment: Moment) -> JsonObject:
        return {
            **self._owner,
            "v": records.VERSION,
            "t": t,
            "i": self.index,
            "prev": self.prev,
            "mono_ns": moment.mono_ns,
            "boot_id": moment.boot_id,
            "utc": utc_text(moment.utc_ns),
            "utc_q": {"source": moment.source.value, "error_ms": moment.error_ms},
        }

    def _sign(self, payload: JsonObject, signer: jws.Signer) -> bytes:
        check = (
            records.check_session_record if "sid" in self._owner else records.check_device_record
        )
        check(payload)
        line = jws.sign(payload, signer, jws.TYP_RECORD)
        self.prev = sha256_hex(line)
        self.index += 1
        return line


NEWLINE: Final = b"\n"


@dataclass(frozen=True, slots=True)
class Lines:
    """A chain's file, split.

    Attributes:
        complete: Lines without their newlines, in order; a line repaired after a tear is among
            them.
        torn: Bytes after the last newline; empty for a file that ends as it should.
    """

    complete: tuple[bytes, ...]
    torn: bytes


@dataclass(frozen=True, slots=True)
class Tail:
    """Where a chain's file ends, after whatever happened to its writer.

    Attributes:
        line: The last line that is a record; None before the first.
        payload: What it says, unverified.
        torn: Everything after it, up to the newline that ends or will end it; empty where nothing
            is torn. It may hold newlines where a repair was itself interrupted.
        ended: Whether the newline after ``torn`` is there already.
    """

    line: bytes | None
    payload: JsonObject | None
    torn: bytes
    ended: bool


def tail(content: bytes) -> Tail:
    """Find the end of a chain's file: recovery continues there, and its record names ``torn``."""
    lines = split(content)
    rest = [lines.torn] if lines.torn else []
    for line in reversed(lines.complete):
        payload = _as_record(line)
        if payload is not None:
            return Tail(line, payload, NEWLINE.join(reversed(rest)), not lines.torn)
        rest.append(line)
    return Tail(None, None, NEWLINE.join(reversed(rest)), not lines.torn)


def payloads(content: bytes) -> list[JsonObject]:
    """The records of a chain's file, unverified, in order; torn lines say nothing."""
    records_found = (_as_record(line) for line in split(content).complete)
    return [payload for payload in records_found if payload is not None]


def _as_record(line: bytes) -> JsonObject | None:
    try:
        return jws.parse(line, jws.TYP_RECORD).payload()
    except EvidenceError:
        return None


def split(content: bytes) -> Lines:
    """Split a chain's file into its lines."""
    *complete, torn = content.split(NEWLINE)
    return Lines(tuple(complete), torn)
