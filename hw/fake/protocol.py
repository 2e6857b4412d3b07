"""What travels over the world's control socket: one JSON message a line.

Owns the three messages and their bound. Refuses everything else: a line too long, malformed or
with an unknown field is a fault, and the world hangs up.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from hw.errors import WorldFault
from hw.fake.state import WorldState

LINE_LIMIT = 65_536
"""Bytes of a line at most, its end included."""


class Ask(msgspec.Struct, frozen=True, kw_only=True, tag="ask", forbid_unknown_fields=True):
    """Please change the world: fields of ``WorldState`` and their new values, as asking ``n``."""

    n: int
    change: dict[str, object]


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag="answer", forbid_unknown_fields=True):
    """What became of asking ``n``; ``refused`` is None when the world is now so."""

    n: int
    refused: str | None = None


class News(msgspec.Struct, frozen=True, kw_only=True, tag="news", forbid_unknown_fields=True):
    """The world now is ``state``, since CLOCK_BOOTTIME ``at_ns`` of the machine."""

    at_ns: int
    state: WorldState


_Message = TypeVar("_Message")
_ASK = msgspec.json.Decoder(Ask)
_SAID: msgspec.json.Decoder[News | Answer] = msgspec.json.Decoder(News | Answer)


def write_message(message: Ask | Answer | News) -> bytes:
    """One line."""
    return msgspec.json.encode(message) + b"\n"


def read_ask(line: bytes) -> Ask:
    """What the world is asked for; raises ``WorldFault`` as ``read_said`` does."""
    return _read(line, _ASK)


def read_said(line: bytes) -> News | Answer:
    """What the world says.

    Raises:
        WorldFault: The line is too long, torn, malformed or says something else.
    """
    return _read(line, _SAID)


def _read(line: bytes, decoder: msgspec.json.Decoder[_Message]) -> _Message:
    if len(line) > LINE_LIMIT or not line.endswith(b"\n"):
        raise WorldFault("world", f"a line is torn or longer than {LINE_LIMIT} bytes")
    try:
        return decoder.decode(line)
    except (msgspec.DecodeError, RecursionError) as error:
        raise WorldFault("world", f"a line was not understood: {error}") from error
