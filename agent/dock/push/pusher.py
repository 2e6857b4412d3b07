"""Pushing files over one exchange, several at a time, within one window.

Owns the order of init, chunks and fin, what each answer of the desk means for a file, and when a
silent desk is given up. Refuses to keep anything: what the bureau has, it says itself, each time.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from agent.dock.exchange import Exchange
from agent.dock.push.backlog import OpenFile, PushFile
from agent.dock.push.transfer import Stage, Transfer
from agent.dock.push.window import Window
from agent.errors import LinkError, UnreadableError
from evidence import wire
from evidence.digests import CHUNK_BYTES
from evidence.errors import WireError
from evidence.wire import ChunkTopic, FileMeta, FinTopic, InitTopic, ReasonCode, Response

_log = logging.getLogger(__name__)

_NS: Final = 1_000_000_000
MOST_ACTIVE: Final = 8
"""Files under way at a time: enough that the line never waits for a file to be ended."""
_JUDGED_BYTES_PER_S: Final = 20_000_000
"""A slow desk: a recording of 8 hours (16 GB) may keep it busy for minutes."""
_PAUSE_SECONDS: Final = 1
_LONGEST_PAUSE_SECONDS: Final = 300
"""Nobody signs an answer: a longer pause than this is asked for again."""


@dataclass(kw_only=True)
class PushCount:
    """What was sent since the recorder was docked.

    Attributes:
        files: Archived by the bureau, or found archived there.
        chunks: Sent.
        bytes: Of content sent.
        resent_bytes: Sent again within one connection because the desk asked for it.
        connections: Made.
    """

    files: int = 0
    chunks: int = 0
    bytes: int = 0
    resent_bytes: int = 0
    connections: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be pushed now."""

    file: PushFile
    why: str


@dataclass
class _Active:
    """A file under way and its bytes on the card."""

    transfer: Transfer
    content: OpenFile
    sent_once: set[int] = field(default_factory=set)


