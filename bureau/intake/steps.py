"""The way of a session through the desk, step by step.

Owns log ▸ journal (committed) ▸ files ▸ verified ▸ stored, or quarantine. Where a session stands is
read from the disk: archived files, receipts, the reason in quarantine; so each step can be taken
again after a crash and ends in the same place. Refuses to sign for what does not verify, and to
discard anything.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, NoReturn

from bureau.errors import BureauError, LedgerError, RefusedError
from bureau.intake.case import bundle_of
from bureau.intake.holdings import Holdings
from bureau.intake.message import Outgoing
from bureau.intake.rows import (
    QUARANTINED,
    STORED,
    mark_stored,
    receipt_row,
    session_row,
    stored_at,
)
from bureau.intake.stores import Office
from bureau.intake.summary import summarise
from bureau.ledger import QuarantineRow
from bureau.receipts import Holding, Issued
from evidence.canonical import JsonObject
from evidence.digests import sha256_hex
from evidence.errors import EvidenceError, RecordError
from evidence.ids import JOURNAL_NAME
from evidence.journal import NEWLINE
from evidence.receipt import ReceiptKind
from evidence.verify import Bundle, Finding, Judgement, Severity, Verdict, verify
from evidence.wire import Topics

_log = logging.getLogger(__name__)

_MOST_REASONS: Final = 100
VANISHED: Final = "counter_gap"
"""The finding that names a session which the device's log should have and has not."""
_KINDS: Final[tuple[ReceiptKind, ...]] = ("committed", "stored")


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A session of which every file is archived, before its judge."""

    device: str
    sid: str
    bundle: Bundle


class Steps:
    """Takes sessions forward. One thread uses it.

    Args:
        office: The bureau.
    """

    def __init__(self, office: Office) -> None:
        self._office = office
        self._devices: dict[str, Holdings] = {}
        self._whole: deque[tuple[str, str]] = deque()
        self._unsettled: list[tuple[str, str]] = []

    # Devices.

    def holdings(self, device: str) -> Holdings:
        """What is known of a device, verified again from our copy where it is not in memory."""
        if device not in self._devices:
            office = self._office
            holdings = Holdings(device, office.archive, office.book, office.ca)
            for branch, damage in holdings.damages.items():
                self._mend_log(holdings, branch, damage)
            self._devices[device] = holdings
        return self._devices[device]

    def forget(self, device: str) -> None:
        """Nothing in memory is certain any more: begin again from what the disk says."""
        self._devices.pop(device, None)

    def keep_aside(self, device: str, what: str, content: bytes, why: str) -> None:
        """Keep bytes that belong to no session and do not verify, with the reason."""
        _log.error("%s of %s: %s", what, device, why)
        name = f"{what}-{sha256_hex(content)[:16]}"
        reason: JsonObject = {"reason": why, "since": self._office.clock.utc()}
        self._office.archive.quarantine_content(device, name, content, reason)
        self._note_quarantine(device, name, why)

    def _mend_log(self, holdings: Holdings, branch: int, why: str) -> None:
        """Our copy of the log no longer verifies: set it aside, and ask the device for the rest."""
        archive = self._office.archive
        content = b"".join(line + NEWLINE for line in archive.read_log(holdings.device, branch))
        self.keep_aside(holdings.device, "log-copy", content, why)
        archive.replace_log(holdings.device, holdings.lines(branch), branch)

    # Sessions.

    def advance(self, holdings: Holdings, sid: str) -> list[Outgoing]:
        """Take a session as far as what is held allows; each step is idempotent."""
        device = holdings.device
        issued: list[Outgoing] = []
        if self._office.book.find(device, sid, "committed") is None:
            issued.append(_published(self._commit(holdings, sid)))
        if holdings.is_complete(sid) and (device, sid) not in self._whole:
            self._whole.append((device, sid))
        return issued

    def try_again(self, device: str) -> None:
        """Have the sessions of a device that stuck judged again."""
        self._whole.extend(one for one in self._unsettled if one[0] == device)
        self._unsettled = [one for one in self._unsettled if one[0] != device]

    def receipts(self, device: str, sid: str) -> list[Outgoing]:
        """The receipts a session has, again."""
        issued = (self._office.book.find(device, sid, kind) for kind in _KINDS)
        return [_published(one) for one in issued if one is not None]

    def unacknowledged(self) -> list[Outgoing]:
        """Every receipt that no device has acknowledged; sessions that stuck are tried again."""
        self._whole.extend(self._unsettled)
        self._unsettled = []
        known = self._office.ledger.acknowledged()
        waiting = (one for one in self._office.book.all() if one.serial not in known)
        return [_published(issued) for issued in waiting]

    def next_whole(self) -> Whole | None:
        """The next session that waits for its judge, or None."""
        while self._whole:
            device, sid = self._whole.popleft()
            try:
                if self._office.ledger.is_suspect(device):
                    # What frees the card waits until a clerk has settled the docking.
                    self._unsettled.append((device, sid))
                elif not self.holdings(device).is_over(sid):
                    return Whole(device=device, sid=sid, bundle=self._bundle(device, sid))
            except (OSError, LedgerError):
                _log.exception("session %s cannot be judged now", sid)
                self._unsettled.append((device, sid))
        return None

    def judge(self, whole: Whole) -> Verdict:
        """Verify a whole session. Reads every file and changes nothing, so any thread may."""
        return verify(whole.bundle, self._office.ca)

    def conclude(self, whole: Whole, verdict: Callable[[], Verdict]) -> list[Outgoing]:
        """What follows from the verdict: a ``stored`` receipt, or quarantine.

        Args:
            whole: The session.
            verdict: Gives the verdict, or raises what ended the judging.
        """
        try:
            return self._store(self.holdings(whole.device), whole.sid, verdict())
        except RefusedError as error:
            _log.error("%s", error.detail)
        except Exception:  # noqa: BLE001 - one session must not end the desk for all devices
            # Judged again at the next connection, or when the device asks again.
            _log.exception("session %s cannot be stored now", whole.sid)
            self._unsettled.append((whole.device, whole.sid))
        return []

    def settle(self) -> list[Outgoing]:
        """Judge every session that waits, here and now."""
        outgoing: list[Outgoing] = []
        while (whole := self.next_whole()) is not None:
            outgoing += self.conclude(whole, partial(self.judge, whole))
        return outgoing

    def recover(self) -> None:
        """Take up every session where a crash left it, and whatever the ledger lost."""
        listed = self._office.ledger.states()
        self._relist_receipts()
        for device, sid in self._office.archive.sessions():
            try:
                self._take_up(device, sid, listed.get((device, sid)))
            except RefusedError as error:
                # In quarantine, before or by now: a person has to look.
                _log.warning("session %s: %s", sid, error.detail)
            except (BureauError, EvidenceError, OSError):
                _log.exception("session %s cannot be taken up now", sid)

    def _commit(self, holdings: Holdings, sid: str) -> Issued:
        """The journal is here: verify it alone, enter it, receipt it."""
        device = holdings.device
        contested = holdings.chain_of(sid).contested.get(sid)
        if contested is not None:
            self._quarantine(holdings, sid, contested, ())
        verdict = self._judge_journal(device, sid)
        self._raise_alarm(device, verdict)
        if _own_faults(verdict):
            self._quarantine(holdings, sid, "the journal does not verify", verdict.findings)
        path = self._office.archive.file(device, sid, JOURNAL_NAME)
        claim = holdings.claim(sid)
        try:
            summary = summarise(path.read_bytes())
        except RecordError as error:
            self._quarantine(holdings, sid, error.detail, verdict.findings)
        said = (summary.device, summary.sid, summary.counter, summary.root)
        if said != (device, sid, claim.counter, claim.root):
            why = "the journal is not of the session that the log names"
            self._quarantine(holdings, sid, why, verdict.findings)
        for name, facts in summary.files.items():
            if facts.size == 0:
                # What a crash left empty needs no transfer: the journal says all there is of it.
                self._office.archive.admit_empty(device, sid, name)
        holdings.admit(summary)
        self._office.ledger.put(session_row(holdings, sid, verdict, self._office))
        return self._issue("committed", holdings, sid)

    def _store(self, holdings: Holdings, sid: str, verdict: Verdict) -> list[Outgoing]:
        """Every file is here and judged: enter it, receipt it."""
        device = holdings.device
        if holdings.is_over(sid):
            return self.receipts(device, sid)
        if _own_faults(verdict):
            self._quarantine(holdings, sid, "the session does not verify", verdict.findings)
        if self._office.ledger.is_suspect(device):
            # Found while it was judged.
            self._unsettled.append((device, sid))
            return []
        # The row first: a receipt without one would be found by nobody.
        row = session_row(holdings, sid, verdict, self._office)
        mark_stored(row, self._office.clock.utc(), holdings, self._office)
        self._office.ledger.put(row)
        issued = self._issue("stored", holdings, sid)
        self._close(holdings, sid)
        _log.info("session %s of %s is stored: receipt %d", sid, device, issued.serial)
        return [_published(issued)]

    def _raise_alarm(self, device: str, verdict: Verdict) -> None:
        """Another session is missing from the device's log: a person has to look for it."""
        for finding in verdict.findings:
            if finding.code == VANISHED:
                _log.error("the log of %s: %s", device, finding.detail)
                name = f"vanished-{sha256_hex(finding.detail.encode())[:16]}"
                self._note_quarantine(device, name, finding.detail)

    def _close(self, holdings: Holdings, sid: str) -> None:
        self._office.partials.finish_session(holdings.device, sid)
        holdings.finish(sid)

    def _issue(self, kind: ReceiptKind, holdings: Holdings, sid: str) -> Issued:
        claim = holdings.claim(sid)
        holding = Holding(
            device=holdings.device,
            sid=sid,
            counter=claim.counter,
            root=claim.root,
            files=holdings.files(sid),
        )
        issued = self._office.book.issue(kind, holding)
        self._office.ledger.put_receipt(receipt_row(issued))
        return issued

    def _bundle(self, device: str, sid: str) -> Bundle:
        office = self._office
        return bundle_of(office.archive, office.book, office.rulebooks, device, sid)

    def _judge_journal(self, device: str, sid: str) -> Verdict:
        return verify(replace(self._bundle(device, sid), files=None), self._office.ca)

    def _quarantine(
        self, holdings: Holdings, sid: str, why: str, findings: tuple[Finding, ...]
    ) -> NoReturn:
        """Put a session aside; raises, since nothing more is to be done with it here.

        Raises:
            RefusedError: Always.
        """
        device = holdings.device
        reason: JsonObject = {
            "reason": why,
            "since": self._office.clock.utc(),
            "findings": [
                {"code": one.code, "record": one.record, "file": one.file, "detail": one.detail}
                for one in findings
                if one.severity is Severity.BROKEN
            ][:_MOST_REASONS],
        }
        self._office.archive.quarantine(device, sid, reason)
        self._close(holdings, sid)
        self._note_quarantine(device, sid, why)
        self._office.ledger.set_state(device, sid, QUARANTINED, verdict=Judgement.BROKEN.value)
        raise RefusedError(f"session {sid} was put in quarantine: {why}", code="quarantined")

    def _note_quarantine(self, device: str, name: str, why: str, since: str = "") -> None:
        row = QuarantineRow(
            device=device, name=name, reason=why, since=since or self._office.clock.utc()
        )
        self._office.ledger.put(row)

    # After a start.

    def _take_up(self, device: str, sid: str, listed: str | None) -> None:
        archive = self._office.archive
        reason = archive.reason(device, sid)
        if reason is not None:
            archive.quarantine(device, sid, reason)
            if listed == QUARANTINED:
                return
        if listed == STORED and self._office.book.find(device, sid, "stored") is not None:
            return
        holdings = self.holdings(device)
        if not archive.holds(device, sid, JOURNAL_NAME):
            return
        if holdings.is_over(sid):
            self._relist(holdings, sid)
        else:
            self.advance(holdings, sid)

    def _relist_receipts(self) -> None:
        """Give the ledger every receipt that it lost, or that a crash kept from it."""
        known = self._office.ledger.serials()
        for issued in self._office.book.all():
            if issued.serial not in known:
                self._office.ledger.put_receipt(receipt_row(issued))

    def _relist(self, holdings: Holdings, sid: str) -> None:
        """Give the ledger the row of a session that is over."""
        device = holdings.device
        if holdings.quarantined(sid):
            reason = self._office.archive.reason(device, sid) or {}
            why, since = str(reason.get("reason", "")), str(reason.get("since", ""))
            self._note_quarantine(device, sid, why, since)
        verdict = self._judge_journal(device, sid)
        row = session_row(holdings, sid, verdict, self._office)
        issued = self._office.book.find(device, sid, "stored")
        if issued is not None:
            mark_stored(row, stored_at(issued), holdings, self._office)
        if holdings.quarantined(sid):
            row.state, row.verdict = QUARANTINED, Judgement.BROKEN.value
        self._office.ledger.put(row)


def _published(issued: Issued) -> Outgoing:
    topic = Topics(issued.device).receipt(issued.sid, issued.kind)
    return Outgoing(topic, issued.read(), retain=True)


def _own_faults(verdict: Verdict) -> list[Finding]:
    """What keeps a session out of the archive: a session that vanished is no fault of this one."""
    return [finding for finding in verdict.of(Severity.BROKEN) if finding.code != VANISHED]
