"""Everything that is done over one connection: device log, journals, sealed files, receipts.

Owns the order (commit first: what happened is provable before the bulk has moved) and what is still
waited for. Refuses to call anything delivered: a session is done when the vault took the bureau's
``stored`` receipt and no longer lists it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from agent.dock.exchange import Exchange
from agent.dock.push.backlog import PushFile, contents_of, journal_of
from agent.dock.push.log_push import LogPusher
from agent.dock.push.pusher import PushCount, Pusher
from agent.errors import LinkError, UnreadableError
from agent.vault.messages import Pending, PendingSession

_log = logging.getLogger(__name__)

_NS: Final = 1_000_000_000
_POLL_SECONDS: Final = 2
"""How often the vault is asked for new sessions while the recorder stays docked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The numbers of a push.

    Attributes:
        window_bytes: Most bytes in flight.
        answer_seconds: Until a silent desk is given up.
        retry_seconds: Until a file that could not be pushed is tried again.
    """

    window_bytes: int
    answer_seconds: float
    retry_seconds: float


class Handover:
    """The work of one exchange.

    Args:
        exchange: Open.
        pace: The numbers.
        count: Where what was sent is counted.
        tell: Given what is pending whenever it has changed, and what could not be pushed.
    """

    def __init__(
        self,
        exchange: Exchange,
        pace: Pace,
        count: PushCount,
        tell: Callable[[Pending, str], None],
    ) -> None:
        self._exchange = exchange
        self._vault = exchange.receipts.vault
        self._pace = pace
        self._tell = tell
        self._log_pusher = LogPusher(exchange, answer_seconds=pace.answer_seconds)
        self._pusher = Pusher(
            exchange,
            window_bytes=pace.window_bytes,
            answer_seconds=pace.answer_seconds,
            count=count,
        )
        self._log_bytes = -1
        self._failed: dict[str, str] = {}
        self._last: Pending | None = None

    def run(self) -> NoReturn:
        """Hand over what is there and what comes, until something ends it.

        Raises:
            LinkError: The connection ended, or the desk is silent or absent.
            VaultError: The vault cannot be reached.
            UnreadableError: The device log cannot be read.
            UndockedError: The recorder was lifted.
            StoppedError: The process has to end.
        """
        self._log_pusher.greet()
        while True:
            pending = self._vault.pending()
            self._failed = {}
            self._push_log(pending)
            if pending.sessions:
                self._push_sessions(pending.sessions)
            if pending != self._last or self._failed:
                self._last = pending
                self._tell(pending, "; ".join(self._failed.values()))
            if self._failed:
                self._idle(self._pace.retry_seconds)
            elif not pending.sessions:
                self._idle(_POLL_SECONDS)

    def _push_log(self, pending: Pending) -> None:
        if pending.log_bytes != self._log_bytes:
            self._log_pusher.push(Path(pending.device_log), pending.log_bytes)
            self._log_bytes = pending.log_bytes

    def _push_sessions(self, sessions: list[PendingSession]) -> None:
        receipts = self._exchange.receipts
        self._push(journal_of(session) for session in sessions)
        self._await([one.sid for one in sessions if not one.committed], lambda: receipts.committed)
        self._push(self._contents(sessions))
        self._await([one.sid for one in sessions], lambda: receipts.stored)

    def _contents(self, sessions: list[PendingSession]) -> Iterator[PushFile]:
        for session in sessions:
            if session.sid in self._failed or self._is_stored(session.sid):
                continue
            try:
                yield from contents_of(session)
            except UnreadableError as error:
                self._fail(session.sid, error.detail)

    def _push(self, files: Iterable[PushFile]) -> None:
        for failure in self._pusher.push(files):
            self._fail(failure.file.sid, f"{failure.file.name}: {failure.why}")

    def _fail(self, sid: str, why: str) -> None:
        """Remember a session that has to wait, unless all of it is receipted by now."""
        if not self._is_stored(sid):
            self._failed.setdefault(sid, f"session {sid}: {why}")

    def _is_stored(self, sid: str) -> bool:
        return sid in self._exchange.receipts.stored

    def _await(self, sids: list[str], receipted: Callable[[], set[str]]) -> None:
        """Wait until the vault took a receipt for each of ``sids`` that has not failed."""
        presence = self._exchange.presence
        missing = set(sids) - self._failed.keys() - receipted()
        until_ns = presence.now_ns() + round(self._pace.answer_seconds * _NS)
        while missing:
            if presence.now_ns() >= until_ns:
                raise LinkError(
                    f"the desk does not send the receipts of {len(missing)} sessions",
                    code="desk_silent",
                )
            self._exchange.receive(until_ns)
            if receipted() & missing:
                missing -= receipted()
                until_ns = presence.now_ns() + round(self._pace.answer_seconds * _NS)

    def _idle(self, seconds: float) -> None:
        presence = self._exchange.presence
        until_ns = presence.now_ns() + round(seconds * _NS)
        while presence.now_ns() < until_ns:
            self._exchange.receive(until_ns)