class Pusher:
    """Pushes files; one for each exchange.

    Args:
        exchange: Open.
        window_bytes: The device's own bound on bytes in flight.
        answer_seconds: Until a silent desk is given up.
        count: Where what was sent is counted.
    """

    def __init__(
        self, exchange: Exchange, *, window_bytes: int, answer_seconds: float, count: PushCount
    ) -> None:
        self._exchange = exchange
        self._device = exchange.topics.device
        self._window = Window(window_bytes)
        self._answer_ns = round(answer_seconds * _NS)
        self._count = count
        self._active: dict[str, _Active] = {}
        self._waiting: PushFile | None = None
        self._failures: list[Failure] = []
        self._heard_ns = 0
        self._hold_ns = 0

    def push(self, files: Iterable[PushFile]) -> list[Failure]:
        """Push ``files`` in their order; returns when each is archived or has failed.

        Raises:
            LinkError: The connection ended or the desk is silent; next time all is asked anew.
            UndockedError: The recorder was lifted.
            UnreadableError: A journal that names files cannot be read.
        """
        queue = iter(files)
        self._failures = []
        self._heard_ns = self._now_ns()
        try:
            while self._begin_files(queue):
                self._send()
                until_ns = self._next_ns()
                self._require_answers(until_ns)
                answer = self._exchange.receive(until_ns)
                if answer is not None:
                    self._take(answer)
        finally:
            self._close_all()
        return self._failures

    def _now_ns(self) -> int:
        return self._exchange.presence.now_ns()

    # What goes out.

    def _begin_files(self, queue: Iterator[PushFile]) -> bool:
        """Ask about as many files as may be under way; False when nothing is left to do."""
        while self._may_begin():
            self._waiting = self._waiting or next(queue, None)
            if self._waiting is None or self._paused or not self._begin(self._waiting):
                break
            self._waiting = None
        return bool(self._active) or self._waiting is not None

    @property
    def _paused(self) -> bool:
        return self._now_ns() < self._hold_ns

    def _may_begin(self) -> bool:
        """Where the window is shut, one file at a time asks whether it still is."""
        return not self._active or (len(self._active) < MOST_ACTIVE and not self._window.shut)

    def _begin(self, file: PushFile) -> bool:
        """Ask about ``file``; False when it has to wait for another one."""
        transfer = Transfer(self._device, file)
        if transfer.fid in self._active:
            # The same bytes under another name are the same transfer: one after the other.
            return False
        try:
            content = OpenFile(file)
        except UnreadableError as error:
            self._fail(file, error.detail)
            return True
        if not self._active:
            self._heard_ns = self._now_ns()
        self._active[transfer.fid] = _Active(transfer, content)
        self._ask(transfer)
        return True

    def _ask(self, transfer: Transfer) -> None:
        file = transfer.file
        meta = FileMeta(
            name=file.name,
            size=file.facts.size,
            checksum=file.facts.sha256,
            sid=file.sid,
            counter=file.counter,
            journal_sha256=file.journal_sha256,
        )
        transfer.ask()
        self._exchange.publish(self._exchange.topics.init(transfer.fid), wire.encode_meta(meta))

    def _send(self) -> None:
        """Send what pause, window and link allow, oldest file first."""
        if self._paused:
            return
        self._heard_ns = max(self._heard_ns, self._hold_ns)
        self._ask_again()
        for active in list(self._active.values()):
            self._send_chunks(active)
            if active.transfer.is_complete:
                self._end(active.transfer)
            if active.transfer.over:
                self._finish(active)

    def _ask_again(self) -> None:
        """The pause is over: ask for what was held, and, the window being shut, for credit."""
        transfers = [active.transfer for active in self._active.values()]
        for transfer in transfers:
            if transfer.stage is Stage.HELD:
                self._ask(transfer)
        if self._window.shut and not any(one.stage is Stage.ASKING for one in transfers):
            sending = (one for one in transfers if one.stage is Stage.SENDING)
            if (first := next(sending, None)) is not None:
                self._ask(first)

    def _send_chunks(self, active: _Active) -> None:
        transfer = active.transfer
        while self._exchange.has_room() and (index := transfer.next_chunk) is not None:
            if not self._window.has_room(transfer.file.chunk_size(index)):
                return
            try:
                content = active.content.chunk(index)
            except UnreadableError as error:
                transfer.fail(error.detail)
                return
            self._publish_chunk(active, index, content)

    def _publish_chunk(self, active: _Active, index: int, content: memoryview) -> None:
        transfer = active.transfer
        topic = self._exchange.topics.chunk(
            transfer.fid, index * CHUNK_BYTES, transfer.file.facts.chunks[index]
        )
        self._exchange.publish(topic, content)
        transfer.sent(index)
        self._window.take(len(content))
        self._count.chunks += 1
        self._count.bytes += len(content)
        if index in active.sent_once:
            self._count.resent_bytes += len(content)
        active.sent_once.add(index)

    def _end(self, transfer: Transfer) -> None:
        transfer.end()
        facts = transfer.file.facts
        self._exchange.publish(
            self._exchange.topics.fin(transfer.fid, facts.size, facts.sha256), b""
        )

    # What comes in.

    def _next_ns(self) -> int:
        """When to look again although nothing came."""
        return max(self._heard_ns + self._answer_ns + self._judging_ns(), self._hold_ns)

    def _judging_ns(self) -> int:
        """What the desk may take on top where it reads back whole files and sessions."""
        ending = (
            active.transfer.file
            for active in self._active.values()
            if active.transfer.stage is Stage.ENDING
        )
        most = max((max(file.facts.size, file.settled_bytes) for file in ending), default=0)
        return most * _NS // _JUDGED_BYTES_PER_S

    def _require_answers(self, until_ns: int) -> None:
        """Give up a desk that has been silent for too long while something is under way."""
        if self._active and self._now_ns() >= until_ns:
            raise LinkError("the desk does not answer", code="desk_silent")

    def _take(self, answer: Response) -> None:
        try:
            topic = wire.parse_topic(answer.topic)
        except WireError:
            return  # an answer to something that this device never sends
        if not isinstance(topic, InitTopic | ChunkTopic | FinTopic):
            return
        active = self._active.get(topic.fid)
        if active is None or topic.device != self._device:
            return  # of an earlier connection
        self._heard_ns = self._now_ns()
        self._window.grant(answer.credit)
        if answer.retry_after_s is not None or answer.credit == 0:
            self._pause(answer.retry_after_s)
        self._apply(active, topic, answer)
        if active.transfer.over:
            self._finish(active)

    def _apply(
        self, active: _Active, topic: InitTopic | ChunkTopic | FinTopic, answer: Response
    ) -> None:
        transfer = active.transfer
        for offset in answer.acknowledged:
            self._window.give(transfer.arrived(offset))
        match topic, answer.reason_code:
            case _, ReasonCode.REFUSED:
                transfer.fail(answer.reason_description or "the desk refuses it")
            case ChunkTopic(), ReasonCode.SUCCESS:
                self._window.give(transfer.arrived(topic.offset))
            case ChunkTopic(), ReasonCode.PAUSE:
                self._pause(answer.retry_after_s)
                self._window.give(transfer.bounced(topic.offset))
            case ChunkTopic(), ReasonCode.RESEND:
                self._resend(active, topic.offset)
            case InitTopic() | FinTopic(), ReasonCode.PAUSE:
                self._pause(answer.retry_after_s)
                transfer.hold()
            case InitTopic(), _ if transfer.stage is Stage.ASKING:
                self._learn(transfer, answer)
            case FinTopic(), ReasonCode.SUCCESS if answer.done:
                transfer.finish()
            case FinTopic(), _ if transfer.stage is Stage.ENDING:
                transfer.fall_short(answer.have)
            case _:
                pass  # an answer that came twice, or after its question was settled

    def _learn(self, transfer: Transfer, answer: Response) -> None:
        if not answer.done:
            transfer.learn(answer.have)
        elif transfer.file.settles:
            # The bytes are there; the receipt may have been lost on its way: fin brings it again.
            self._end(transfer)
        else:
            transfer.finish()

    def _resend(self, active: _Active, offset: int) -> None:
        transfer = active.transfer
        size = transfer.bounced(offset)
        self._window.give(size)
        if not size or not transfer.spoilt(offset):
            return
        try:
            active.content.require_sound(offset // CHUNK_BYTES)
        except UnreadableError as error:
            transfer.fail(error.detail)
        else:
            transfer.fail(f"the chunk at {offset} arrives wrong again and again")

    def _pause(self, seconds: int | None) -> None:
        wait_s = min(_PAUSE_SECONDS if seconds is None else seconds, _LONGEST_PAUSE_SECONDS)
        self._hold_ns = max(self._hold_ns, self._now_ns() + wait_s * _NS)

    # What is over.

    def _finish(self, active: _Active) -> None:
        transfer = active.transfer
        del self._active[transfer.fid]
        active.content.close()
        self._window.give(transfer.flying_bytes)
        if transfer.stage is Stage.FAILED:
            self._fail(transfer.file, transfer.failure)
        else:
            self._count.files += 1

    def _fail(self, file: PushFile, why: str) -> None:
        _log.warning("%s of session %s cannot be pushed: %s", file.name, file.sid, why)
        self._failures.append(Failure(file, why))

    def _close_all(self) -> None:
        for active in self._active.values():
            active.content.close()
        self._active.clear()
        self._waiting = None
