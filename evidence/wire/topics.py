"""Which topic says what: where a device publishes, where it listens.

Owns the names, the digests and offsets that are part of them, and reading a device's topic back.
Refuses a topic on which no device publishes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from evidence import ids
from evidence.errors import WireError
from evidence.receipt import ReceiptKind

ROOT: Final = "rec/v1"
_FID = re.compile(r"[0-9a-f]{32}")
_OFFSET = re.compile(r"0|[1-9][0-9]{0,15}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one device."""

    device: str

    @property
    def base(self) -> str:
        """``rec/v1/{dev}``."""
        return f"{ROOT}/{self.device}"

    def init(self, fid: str) -> str:
        """Where a push of file ``fid`` begins."""
        return f"{self.base}/f/{fid}/init"

    def chunk(self, fid: str, offset: int, sha256: str) -> str:
        """Where the chunk at ``offset`` goes; its digest is part of the topic."""
        return f"{self.base}/f/{fid}/{offset}/{sha256}"

    def fin(self, fid: str, size: int, sha256: str) -> str:
        """Where a push of file ``fid`` ends."""
        return f"{self.base}/f/{fid}/fin/{size}/{sha256}"

    @property
    def response(self) -> str:
        """Where the bureau answers."""
        return f"{self.base}/rsp"

    @property
    def log(self) -> str:
        """Where lines of the device log go."""
        return f"{self.base}/log"

    @property
    def state(self) -> str:
        """Where the device tells how it is (retained)."""
        return f"{self.base}/state"

    def receipt(self, sid: str, kind: ReceiptKind) -> str:
        """Where the bureau leaves a receipt (retained until acknowledged)."""
        return f"{self.base}/receipt/{sid}/{kind}"

    def receipt_ack(self, sid: str, kind: ReceiptKind) -> str:
        """Where the device says that its vault took a receipt."""
        return f"{self.receipt(sid, kind)}/ack"

    @property
    def receipts(self) -> str:
        """The device's subscription for receipts."""
        return f"{self.base}/receipt/+/+"

    @property
    def plan(self) -> str:
        """Where the bureau sends session plans, one a message, never retained."""
        return f"{self.base}/plan"

    @property
    def plan_ack(self) -> str:
        """Where the device says what its vault made of one."""
        return f"{self.plan}/ack"

    @property
    def roster(self) -> str:
        """Where the bureau leaves the device's assignment (retained)."""
        return f"{self.base}/roster"

    @property
    def roster_ack(self) -> str:
        """Where the device says what its vault made of it."""
        return f"{self.roster}/ack"

    @property
    def challenge(self) -> str:
        """Where the bureau asks what the device holds, never retained."""
        return f"{self.base}/challenge"

    @property
    def challenge_answer(self) -> str:
        """Where the device answers, under two keys."""
        return f"{self.challenge}/rsp"

    @property
    def time(self) -> str:
        """Where the bureau says what time it is, to the answer before it."""
        return f"{self.base}/time/rsp"

    @property
    def update(self) -> str:
        """Where the bureau sends pieces of a signed update, as they are asked for."""
        return f"{self.base}/update"

    @property
    def update_wish(self) -> str:
        """Where the device says which piece its vault wants next."""
        return f"{self.update}/want"

    @property
    def policy(self) -> str:
        """Where the bureau leaves the rulebook and its root document (retained)."""
        return f"{self.base}/policy"

    @property
    def policy_ack(self) -> str:
        """Where the device says what its vault made of them."""
        return f"{self.policy}/ack"


@dataclass(frozen=True, slots=True, kw_only=True)
class InitTopic:
    """``rec/v1/{dev}/f/{fid}/init``."""

    device: str
    fid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkTopic:
    """``rec/v1/{dev}/f/{fid}/{offset}/{sha256}``."""

    device: str
    fid: str
    offset: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FinTopic:
    """``rec/v1/{dev}/f/{fid}/fin/{size}/{sha256}``."""

    device: str
    fid: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogTopic:
    """``rec/v1/{dev}/log``."""

    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StateTopic:
    """``rec/v1/{dev}/state``."""

    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptAckTopic:
    """``rec/v1/{dev}/receipt/{sid}/{kind}/ack``."""

    device: str
    sid: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAckTopic:
    """``rec/v1/{dev}/plan/ack``."""

    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterAckTopic:
    """``rec/v1/{dev}/roster/ack``."""

    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyAckTopic:
    """``rec/v1/{dev}/policy/ack``."""

    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerTopic:
    """``rec/v1/{dev}/challenge/rsp``."""

    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateWishTopic:
    """``rec/v1/{dev}/update/want``."""

    device: str


DeviceTopic = (
    InitTopic
    | ChunkTopic
    | FinTopic
    | LogTopic
    | StateTopic
    | ReceiptAckTopic
    | PlanAckTopic
    | RosterAckTopic
    | PolicyAckTopic
    | AnswerTopic
    | UpdateWishTopic
)
_PLAIN: Final[
    Mapping[
        str,
        type[
            LogTopic
            | StateTopic
            | PlanAckTopic
            | RosterAckTopic
            | PolicyAckTopic
            | AnswerTopic
            | UpdateWishTopic
        ],
    ]
] = {
    "log": LogTopic,
    "state": StateTopic,
    "challenge/rsp": AnswerTopic,
    "plan/ack": PlanAckTopic,
    "roster/ack": RosterAckTopic,
    "policy/ack": PolicyAckTopic,
    "update/want": UpdateWishTopic,
}
"""Topics that say nothing but whose they are."""


def parse_topic(topic: str) -> DeviceTopic:
    """Read a topic on which a device publishes.

    Raises:
        WireError: Not such a topic.
    """
    match topic.split("/"):
        case ["rec", "v1", device, *rest] if ids.is_device_id(device):
            parsed = _parse_rest(device, rest)
            if parsed is not None:
                return parsed
        case _:
            pass
    raise WireError(f"not a device's topic: {topic[:80]!r}")


def _parse_rest(device: str, rest: list[str]) -> DeviceTopic | None:
    match rest:
        case ["f", fid, *transfer] if _FID.fullmatch(fid):
            return _parse_transfer(device, fid, transfer)
        case ["receipt", sid, "committed" | "stored" as kind, "ack"] if ids.is_session_id(sid):
            return ReceiptAckTopic(device=device, sid=sid, kind=kind)
        case _:
            plain = _PLAIN.get("/".join(rest))
            return None if plain is None else plain(device=device)


def _parse_transfer(device: str, fid: str, rest: list[str]) -> DeviceTopic | None:
    match rest:
        case ["init"]:
            return InitTopic(device=device, fid=fid)
        case ["fin", size, sha256] if _OFFSET.fullmatch(size) and _SHA256.fullmatch(sha256):
            return FinTopic(device=device, fid=fid, size=int(size), sha256=sha256)
        case [offset, sha256] if _OFFSET.fullmatch(offset) and _SHA256.fullmatch(sha256):
            return ChunkTopic(device=device, fid=fid, offset=int(offset), sha256=sha256)
        case _:
            return None
