"""What a recorder answers to a session plan, an assignment or a policy.

Owns these answers and their payloads. Refuses to stand for the record: what was adopted, the device
log says, signed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from evidence import canonical
from evidence import schema as s
from evidence.wire.packets import load


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAck:
    """``plan/ack``: what became of a session plan on the device.

    Attributes:
        sha256: Digest of the plan's bytes as they arrived: the answer is to these and no others.
        plan_id: The plan's id; None where the device did not get so far as to read one.
        taken: The vault verified the plan and keeps it.
        code: Why not; empty where it was taken.
        detail: For people, English.
    """

    sha256: str
    plan_id: str | None
    taken: bool
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WordAck:
    """``roster/ack`` and ``policy/ack``: what became of an assignment or a rulebook on the device.

    Attributes:
        sha256: Digest of the bytes as they arrived: the answer is to these and no others.
        number: The assignment's number or the rulebook's version; None where none could be read.
        state: ``adopted``, ``staged`` (taken, in force once no session is open) or ``refused``.
        code: Why refused; empty otherwise.
        detail: For people, English.
    """

    sha256: str
    number: int | None
    state: str
    code: str = ""
    detail: str = ""


_ACK_SCHEMA: s.Schema = {
    "sha256": s.sha256,
    "plan_id": s.optional(s.code),
    "taken": s.boolean,
    "code": s.text,
    "detail": s.text,
}
_WORD_ACK_SCHEMA: s.Schema = {
    "sha256": s.sha256,
    "number": s.optional(s.natural),
    "state": s.one_of("adopted", "staged", "refused"),
    "code": s.text,
    "detail": s.text,
}


def encode_plan_ack(ack: PlanAck) -> bytes:
    """The payload of ``…/plan/ack``."""
    return canonical.dumps(asdict(ack))


def decode_plan_ack(payload: bytes) -> PlanAck:
    """Read the payload of ``…/plan/ack``.

    Raises:
        WireError: Not well formed.
    """
    return PlanAck(**load(payload, _ACK_SCHEMA, "plan/ack"))


def encode_word_ack(ack: WordAck) -> bytes:
    """The payload of ``…/roster/ack`` and ``…/policy/ack``."""
    return canonical.dumps(asdict(ack))


def decode_word_ack(payload: bytes) -> WordAck:
    """Read the payload of ``…/roster/ack`` or ``…/policy/ack``.

    Raises:
        WireError: Not well formed.
    """
    return WordAck(**load(payload, _WORD_ACK_SCHEMA, "ack"))
