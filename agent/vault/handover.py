"""Giving sessions to the bureau, as far as the vault has to do with it.

Owns what the dock is answered: what waits, what a receipt changed, and releasing what is due.
Refuses to release while something records, or where nobody has said how long to keep.
"""

from __future__ import annotations

import logging
from typing import Final

from agent.errors import ReceiptRefusedError, RefusedError
from agent.vault import answers
from agent.vault import messages as m
from agent.vault.chain.device_log import DeviceLog
from agent.vault.custody import Custody
from agent.vault.preflight.examination import Examination
from agent.vault.store.catalog import Catalog
from evidence.digests import sha256_hex
from hw.ports import Clock

_log = logging.getLogger(__name__)

RELEASE_EVERY_NS: Final = 60 * 1_000_000_000
MOST_REFUSALS: Final = 100
"""Refused receipts and plans recorded per start: a hostile broker must not fill the device log."""


class Handover:
    """Answers the dock.

    Args:
        custody: Verifies receipts and releases.
        log: Records what was refused.
        catalog: Follows what became of a session.
        examination: Knows the rulebook in force.
        clock: Tells when something is due.
    """

    def __init__(
        self,
        custody: Custody,
        log: DeviceLog,
        catalog: Catalog,
        examination: Examination,
        clock: Clock,
    ) -> None:
        self._custody = custody
        self._log = log
        self._catalog = catalog
        self._examination = examination
        self._clock = clock
        self._refusals_left = MOST_REFUSALS
        self._looked_ns: int | None = None

    def recover(self) -> None:
        """Finish what a crash cut short, and list every session."""
        self._custody.take_kept()
        self._custody.finish_releases()
        self._catalog.rebuild(
            [answers.catalog_row(self._log, sid) for sid in self._log.state.sessions]
        )

    def closed(self, sid: str) -> None:
        """A session was closed: it is listed."""
        self._catalog.put(answers.catalog_row(self._log, sid))

    def take_receipt(self, token: bytes, *, recording: bool) -> m.ToDock:
        """Verify a receipt and record it; release what it permits."""
        try:
            taken = self._custody.take(token)
        except ReceiptRefusedError as error:
            self.note_refused("receipt", error.detail, token)
            return m.Refused(code=error.code, detail=error.detail)
        released = self.release_due(recording=recording)
        self._catalog.put(answers.catalog_row(self._log, taken.sid))
        return m.ReceiptTaken(sid=taken.sid, kind=taken.kind, released=taken.sid in released)

    def note_refused(self, what: str, detail: str, token: bytes) -> None:
        """Sign that something from the dock was refused, up to a bound."""
        _log.warning("a %s was refused: %s", what, detail)
        if self._refusals_left > 0:
            self._refusals_left -= 1
            told = f"{detail[:900]} ({what} {sha256_hex(token)[:16]})"
            self._log.record("refusal", {"code": what, "detail": told})

    def is_due(self, now_ns: int) -> bool:
        """Whether it is time to look for what can be released."""
        return self._looked_ns is None or now_ns - self._looked_ns >= RELEASE_EVERY_NS

    def release_due(self, *, recording: bool) -> list[str]:
        """Release what the rulebook allows; ids of the sessions that were."""
        self._looked_ns = self._clock.monotonic_ns()
        if recording:
            return []
        try:
            keep_days = self._examination.book().number("release.keep_days")
        except RefusedError as error:
            # Without a rulebook nobody has said how long to keep: everything is kept.
            _log.warning("nothing is released: %s", error.detail)
            return []
        released = self._custody.release_due(self._clock.utc_ns(), keep_days)
        for sid in released:
            self._catalog.put(answers.catalog_row(self._log, sid))
        return released
