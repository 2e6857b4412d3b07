"""The seam between the dock and whatever carries its messages.

Owns the ``Link`` port, the events that come out of one and the bounded mailbox they wait in.
Refuses meaning: that a broker confirmed a message says nothing about storage.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from dataclasses import dataclass
from threading import Event, Lock
from typing import Final, Protocol

NO_SUBSCRIBER: Final = 0x10
NOT_AUTHORISED: Final = 0x87
FAILURE: Final = 0x80
"""Reason codes of MQTT 5 from here on say that the broker did not take a message."""

MOST_WAITING_EVENTS: Final = 4_096
MOST_WAITING_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker took the connection.

    Attributes:
        most_packet_bytes: Its limit for one packet; None where it has none.
        receive_maximum: How many unconfirmed messages it accepts.
    """

    most_packet_bytes: int | None
    receive_maximum: int


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The broker's answer to a subscription; one reason code for each topic."""

    reasons: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The broker confirmed message ``token`` and says why; never a proof of storage."""

    token: int
    reason: int


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message from the desk, or from whoever could write there."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection ended, or never came to be. Nothing follows."""

    reason: str


LinkEvent = Connected | Subscribed | Confirmed | Arrived | Lost


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says for the device once the connection is gone (retained)."""

    topic: str
    payload: bytes


class Mailbox:
    """Events of one link on their way to the dock's loop.

    A broker that floods it loses the messages that do not fit, never the end of the connection:
    what the desk said is asked again after a timeout.

    Args:
        bell: Set whenever something was put in.
    """

    def __init__(self, bell: Event) -> None:
        self._bell = bell
        self._events: deque[LinkEvent] = deque()
        self._bytes = 0
        self._lock = Lock()
        self.overflowed = 0

    def put(self, event: LinkEvent) -> None:
        """Take an event from any thread."""
        with self._lock:
            if not self._fits(event):
                self.overflowed += 1
                return
            self._bytes += _weight(event)
            self._events.append(event)
        self._bell.set()

    def take(self) -> LinkEvent | None:
        """The oldest event, or None."""
        with self._lock:
            if not self._events:
                return None
            event = self._events.popleft()
            self._bytes -= _weight(event)
            return event

    def _fits(self, event: LinkEvent) -> bool:
        if isinstance(event, Lost):
            return True
        room = self._bytes + _weight(event) <= MOST_WAITING_BYTES
        return room and len(self._events) < MOST_WAITING_EVENTS


def _weight(event: LinkEvent) -> int:
    return len(event.payload) + len(event.topic) if isinstance(event, Arrived) else 0


class Link(Protocol):
    """One connection to the broker, used once."""

    @abstractmethod
    def open(self, mailbox: Mailbox, will: Will) -> None:
        """Begin to connect; ``Connected`` or ``Lost`` follows in ``mailbox``."""

    @abstractmethod
    def publish(self, topic: str, payload: bytes | memoryview, *, retain: bool = False) -> int:
        """Hand over a message at QoS 1; its ``Confirmed`` carries the token returned here.

        A view is held until it was sent: its bytes must not change any more.

        Raises:
            LinkError: The connection is gone.
        """

    @abstractmethod
    def subscribe(self, topics: tuple[str, ...]) -> None:
        """Ask for the messages on ``topics``; ``Subscribed`` follows.

        Raises:
            LinkError: The connection is gone.
        """

    @abstractmethod
    def close(self) -> None:
        """Cut the connection at once, mid-message too; no event follows. Idempotent."""
