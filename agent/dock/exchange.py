"""One conversation with the desk, from the connection's beginning to its end.

Owns sending with back-pressure and sorting what comes in: confirmations are counted, receipts,
session plans, the bureau's words, its challenge and its time go to the vault, answers to whoever
asked. Refuses trust and persistence: what is malformed is logged and ignored, and when the
connection ends nothing is left of it.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from agent.dock.link import (
    FAILURE,
    NO_SUBSCRIBER,
    NOT_AUTHORISED,
    Arrived,
    Confirmed,
    Connected,
    Link,
    LinkEvent,
    Lost,
    Mailbox,
    Subscribed,
    Will,
)
from agent.dock.presence import Presence
from agent.dock.to_vault.challenges import ChallengeDesk
from agent.dock.to_vault.client import WordKind
from agent.dock.to_vault.plans import PlanDesk
from agent.dock.to_vault.receipts import ReceiptDesk
from agent.dock.to_vault.updates import UpdateDesk
from agent.dock.to_vault.words import WordDesk
from agent.errors import LinkError
from evidence import wire
from evidence.digests import CHUNK_BYTES
from evidence.errors import WireError
from evidence.wire import MAX_PACKET_BYTES, Response, Topics

_log = logging.getLogger(__name__)

_NS: Final = 1_000_000_000
MOST_UNCONFIRMED: Final = 16
MOST_UNCONFIRMED_BYTES: Final = 3 * CHUNK_BYTES
"""What the link may hold at a time: it keeps the memory small, the window keeps the line full."""
_MOST_COMPLAINTS: Final = 20


@dataclass(frozen=True, slots=True)
class _Message:
    topic: str
    payload: bytes | memoryview
    retain: bool


class Exchange:
    """A conversation; enter it to connect, leave it to cut the connection.

    Args:
        link: Fresh; the exchange owns it.
        presence: The cradle's contact.
        topics: The device's.
        receipts: Takes receipts to the vault.
        connect_seconds: Until a connection counts as refused: of a refused certificate the broker
            says nothing.
        will: What the broker says on ``…/state`` once the connection is gone.
    """

    def __init__(
        self,
        link: Link,
        presence: Presence,
        topics: Topics,
        receipts: ReceiptDesk,
        *,
        connect_seconds: float,
        will: bytes,
    ) -> None:
        self._link = link
        self.presence = presence
        self.topics = topics
        self.receipts = receipts
        self._plans = PlanDesk(receipts.vault)
        self._words = WordDesk(receipts.vault)
        self._challenges = ChallengeDesk(receipts.vault)
        self._answering = {
            topics.challenge: (self._challenges.answer, topics.challenge_answer),
            topics.update: (UpdateDesk(receipts.vault).take, topics.update_wish),
        }
        self._connect_seconds = connect_seconds
        self._will = Will(topics.state, will)
        self._mailbox = Mailbox(presence.bell)
        self._outbox: deque[_Message] = deque()
        self._unconfirmed: dict[int, int] = {}
        self._unconfirmed_bytes = 0
        self._most_unconfirmed = MOST_UNCONFIRMED
        self._connected = False
        self._complaints = 0
        self.answers = 0

    def __enter__(self) -> Self:
        try:
            self._link.open(self._mailbox, self._will)
            self._await_connection()
            topics = self.topics
            self._link.subscribe(
                (
                    *(topics.response, topics.receipts, topics.plan, topics.roster),
                    *(topics.policy, topics.challenge, topics.time, topics.update),
                )
            )
        except BaseException:
            self._link.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._link.close()

    def has_room(self) -> bool:
        """Whether one more message would go out at once."""
        return not self._outbox and self._link_has_room()

    def publish(self, topic: str, payload: bytes | memoryview, *, retain: bool = False) -> None:
        """Send a message, now or as soon as the broker has confirmed earlier ones.

        Raises:
            LinkError: The connection is gone.
        """
        self._outbox.append(_Message(topic, payload, retain))
        self._send()

    def receive(self, until_ns: int) -> Response | None:
        """The desk's next answer.

        Returns:
            None when something else has happened, a slice of time has passed or ``until_ns`` has
            come: look again.

        Raises:
            LinkError: The connection ended, the desk is absent or this device may not publish.
            UndockedError: The recorder was lifted.
            StoppedError: The process has to end.
            VaultError: Something for the vault came and it is not there to take it.
        """
        self.presence.require()
        event = self._mailbox.take()
        if event is None:
            self.presence.wait(until_ns)
            self.presence.require()
            event = self._mailbox.take()
        return None if event is None else self._sort(event)

    def _await_connection(self) -> None:
        until_ns = self.presence.now_ns() + round(self._connect_seconds * _NS)
        while not self._connected:
            if self.presence.now_ns() >= until_ns:
                raise LinkError(
                    "the broker does not answer; if it does to others, "
                    "it refuses this device's certificate"
                )
            self.receive(until_ns)

    def _link_has_room(self) -> bool:
        return (
            len(self._unconfirmed) < self._most_unconfirmed
            and self._unconfirmed_bytes < MOST_UNCONFIRMED_BYTES
        )

    def _send(self) -> None:
        while self._outbox and self._link_has_room():
            message = self._outbox.popleft()
            token = self._link.publish(message.topic, message.payload, retain=message.retain)
            self._unconfirmed[token] = len(message.payload)
            self._unconfirmed_bytes += len(message.payload)

    def _sort(self, event: LinkEvent) -> Response | None:
        match event:
            case Connected():
                self._take_connection(event)
            case Subscribed(reasons=reasons):
                if any(reason >= FAILURE for reason in reasons):
                    raise LinkError(
                        f"the broker refuses the subscription: {reasons}", code="not_authorised"
                    )
            case Confirmed():
                self._take_confirmation(event)
            case Lost(reason=reason):
                raise LinkError(reason)
            case Arrived():
                return self._take_message(event)
        return None

    def _take_connection(self, event: Connected) -> None:
        most = event.most_packet_bytes
        if most is not None and most < MAX_PACKET_BYTES:
            raise LinkError(
                f"the broker takes packets of {most} bytes at most, a chunk needs "
                f"{MAX_PACKET_BYTES}; set max_packet_size in its configuration",
                code="packet_size",
            )
        self._most_unconfirmed = min(MOST_UNCONFIRMED, event.receive_maximum)
        self._connected = True

    def _take_confirmation(self, event: Confirmed) -> None:
        self._unconfirmed_bytes -= self._unconfirmed.pop(event.token, 0)
        if event.reason == NO_SUBSCRIBER:
            raise LinkError("nobody at the bureau is listening", code="desk_absent")
        if event.reason == NOT_AUTHORISED:
            raise LinkError("the broker does not let this device publish", code="not_authorised")
        if event.reason >= FAILURE:
            raise LinkError(f"the broker refused a message with reason 0x{event.reason:02x}")
        self._send()

    def _take_message(self, event: Arrived) -> Response | None:
        if event.topic == self.topics.response:
            return self._take_answer(event.payload)
        if event.topic.startswith(f"{self.topics.base}/receipt/"):
            taken = self.receipts.take(event.topic, event.payload)
            if taken is not None:
                self.publish(self.topics.receipt_ack(taken.sid, taken.kind), b"")
        elif event.topic == self.topics.plan:
            ack = self._plans.take(event.payload)
            self.publish(self.topics.plan_ack, wire.encode_plan_ack(ack))
        elif event.topic == self.topics.roster:
            self._take_word("roster", self.topics.roster_ack, event.payload)
        elif event.topic == self.topics.policy:
            self._take_word("policy", self.topics.policy_ack, event.payload)
        elif event.topic in self._answering:
            self._answer(*self._answering[event.topic], event.payload)
        elif event.topic == self.topics.time:
            self._challenges.take_time(event.payload)
        else:
            self._complain(f"a message on {event.topic[:80]!r}, which was not asked for")
        return None

    def _answer(self, ask: Callable[[bytes], bytes | None], answer_to: str, content: bytes) -> None:
        """What the vault has to say to a message, where it says anything."""
        answer = ask(content)
        if answer is not None:
            self.publish(answer_to, answer)

    def _take_word(self, kind: WordKind, answer_to: str, content: bytes) -> None:
        ack = self._words.take(kind, content)
        if ack is not None:
            self.publish(answer_to, wire.encode_word_ack(ack))

    def _take_answer(self, payload: bytes) -> Response | None:
        try:
            answer = wire.decode_response(payload)
        except WireError as error:
            self._complain(f"a malformed answer: {error.detail[:200]}")
            return None
        self.answers += 1
        return answer

    def _complain(self, what: str) -> None:
        self._complaints += 1
        if self._complaints <= _MOST_COMPLAINTS:
            _log.warning("ignored %s", what)
