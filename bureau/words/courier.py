"""The courier of the bureau's words: assignments and policies, retained.

Owns what is published anew, when, and what a recorder answered. Refuses to believe an answer to
other bytes than are in force, and to send anything to a device that may not speak.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Final

from bureau.cradles import Cradles
from bureau.errors import BureauError, RefusedError
from bureau.intake.message import Outgoing
from bureau.intake.stores import Office
from bureau.words.answers import Answered
from bureau.words.shelf import KINDS, Kind, Sent
from evidence import wire
from evidence.wire import Topics

_log = logging.getLogger(__name__)

LOOK_NS: Final = 1_000_000_000
"""How often the folder is looked at for what a clerk published meanwhile."""
AGAIN_NS: Final = 30_000_000_000
"""A recorder on the cradle that has not adopted a word by then is sent it again."""
MOST_AT_ONCE: Final = 16
"""Words published in one turn: a new rulebook for 200 recorders must not keep receipts waiting."""

_LONGEST_CODE: Final = 64

_Key = tuple[Kind, str]


class WordCourier:
    """Publishes words and hears the answers. One thread uses it.

    Args:
        office: The bureau.
        cradles: Who sits on the cradle.
    """

    def __init__(self, office: Office, cradles: Cradles) -> None:
        self._office = office
        self._cradles = cradles
        self._published: dict[_Key, tuple[str, int]] = {}
        self._looked_ns: int | None = None

    def begin(self) -> None:
        """A new connection to the broker: what it keeps is not relied on."""
        self._published.clear()
        self._looked_ns = None

    def greet(self, device: str) -> list[Outgoing]:
        """A recorder said that it is docked: send it what it has not adopted."""
        return list(self._due(device, self._office.clock.mono_ns()))

    def turn(self) -> list[Outgoing]:
        """Publish what has changed meanwhile, and again what nobody answered."""
        now_ns = self._office.clock.mono_ns()
        if self._looked_ns is not None and now_ns - self._looked_ns < LOOK_NS:
            return []
        self._office.words.look()
        outgoing: list[Outgoing] = []
        for device in self._office.registry.devices():
            outgoing += self._due(device, now_ns)
            if len(outgoing) >= MOST_AT_ONCE:
                return outgoing  # the rest at once, in the next turn
        self._looked_ns = now_ns
        return outgoing

    def take_answer(self, kind: Kind, device: str, payload: bytes) -> None:
        """Note what a recorder made of a word.

        Raises:
            WireError: Not an answer.
            RefusedError: It names another number than the word has.
        """
        ack = wire.decode_word_ack(payload)
        word = self._office.words.find(kind, device)
        if word is None or ack.sha256 != word.sha256:
            _log.info("%s answered to a %s that is no longer in force", device, kind)
            return
        if ack.state != "refused" and ack.number != word.number:
            raise RefusedError(f"the answer names another number than {word.number}")
        if ack.state == "refused":
            _log.warning("%s refused %s %d: %s", device, kind, word.number, ack.code)
        answered = Answered(
            number=word.number,
            state=ack.state,
            sha256=word.sha256,
            code=ack.code[:_LONGEST_CODE],
            utc=self._office.clock.utc(),
        )
        self._office.answers.put(kind, device, answered)

    def _due(self, device: str, now_ns: int) -> Iterator[Outgoing]:
        for kind in KINDS if self._may_hear(device) else ():
            word = self._office.words.find(kind, device)
            if word is not None and self._is_due(kind, device, word, now_ns):
                self._published[kind, device] = (word.sha256, now_ns)
                topics = Topics(device)
                topic = topics.roster if kind == "roster" else topics.policy
                yield Outgoing(topic, word.content, retain=True)

    def _is_due(self, kind: Kind, device: str, word: Sent, now_ns: int) -> bool:
        answered = self._office.answers.find(kind, device)
        current = answered is not None and answered.sha256 == word.sha256
        if answered is not None and current and answered.state == "adopted":
            return False
        sha256, sent_ns = self._published.get((kind, device), ("", 0))
        if sha256 != word.sha256:
            return True
        # The broker keeps it for whoever is away. What was refused is offered at the next docking.
        if answered is not None and current and answered.state == "refused":
            return False
        return device in self._cradles and now_ns - sent_ns >= AGAIN_NS

    def _may_hear(self, device: str) -> bool:
        try:
            self._office.registry.admit(device)
        except BureauError:
            return False
        return True
