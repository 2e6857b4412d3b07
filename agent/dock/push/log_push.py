"""Pushing the device log: it goes before everything else and says what else there is.

Owns cutting the log into batches and continuing where the desk says it is. Refuses to hold the
log in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from agent.dock.exchange import Exchange
from agent.dock.push.backlog import lines_of
from agent.errors import LinkError, UnreadableError
from evidence import wire
from evidence.canonical import dumps
from evidence.limits import MAX_FILES
from evidence.wire import LogBatch, ReasonCode, Response

MOST_BATCH_BYTES: Final = 900_000
_NS: Final = 1_000_000_000
_MOST_STALLS: Final = 3


class LogPusher:
    """Pushes the device log over one exchange.

    Args:
        exchange: Open.
        answer_seconds: Until a silent desk is given up.
    """

    def __init__(self, exchange: Exchange, *, answer_seconds: float) -> None:
        self._exchange = exchange
        self._answer_ns = round(answer_seconds * _NS)

    def greet(self) -> None:
        """Ask where the desk is, and so have it challenge this recorder before anything else.

        Raises:
            LinkError: The connection ended, or the desk is silent or refuses the log.
            UndockedError: The recorder was lifted.
        """
        self._ask(LogBatch(first=0))

    def push(self, path: Path, length: int) -> None:
        """Bring the desk to the last whole line within ``length`` bytes.

        Raises:
            LinkError: The connection ended, or the desk is silent or refuses the log.
            UnreadableError: The log cannot be read.
            UndockedError: The recorder was lifted.
        """
        held = self._ask(LogBatch(first=0))
        batches = _batches(path, length, held)
        stalls = 0
        while (lines := next(batches, ())) and stalls < _MOST_STALLS:
            after = self._ask(LogBatch(first=held, lines=lines))
            if after != held + len(lines):
                batches = _batches(path, length, after)
            stalls = stalls + 1 if after <= held else 0
            held = after
        if lines:
            raise LinkError("the desk does not take the device log", code="desk_refused")

    def _ask(self, batch: LogBatch) -> int:
        """Send a batch; returns how many lines the desk holds."""
        presence = self._exchange.presence
        while True:
            self._exchange.publish(self._exchange.topics.log, wire.encode_log(batch))
            answer = self._await()
            match answer.reason_code:
                case ReasonCode.REFUSED:
                    raise LinkError(
                        f"the desk refuses the device log: {answer.reason_description}",
                        code="desk_refused",
                    )
                case ReasonCode.SUCCESS if answer.next_index is not None:
                    return answer.next_index
                case _:
                    presence.rest(1 if answer.retry_after_s is None else answer.retry_after_s)

    def _await(self) -> Response:
        presence = self._exchange.presence
        until_ns = presence.now_ns() + self._answer_ns
        while presence.now_ns() < until_ns:
            answer = self._exchange.receive(until_ns)
            if answer is not None and answer.topic == self._exchange.topics.log:
                return answer
        raise LinkError("the desk does not answer", code="desk_silent")


def _batches(path: Path, length: int, first: int) -> Iterator[tuple[bytes, ...]]:
    """The lines from ``first`` on, in batches that fit one message each."""
    batch: list[bytes] = []
    size = 0
    for line in islice(lines_of(path, length=length), first, None):
        # As it travels: a torn line's odd bytes take up to six each.
        weight = len(dumps({"": line.decode("latin-1")}))
        if weight > MOST_BATCH_BYTES:
            raise UnreadableError(f"{path} holds a line that no message can carry")
        if batch and (size + weight > MOST_BATCH_BYTES or len(batch) == MAX_FILES):
            yield tuple(batch)
            batch, size = [], 0
        batch.append(line)
        size += weight
    if batch:
        yield tuple(batch)
