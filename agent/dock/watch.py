"""The dock's loop: wait for the cradle, hand over, stop at once when lifted.

Owns when a connection is made, how long to wait after a failure and what the device log is told
of it. Refuses to end by itself for anything that the network, the desk or a restarting vault can
do.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Final

from agent.dock.backoff import Backoff
from agent.dock.exchange import Exchange
from agent.dock.presence import Presence
from agent.dock.push.handover import Handover, Pace
from agent.dock.push.pusher import PushCount
from agent.dock.state import StateTeller
from agent.dock.to_vault.receipts import ReceiptDesk
from agent.errors import (
    AgentError,
    LinkError,
    StoppedError,
    UndockedError,
    UnreadableError,
    VaultError,
)
from agent.vault.messages import Pending

_log = logging.getLogger(__name__)

_WATCH_NS: Final = 3_600_000_000_000
_LONGEST_DETAIL: Final = 300
_MOST_NOTES: Final = 32


class Watch:
    """The loop.

    Args:
        presence: The cradle's contact.
        receipts: Between the wire and the vault.
        connect: Makes an exchange over a fresh link.
        state: Tells the bureau how the device is.
        pace: The numbers of a push.
        backoff: Pauses after failures.
    """

    def __init__(
        self,
        presence: Presence,
        receipts: ReceiptDesk,
        connect: Callable[[], Exchange],
        state: StateTeller,
        *,
        pace: Pace,
        backoff: Backoff,
    ) -> None:
        self._presence = presence
        self._receipts = receipts
        self._connect = connect
        self._state = state
        self._pace = pace
        self._backoff = backoff
        self._notes: deque[tuple[str, str]] = deque(maxlen=_MOST_NOTES)
        self._reported = ""
        self.count = PushCount()

    def run(self) -> None:
        """Watch the cradle until the process has to end."""
        try:
            while True:
                if self._presence.docked():
                    self._docked()
                else:
                    self._presence.wait(self._presence.now_ns() + _WATCH_NS)
                self._flush_notes()
        except StoppedError:
            _log.info("asked to end")

    def _docked(self) -> None:
        _log.info("docked")
        self._reported = ""
        self._backoff.succeeded()
        self.count = PushCount()
        self._note("docked", "")
        try:
            while True:
                self._hand_over()
                self._presence.rest(self._backoff.next_seconds())
        except UndockedError:
            _log.info("undocked after %s", self.count)
            self._note("undocked", "")

    def _hand_over(self) -> None:
        """One connection, from its beginning to whatever ends it."""
        before = self._progress()
        try:
            with self._connect() as exchange:
                self._flush_notes()
                self.count.connections += 1
                handover = Handover(exchange, self._pace, self.count, self._tell(exchange))
                handover.run()
        except VaultError as error:
            # It is this device's own: it will be back in a moment, and nobody else waits for it.
            self._report(error)
            self._backoff.ease()
        except (LinkError, UnreadableError) as error:
            self._report(error)
        if self._progress() != before:
            self._backoff.succeeded()

    def _tell(self, exchange: Exchange) -> Callable[[Pending, str], None]:
        def tell(pending: Pending, failed: str) -> None:
            state = self._state.now(pending, pushed_bytes=self.count.bytes)
            exchange.publish(exchange.topics.state, state, retain=True)
            if failed:
                self._report(LinkError(failed, code="desk_refused"))

        return tell

    def _progress(self) -> tuple[int, int, int]:
        receipts = self._receipts
        return self.count.bytes, len(receipts.committed), len(receipts.stored)

    def _report(self, error: AgentError) -> None:
        """Log a failure; the device log is told once for each docking and kind."""
        _log.warning("the push failed: %s (%s)", error.detail, error.code)
        if error.code != self._reported:
            self._reported = error.code
            self._note("failed", f"{error.code}: {error.detail}"[:_LONGEST_DETAIL])

    def _note(self, state: str, detail: str) -> None:
        self._notes.append((state, detail))
        self._flush_notes()

    def _flush_notes(self) -> None:
        """Hand waiting notes to the vault; those it cannot take now wait on."""
        try:
            while self._notes:
                self._receipts.vault.note(*self._notes[0])
                self._notes.popleft()
        except VaultError as error:
            _log.warning("the vault takes no note now: %s", error.detail)
