"""A receiving desk of a few lines: it believes everything and keeps it in memory.

What it answers can be overridden message by message, so that a test can have it be full, broken or
hostile. The real desk is ``bureau``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from evidence import manifest, wire
from evidence.digests import CHUNK_BYTES, sha256_hex
from evidence.ids import JOURNAL_NAME
from evidence.journal import split
from evidence.receipt import ReceiptKind
from evidence.wire import (
    ChunkTopic,
    DeviceTopic,
    FileMeta,
    FinTopic,
    InitTopic,
    LogTopic,
    ReasonCode,
    ReceiptAckTopic,
    Response,
    Topics,
)

Says = list[tuple[str, bytes]]
Override = Callable[[DeviceTopic, bytes], Says | None]


@dataclass
class Incoming:
    """A file that is arriving."""

    meta: FileMeta
    chunks: dict[int, bytes] = field(default_factory=dict)

    def have(self) -> tuple[tuple[int, int], ...]:
        return tuple((at, at + len(content)) for at, content in sorted(self.chunks.items()))

    def content(self) -> bytes:
        return b"".join(content for _, content in sorted(self.chunks.items()))


class ScriptedDesk:
    """The desk of one device.

    Args:
        device: Device id.
        sign: Makes receipts; by default just words that a fake vault takes.
    """

    def __init__(
        self, device: str, sign: Callable[[str, ReceiptKind], bytes] | None = None
    ) -> None:
        self.topics = Topics(device)
        self.lines: list[bytes] = []
        self.incoming: dict[str, Incoming] = {}
        self.archive: dict[tuple[str, str], bytes] = {}
        self.retained: dict[str, bytes] = {}
        self.heard: list[DeviceTopic] = []
        self.chunk_bytes = 0
        self.override: Override | None = None
        self._sign = sign or (lambda sid, kind: f"{kind} {sid}".encode())

    def hear(self, topic: str, payload: bytes) -> Says:
        """Take one message; returns what the desk publishes."""
        parsed = wire.parse_topic(topic)
        self.heard.append(parsed)
        if isinstance(parsed, ChunkTopic):
            self.chunk_bytes += len(payload)
        if self.override is not None and (says := self.override(parsed, payload)) is not None:
            return says
        return self.answer(parsed, topic, payload)

    def answer(self, parsed: DeviceTopic, topic: str, payload: bytes) -> Says:
        """What an honest desk says."""
        match parsed:
            case LogTopic():
                return self._log(topic, payload)
            case InitTopic():
                return self._init(parsed, topic, wire.decode_meta(payload))
            case ChunkTopic():
                return self._chunk(parsed, topic, payload)
            case FinTopic():
                return self._fin(parsed, topic)
            case ReceiptAckTopic():
                self.retained.pop(topic.removesuffix("/ack"), None)
                return []
            case _:
                return []

    def say(self, topic: str, code: ReasonCode = ReasonCode.SUCCESS, **values: object) -> Says:
        """One response."""
        response = Response(topic=topic, reason_code=code, **values)  # type: ignore[arg-type]
        return [(self.topics.response, wire.encode_response(response))]

    def named(self, topic: DeviceTopic) -> str:
        """The topic of a push as the device published it."""
        match topic:
            case ChunkTopic():
                return self.topics.chunk(topic.fid, topic.offset, topic.sha256)
            case FinTopic():
                return self.topics.fin(topic.fid, topic.size, topic.sha256)
            case InitTopic():
                return self.topics.init(topic.fid)
            case _:
                raise AssertionError(topic)

    def on_subscribe(self) -> Says:
        """The retained receipts."""
        return list(self.retained.items())

    def _log(self, topic: str, payload: bytes) -> Says:
        batch = wire.decode_log(payload)
        if batch.first == len(self.lines):
            self.lines += batch.lines
        return self.say(topic, next_index=len(self.lines))

    def _init(self, parsed: InitTopic, topic: str, meta: FileMeta) -> Says:
        if (meta.sid, meta.name) in self.archive:
            self.incoming.setdefault(parsed.fid, Incoming(meta))
            return self.say(topic, done=True)
        incoming = self.incoming.setdefault(parsed.fid, Incoming(meta))
        incoming.meta = meta
        return self.say(topic, have=incoming.have())

    def _chunk(self, parsed: ChunkTopic, topic: str, payload: bytes) -> Says:
        assert sha256_hex(payload) == parsed.sha256
        assert parsed.offset % CHUNK_BYTES == 0
        self.incoming[parsed.fid].chunks[parsed.offset] = payload
        return self.say(topic, acknowledged=(parsed.offset,))

    def _fin(self, parsed: FinTopic, topic: str) -> Says:
        incoming = self.incoming[parsed.fid]
        meta = incoming.meta
        if (meta.sid, meta.name) not in self.archive:
            content = incoming.content()
            if sha256_hex(content) != parsed.sha256:
                return self.say(topic, ReasonCode.RESEND, have=incoming.have())
            self.archive[meta.sid, meta.name] = content
        return self.say(topic, done=True) + self._receipts(meta.sid)

    def _receipts(self, sid: str) -> Says:
        journal = self.archive.get((sid, JOURNAL_NAME))
        if journal is None:
            return []
        named = manifest.files_of(split(journal).complete)
        whole = all((sid, one.name) in self.archive for one in named)
        kinds: list[ReceiptKind] = ["committed", "stored"] if whole else ["committed"]
        says = [(self.topics.receipt(sid, kind), self._sign(sid, kind)) for kind in kinds]
        self.retained.update(says)
        return says
