"""What recorder and bureau say to each other over MQTT 5.

Owns topics and messages: EMQX's File Transfer verbs (``init``, chunk, ``fin``) with the keys it
lacks, the device log, receipts, session plans and state; the topics of challenge and time, whose
payloads are signed words (``evidence.challenge``, ``evidence.bureau_time``). Refuses sockets and
decisions: a parsed message is well formed and bounded, nothing more. No acknowledgement here
permits a release; only ``evidence.receipt`` does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import IntEnum, unique
from typing import Final

from evidence import canonical, ids
from evidence import schema as s
from evidence.canonical import JsonObject
from evidence.errors import MalformedError, RecordError, WireError
from evidence.limits import MAX_FILES, MAX_LINE_BYTES, MAX_MESSAGE_BYTES
from evidence.receipt import ReceiptKind

ROOT: Final = "rec/v1"
MAX_PACKET_BYTES: Final = 1_100_000
"""What the broker must let through: a chunk and its topic."""
CONTENT_TYPE: Final = "application/vnd.recorder.v1"
"""What every message of a device says of itself, as a property of MQTT 5. Its predecessor has no
properties, and acknowledges what the access list denied: what was sent over it is not taken.
"""

_FID = re.compile(r"[0-9a-f]{32}")
_OFFSET = re.compile(r"0|[1-9][0-9]{0,15}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST_RANGES = 4_096


@unique
class ReasonCode(IntEnum):
    """What a response says (values of MQTT 5 where they fit)."""

    SUCCESS = 0x00
    RESEND = 0x80
    REFUSED = 0x83
    PAUSE = 0x97


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMeta:
    """``init``: the file a device is about to push.

    Attributes:
        name: Its name in the session.
        size: Bytes; 0 where a crash left an empty file, which goes straight to ``fin``.
        checksum: Hex SHA-256.
        sid: Session id.
        counter: The session's device counter.
        journal_sha256: Digest of the session's whole journal.
    """

    name: str
    size: int
    checksum: str
    sid: str
    counter: int
    journal_sha256: str


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


@dataclass(frozen=True, slots=True, kw_only=True)
class LogBatch:
    """``log``: device-log lines from ``first`` on; none asks how many the bureau holds."""

    first: int
    lines: tuple[bytes, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceState:
    """``state``, retained: how a device says it is, signed by nobody, for people to look at.

    Attributes:
        online: False in the will, which the broker publishes once the connection is gone.
        docked: On the cradle.
        recording: A session is open; None where the dock does not know.
        battery_percent: 0 to 100; None where the gauge does not answer.
        charging: None where the gauge does not answer.
        backlog_sessions: Closed sessions without a stored receipt; over a thousand may be cut.
        oldest_sid: The oldest of them; None where there is none.
        pushed_bytes: Content bytes sent since the recorder was docked.
        firmware: What runs on the device.
        utc: Its wall clock, RFC 3339 with microseconds.
        utc_source: How that clock was set (``evidence.moments.TimeSource``).
    """

    online: bool
    docked: bool
    recording: bool | None = None
    battery_percent: int | None = None
    charging: bool | None = None
    backlog_sessions: int = 0
    oldest_sid: str | None = None
    pushed_bytes: int = 0
    firmware: str
    utc: str
    utc_source: str


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
_STATE_SCHEMA: s.Schema = {
    "online": s.boolean,
    "docked": s.boolean,
    "recording": s.optional(s.boolean),
    "battery_percent": s.optional(s.integer(0, 100)),
    "charging": s.optional(s.boolean),
    "backlog_sessions": s.natural,
    "oldest_sid": s.optional(s.session),
    "pushed_bytes": s.natural,
    "firmware": s.text,
    "utc": s.utc,
    "utc_source": s.text,
}
_META_SCHEMA: s.Schema = {
    "name": s.file_name,
    "size": s.natural,
    "checksum": s.sha256,
    "expire_at": s.optional(s.natural),
    "segments_ttl": s.optional(s.natural),
    "user_data": s.fields({"sid": s.session, "counter": s.natural, "journal_sha256": s.sha256}),
}
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
# A torn line is sent as it was found, byte for byte: Latin-1 maps every byte to one character.
_LINE = s.satisfying(
    lambda line: (
        isinstance(line, str) and len(line) <= MAX_LINE_BYTES and max(line, default="") < "\u0100"
    ),
    "one line of bytes",
)
_LOG_SCHEMA: s.Schema = {"first": s.natural, "lines": s.many(_LINE, most=MAX_FILES)}


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


def encode_meta(meta: FileMeta) -> bytes:
    """The payload of ``init``."""
    return canonical.dumps(
        {
            "name": meta.name,
            "size": meta.size,
            "checksum": meta.checksum,
            "expire_at": None,
            "segments_ttl": None,
            "user_data": {
                "sid": meta.sid,
                "counter": meta.counter,
                "journal_sha256": meta.journal_sha256,
            },
        }
    )


def decode_meta(payload: bytes) -> FileMeta:
    """Read the payload of ``init``.

    Raises:
        WireError: Not well formed.
    """
    value = _load(payload, _META_SCHEMA, "init")
    user = value["user_data"]
    return FileMeta(
        name=value["name"],
        size=value["size"],
        checksum=value["checksum"],
        sid=user["sid"],
        counter=user["counter"],
        journal_sha256=user["journal_sha256"],
    )


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
    value = _load(payload, _RESPONSE_SCHEMA, "rsp")
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


def encode_log(batch: LogBatch) -> bytes:
    """The payload of ``…/log``."""
    return canonical.dumps(
        {"first": batch.first, "lines": [line.decode("latin-1") for line in batch.lines]}
    )


def decode_log(payload: bytes) -> LogBatch:
    """Read the payload of ``…/log``.

    Raises:
        WireError: Not well formed.
    """
    value = _load(payload, _LOG_SCHEMA, "log")
    return LogBatch(
        first=value["first"], lines=tuple(line.encode("latin-1") for line in value["lines"])
    )


def encode_state(state: DeviceState) -> bytes:
    """The payload of ``…/state``."""
    return canonical.dumps(asdict(state))


def decode_state(payload: bytes) -> DeviceState:
    """Read the payload of ``…/state``.

    Raises:
        WireError: Not well formed.
    """
    return DeviceState(**_load(payload, _STATE_SCHEMA, "state"))


def encode_plan_ack(ack: PlanAck) -> bytes:
    """The payload of ``…/plan/ack``."""
    return canonical.dumps(asdict(ack))


def decode_plan_ack(payload: bytes) -> PlanAck:
    """Read the payload of ``…/plan/ack``.

    Raises:
        WireError: Not well formed.
    """
    return PlanAck(**_load(payload, _ACK_SCHEMA, "plan/ack"))


def encode_word_ack(ack: WordAck) -> bytes:
    """The payload of ``…/roster/ack`` and ``…/policy/ack``."""
    return canonical.dumps(asdict(ack))


def decode_word_ack(payload: bytes) -> WordAck:
    """Read the payload of ``…/roster/ack`` or ``…/policy/ack``.

    Raises:
        WireError: Not well formed.
    """
    return WordAck(**_load(payload, _WORD_ACK_SCHEMA, "ack"))


def _load(payload: bytes, schema: s.Schema, path: str) -> JsonObject:
    try:
        value = canonical.loads(payload, limit=MAX_MESSAGE_BYTES)
        s.check_fields(schema, value, path)
    except (MalformedError, RecordError) as error:
        raise WireError(error.detail) from error
    return value
