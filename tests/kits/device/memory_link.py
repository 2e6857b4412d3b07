"""A link without a network: what the dock publishes goes to a scripted desk at once."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from agent.dock.link import (
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
from agent.errors import LinkError
from evidence.digests import CHUNK_BYTES
from tests.kits.device.scripted_desk import ScriptedDesk


class Network:
    """What lies between dock and desk.

    Attributes:
        connected: What the broker says of a new connection.
        reason: What it says of a message; by default it found a subscriber.
        on_publish: Called before each message; may raise or cut.
        sent: Topics and sizes, over all connections.
        wills: Published wills.
    """

    def __init__(self, desk: ScriptedDesk) -> None:
        self.desk = desk
        self.connected: LinkEvent | None = Connected(None, 20)
        self.subscribed: LinkEvent = Subscribed((1, 1))
        self.reason: Callable[[str], int] = lambda _topic: 0
        self.on_publish: Callable[[str, bytes], None] | None = None
        self.on_link: Callable[[], None] | None = None
        self.is_delivering = True
        self.confirms_at_once = True
        self.sent: list[tuple[str, int]] = []
        self.retained: dict[str, bytes] = {}
        self.links: list[MemoryLink] = []

    def make_link(self) -> MemoryLink:
        """A fresh link."""
        if self.on_link is not None:
            self.on_link()
        self.links.append(MemoryLink(self))
        return self.links[-1]

    def cut(self) -> None:
        """The connection that is open now breaks."""
        self.links[-1].break_off("cut")

    def sent_bytes(self, part: str) -> int:
        """Bytes sent to topics that hold ``part``."""
        return sum(size for topic, size in self.sent if part in topic)


class MemoryLink(Link):
    """One connection."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._mailbox: Mailbox | None = None
        self._tokens = count(1)
        self.is_open = False
        self._unconfirmed: dict[int, int] = {}
        self.most_unconfirmed_bytes = 0

    def open(self, mailbox: Mailbox, will: Will) -> None:
        self._mailbox = mailbox
        self.will = will
        self.is_open = True
        if self._network.connected is not None:
            mailbox.put(self._network.connected)

    def publish(self, topic: str, payload: bytes | memoryview, *, retain: bool = False) -> int:
        if not self.is_open or self._mailbox is None:
            raise LinkError("the connection is gone")
        network, payload = self._network, bytes(payload)
        if network.on_publish is not None:
            network.on_publish(topic, payload)
        token = next(self._tokens)
        if not self.is_open:
            return token
        network.sent.append((topic, len(payload)))
        if retain:
            network.retained[topic] = payload
        self._unconfirmed[token] = len(payload)
        self.most_unconfirmed_bytes = max(
            self.most_unconfirmed_bytes, sum(self._unconfirmed.values())
        )
        if network.confirms_at_once or sum(self._unconfirmed.values()) > CHUNK_BYTES:
            self._confirm(network.reason(topic))
        if network.is_delivering:
            self.hear(network.desk.hear(topic, payload))
        return token

    def _confirm(self, reason: int) -> None:
        for token in self._unconfirmed:
            self.hear_event(Confirmed(token, reason))
        self._unconfirmed.clear()

    def hear(self, says: list[tuple[str, bytes]]) -> None:
        """Messages arrive."""
        for topic, payload in says:
            self.hear_event(Arrived(topic, payload))

    def hear_event(self, event: LinkEvent) -> None:
        if self._mailbox is not None and self.is_open:
            self._mailbox.put(event)

    def subscribe(self, topics: tuple[str, ...]) -> None:
        self.hear_event(self._network.subscribed)
        if self._network.is_delivering:
            self.hear(self._network.desk.on_subscribe())

    def break_off(self, reason: str) -> None:
        """The network ends it."""
        self.hear_event(Lost(reason))
        self.is_open = False

    def close(self) -> None:
        self.is_open = False
