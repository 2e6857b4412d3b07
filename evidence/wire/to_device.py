"""What the bureau answers to a push.

Owns the response and its payload; receipts, plans and words travel as their signed bytes. Refuses
to acknowledge for good: only ``evidence.receipt`` permits a release.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, unique

from evidence import canonical
from evidence import schema as s
from evidence.wire.packets import load


@unique
class ReasonCode(IntEnum):
    """What a response says (values of MQTT 5 where they fit)."""

    SUCCESS = 0x00
    RESEND = 0x80
    REFUSED = 0x83
    PAUSE = 0x97


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What the bureau answers on ``…/rsp``.

    Attributes:
        topic: The request's topic; for coalesced chunk acknowledgements, of any one of them.
        reason_code: See ``ReasonCode``.
        reason_description: For people.
        have: Byte ranges [from, to) of the file that are on the bureau's disk; to ``init`` and
            failed ``fin``.
        acknowledged: Offsets of chunks that are on disk since the last response.
        credit: Bytes the device may have in flight from now on; None leaves it as it was.
        retry_after_s: Seconds to wait before trying again; None leaves it to the device's back-off.
        next_index: To ``log``: how many lines of the device log the bureau holds.
        done: To ``init`` and ``fin``: the whole file is archived.
    """

    topic: str
    reason_code: ReasonCode
    reason_description: str = ""
    have: tuple[tuple[int, int], ...] = ()
    acknowledged: tuple[int, ...] = ()
    credit: int | None = None
    retry_after_s: int | None = None
    next_index: int | None = None
    done: bool = False


_MOST_RANGES = 4_096
_PAIR = s.many(s.natural, least=2, most=2)
_RESPONSE_SCHEMA: s.Schema = {
    "vsn": s.one_of("0.1"),
    "topic": s.text,
    "reason_code": s.satisfying(
        lambda code: type(code) is int and code in set(ReasonCode), "a known reason code"
    ),
    "reason_description": s.text,
    "have": s.many(_PAIR, most=_MOST_RANGES),
    "acknowledged": s.many(s.natural, most=_MOST_RANGES),
    "credit": s.optional(s.natural),
    "retry_after_s": s.optional(s.integer(0, 86_400)),
    "next_index": s.optional(s.natural),
    "done": s.boolean,
}


def encode_response(response: Response) -> bytes:
    """The payload of ``…/rsp``."""
    return canonical.dumps(
        {
            "vsn": "0.1",
            "topic": response.topic,
            "reason_code": int(response.reason_code),
            "reason_description": response.reason_description,
            "have": [list(pair) for pair in response.have],
            "acknowledged": list(response.acknowledged),
            "credit": response.credit,
            "retry_after_s": response.retry_after_s,
            "next_index": response.next_index,
            "done": response.done,
        }
    )


def decode_response(payload: bytes) -> Response:
    """Read the payload of ``…/rsp``.

    Raises:
        WireError: Not well formed.
    """
    value = load(payload, _RESPONSE_SCHEMA, "rsp")
    return Response(
        topic=value["topic"],
        reason_code=ReasonCode(value["reason_code"]),
        reason_description=value["reason_description"],
        have=tuple((first, last) for first, last in value["have"]),
        acknowledged=tuple(value["acknowledged"]),
        credit=value["credit"],
        retry_after_s=value["retry_after_s"],
        next_index=value["next_index"],
        done=value["done"],
    )
