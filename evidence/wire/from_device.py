"""What a recorder says of its own: a file that it is about to push, its log, how it is.

Owns these messages and their payloads. Refuses judgement: the bureau believes what is signed, and
nothing here is but the lines of the log.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from evidence import canonical
from evidence import schema as s
from evidence.limits import MAX_FILES, MAX_LINE_BYTES
from evidence.wire.packets import load


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


_META_SCHEMA: s.Schema = {
    "name": s.file_name,
    "size": s.natural,
    "checksum": s.sha256,
    "expire_at": s.optional(s.natural),
    "segments_ttl": s.optional(s.natural),
    "user_data": s.fields({"sid": s.session, "counter": s.natural, "journal_sha256": s.sha256}),
}
# A torn line is sent as it was found, byte for byte: Latin-1 maps every byte to one character.
_LINE = s.satisfying(
    lambda line: (
        isinstance(line, str) and len(line) <= MAX_LINE_BYTES and max(line, default="") < "\u0100"
    ),
    "one line of bytes",
)
_LOG_SCHEMA: s.Schema = {"first": s.natural, "lines": s.many(_LINE, most=MAX_FILES)}
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
    value = load(payload, _META_SCHEMA, "init")
    user = value["user_data"]
    return FileMeta(
        name=value["name"],
        size=value["size"],
        checksum=value["checksum"],
        sid=user["sid"],
        counter=user["counter"],
        journal_sha256=user["journal_sha256"],
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
    value = load(payload, _LOG_SCHEMA, "log")
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
    return DeviceState(**load(payload, _STATE_SCHEMA, "state"))
