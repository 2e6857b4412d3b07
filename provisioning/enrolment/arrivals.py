"""Devices that arrived over the network and wait for the clerk.

Owns the queue between the connections and the clerk. Refuses to let anybody through whose digits
were not typed as the device shows them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Event

from evidence.enrolment import is_digits, plain_digits
from provisioning.enrolment.admission import Applicant


@dataclass(slots=True, eq=False)
class Arrival:
    """One device at the desk.

    Attributes:
        applicant: What it asked.
        digits: What it shows, if nobody stands between.
        decided: Set once the clerk has answered, or the device has gone.
        confirmed: Whether the digits were the same.
        done: Set once the answer is with the device, or it has gone.
        failure: Why it did not get its answer; None while nothing went wrong.
    """

    applicant: Applicant
    digits: str
    decided: Event = field(default_factory=Event)
    confirmed: bool = False
    done: Event = field(default_factory=Event)
    failure: str | None = None

    def decide(self, typed: str) -> bool:
        """The clerk's answer: the digits that the device shows; anything else refuses it."""
        self.confirmed = is_digits(typed) and plain_digits(typed) == plain_digits(self.digits)
        self.decided.set()
        return self.confirmed

    def leave(self, why: str) -> None:
        """The device has gone."""
        self.failure = why
        self.decided.set()
        self.done.set()


class Arrivals:
    """Who waits, in the order of coming."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Arrival] = SimpleQueue()

    def add(self, arrival: Arrival) -> None:
        """A device has come."""
        self._queue.put(arrival)

    def next(self, seconds: float) -> Arrival | None:
        """The next device that still waits; None where none came in time."""
        try:
            arrival = self._queue.get(timeout=seconds)
        except Empty:
            return None
        return None if arrival.decided.is_set() else arrival
