"""The append-only ledger of what provisioning did.

Owns its lines: a chain of JWS signed by the clerk's key, each naming the hash of the line before
it. Refuses to forget: nothing is ever rewritten, and a line torn by a power cut stays where it is
and is named by the line after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Tail:
    """Where the ledger ends.

    Attributes:
        index: Of the next line.
        prev: The hash it has to name.
        torn: Bytes of a line that a power cut tore, which it has to name too.
        open: Whether the last byte is not a newline.
    """

    index: int
    prev: str
    torn: bytes
    open: bool


def append(path: Path, kind: str, fields: JsonObject, signer: jws.Signer, *, at_ns: int) -> None:
    """Append a signed line, durably.

    Args:
        path: The ledger; made if it is not there.
        kind: ``founded``, ``enrolled``, ``rulebook``, ``revoked``.
        fields: What happened, without floats.
        signer: The clerk's key.
        at_ns: UTC in nanoseconds.
    """
    tail = _tail(path)
    payload: JsonObject = {
        **fields,
        "v": _VERSION,
        "t": kind,
        "i": tail.index,
        "prev": tail.prev,
        "utc": utc_text(at_ns),
    }
    if tail.torn:
        payload["torn"] = {"bytes": len(tail.torn), "sha256": sha256_hex(tail.torn)}
    line = jws.sign(payload, signer, TYP_LEDGER)
    with AppendFile(path, fresh=False) as file:
        file.write((NEWLINE if tail.open else b"") + line + NEWLINE)
        file.sync()


def holds(path: Path, kind: str, fields: Mapping[str, object]) -> bool:
    """Whether a line of that kind says all of ``fields``; looks, does not verify."""
    for line in _lines(path)[0]:
        payload = _payload(line)
        if payload is not None and payload.get("t") == kind and fields.items() <= payload.items():
            return True
    return False


def read(path: Path, known: Mapping[str, ec.EllipticCurvePublicKey]) -> list[JsonObject]:
    """Verify the whole ledger and return its payloads in order.

    Args:
        path: The ledger.
        known: Thumbprint → key: who may have signed a line; from the root document.

    Raises:
        LedgerError: A line is changed, missing, out of order or signed by somebody else.
    """
    complete, torn, _ = _lines(path)
    if torn:
        raise LedgerError("the last line is torn; the next command will name it")
    try:
        return list(_verified(complete, known))
    except EvidenceError as error:
        raise LedgerError(error.detail) from error


def _verified(
    lines: tuple[bytes, ...], known: Mapping[str, ec.EllipticCurvePublicKey]
) -> Iterator[JsonObject]:
    index, prev, torn = 0, ZERO_SHA256, b""
    for line in lines:
        if _payload(line) is None and not torn:
            torn = line
            continue
        parsed = jws.parse(line, TYP_LEDGER)
        if parsed.kid not in known:
            raise LedgerError(f"line {index} is signed by an unknown key")
        parsed.verify(known[parsed.kid])
        payload = parsed.payload()
        if payload.get("i") != index or payload.get("prev") != prev:
            raise LedgerError(f"line {index} does not follow the line before it")
        if payload.get("torn") != _torn_fact(torn):
            raise LedgerError(f"line {index} does not name the torn line before it")
        yield payload
        index, prev, torn = index + 1, sha256_hex(line), b""
    if torn:
        raise LedgerError("a torn line is not named by the line after it")


def _torn_fact(torn: bytes) -> JsonObject | None:
    return {"bytes": len(torn), "sha256": sha256_hex(torn)} if torn else None


def _tail(path: Path) -> Tail:
    complete, torn, is_open = _lines(path)
    signed = [line for line in complete if _payload(line) is not None]
    prev = sha256_hex(signed[-1]) if signed else ZERO_SHA256
    return Tail(len(signed), prev, torn, is_open)


def _lines(path: Path) -> tuple[tuple[bytes, ...], bytes, bool]:
    """Complete lines, torn bytes, and whether the last newline is missing.

    A line that lacks nothing but its newline is complete: it was signed, so it counts.
    """
    if not path.exists():
        return (), b"", False
    lines = split(path.read_bytes())
    if lines.torn and _payload(lines.torn) is not None:
        return (*lines.complete, lines.torn), b"", True
    return lines.complete, lines.torn, bool(lines.torn)


def _payload(line: bytes) -> JsonObject | None:
    """A line's payload without trust; None for a line that is no ledger line."""
    try:
        return jws.parse(line, TYP_LEDGER).payload()
    except EvidenceError:
        return None
