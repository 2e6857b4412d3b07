"""Taking signed lines apart and putting them together again, as a forger would."""

from __future__ import annotations

import json
from typing import Any

from evidence import canonical, jws
from evidence.canonical import JsonObject
from evidence.journal import NEWLINE
from evidence.jws import P256_ORDER, Signer

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def join(lines: list[bytes]) -> bytes:
    return b"".join(line + NEWLINE for line in lines)


def payload_of(line: bytes) -> JsonObject:
    payload: JsonObject = json.loads(jws.decode(line.split(b".")[1]))
    return payload


def edited(line: bytes, **changes: Any) -> bytes:
    """``line`` with other fields under its old signature."""
    return with_payload(line, canonical.dumps({**payload_of(line), **changes}))


def with_payload(line: bytes, payload: bytes) -> bytes:
    header, _, signature = line.split(b".")
    return b".".join((header, jws.encode(payload), signature))


def with_header(line: bytes, **changes: Any) -> bytes:
    header, payload, signature = line.split(b".")
    values = {**json.loads(jws.decode(header)), **changes}
    return b".".join((jws.encode(canonical.dumps(values)), payload, signature))


def resigned(line: bytes, signer: Signer, **changes: Any) -> bytes:
    """``line`` with other fields, under a signature of ``signer``."""
    return jws.sign({**payload_of(line), **changes}, signer, jws.TYP_RECORD)


def with_high_s(line: bytes) -> bytes:
    """The other of the two ECDSA signatures that fit the same bytes."""
    start, _, signature = line.rpartition(b".")
    raw = jws.decode(signature)
    s = P256_ORDER - int.from_bytes(raw[32:], "big")
    return start + b"." + jws.encode(raw[:32] + s.to_bytes(32, "big"))


def with_loose_bits(line: bytes) -> bytes:
    """The same signature in a base64url spelling that is not canonical."""
    last = _ALPHABET.index(line[-1:])
    return line[:-1] + _ALPHABET[last ^ 1 : (last ^ 1) + 1]
