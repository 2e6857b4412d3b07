"""What the bureau knows of one device: its log, its sessions, the files they name.

Owns finding the verified line behind a transfer. Refuses anything that no verified line of this
very device names: a broker and the other devices on it are not trusted. Sessions that are over are
not kept in memory; one that is asked for again is read again.
"""

from __future__ import annotations

import logging

from cryptography import x509

from bureau.archive import Archive
from bureau.errors import RefusedError
from bureau.intake.log import Claim, LogChain
from bureau.intake.partials import Target
from bureau.intake.summary import Summary, summarise
from bureau.receipts import ReceiptBook
from evidence.digests import FileFacts
from evidence.errors import EvidenceError
from evidence.ids import JOURNAL_NAME
from evidence.receipt import ReceiptedFile

_log = logging.getLogger(__name__)


class Holdings:
    """One device, as far as its log and journals have been verified.

    Args:
        device: Device id.
        archive: Where its log and sessions lie.
        book: Says which journals were verified, and which sessions are over.
        ca: The bureau CA.

    Attributes:
        chains: The device log and its branches, each verified again from our copy.
        damages: By branch, why our copy of it is shorter than it was.
        branch: Which of them the device goes on with.
    """

    def __init__(
        self, device: str, archive: Archive, book: ReceiptBook, ca: x509.Certificate
    ) -> None:
        self.device = device
        self._archive = archive
        self._book = book
        self._targets: dict[str, Target] = {}
        self._summaries: dict[str, Summary] = {}
        self._missing: dict[str, set[str]] = {}
        self._over: dict[str, str] = {}
        self._reopened: Summary | None = None
        self._ca = ca
        self.chains: list[LogChain] = []
        self.damages: dict[int, str] = {}
        for branch in range(archive.branches(device) + 1):
            self._read_chain(branch)
        self.branch = 0
        self.learn()

    @property
    def chain(self) -> LogChain:
        """The log that the device goes on with."""
        return self.chains[self.branch]

    def branch_off(self) -> None:
        """The device goes on with a log that is none of those held."""
        self.chains.append(LogChain(self.device, self._ca))
        self.branch = len(self.chains) - 1

    def lines(self, branch: int) -> tuple[bytes, ...]:
        """The lines of our copy that verify."""
        return self._archive.read_log(self.device, branch)[: self.chains[branch].lines]

    def chain_of(self, sid: str) -> LogChain:
        """The first log that names a session; the device's own where none does."""
        return next((chain for chain in self.chains if sid in chain.claims), self.chain)

    def _read_chain(self, branch: int) -> None:
        chain = LogChain(self.device, self._ca)
        lines = self._archive.read_log(self.device, branch)
        kept = len(chain.extend(lines).accepted)
        if kept < len(lines):
            self.damages[branch] = f"line {kept} does not verify any more"
        self.chains.append(chain)

    def learn(self) -> None:
        """Take what the log names by now, and the verified journals that are archived."""
        for sid, claim in [pair for chain in self.chains for pair in chain.claims.items()]:
            if self.is_over(sid) or sid in self._summaries:
                continue
            self.aim(self._target(sid, JOURNAL_NAME, claim.journal))
            if self._book.find(self.device, sid, "committed") is not None:
                self._admit_archived(sid)

    def admit(self, summary: Summary) -> None:
        """A journal was verified: its files may come."""
        sid = summary.sid
        self._summaries[sid] = summary
        for name, facts in summary.files.items():
            self.aim(self._target(sid, name, facts))
        names = (JOURNAL_NAME, *summary.files)
        self._missing[sid] = {
            name for name in names if not self._archive.holds(self.device, sid, name)
        }

    def arrived(self, target: Target) -> None:
        """A file was archived."""
        self._missing.get(target.sid, set()).discard(target.name)

    def finish(self, sid: str) -> None:
        """A session is over: remember no more of it than its transfers' ids."""
        self._summaries.pop(sid, None)
        self._missing.pop(sid, None)
        mine = [fid for fid, target in self._targets.items() if target.sid == sid]
        for fid in mine:
            del self._targets[fid]
            self._over[fid] = sid

    def aim(self, target: Target) -> None:
        """Let chunks of this transfer's id go to ``target``: the same bytes may have two names."""
        if self.is_over(target.sid):
            self._over[target.fid] = target.sid
        else:
            self._targets[target.fid] = target

    def target(self, fid: str) -> Target:
        """The file behind a transfer's id.

        Raises:
            RefusedError: No verified line names it.
        """
        target = self._targets.get(fid)
        if target is None:
            raise RefusedError("no verified record of this device names that file")
        return target

    def session_over(self, fid: str) -> str | None:
        """The session that is over to which a transfer belonged, or None."""
        return self._over.get(fid)

    def named(self, sid: str, name: str) -> Target:
        """The file of that name in that session, as the verified lines describe it.

        Raises:
            RefusedError: They do not name it, or the journal is not here yet.
        """
        journal = self.claim(sid).journal
        if name == JOURNAL_NAME:
            return self._target(sid, name, journal)
        summary = self._summaries.get(sid) or self._reopen(sid)
        if summary is None:
            raise RefusedError("the journal goes first: it names the files")
        if name not in summary.files:
            raise RefusedError("the journal names no such file")
        return self._target(sid, name, summary.files[name])

    def claim(self, sid: str) -> Claim:
        """What the log says of a session.

        Raises:
            RefusedError: It does not name it.
        """
        claim = self.chain_of(sid).claims.get(sid)
        if claim is None:
            raise RefusedError(f"the device log names no session {sid}")
        return claim

    def summary(self, sid: str) -> Summary:
        """A session whose journal was verified.

        Raises:
            RefusedError: It was not.
        """
        summary = self._summaries.get(sid) or self._reopen(sid)
        if summary is None:
            raise RefusedError(f"the journal of {sid} is not here")
        return summary

    def quarantined(self, sid: str) -> bool:
        """Whether that session was put aside."""
        return self._archive.reason(self.device, sid) is not None

    def is_over(self, sid: str) -> bool:
        """Whether nothing more is expected of a session."""
        stored = self._book.find(self.device, sid, "stored")
        return stored is not None or self.quarantined(sid)

    def is_complete(self, sid: str) -> bool:
        """Whether every file of a session is archived."""
        return sid in self._summaries and not self._missing[sid]

    def files(self, sid: str) -> tuple[ReceiptedFile, ...]:
        """Every file of a verified session as a receipt names it, journal first.

        Raises:
            RefusedError: Its journal was not verified.
        """
        journal = self.claim(sid).journal
        return (
            ReceiptedFile(JOURNAL_NAME, journal.size, journal.sha256),
            *(
                ReceiptedFile(name, facts.size, facts.sha256)
                for name, facts in self.summary(sid).files.items()
            ),
        )

    def _target(self, sid: str, name: str, facts: FileFacts) -> Target:
        return Target(device=self.device, sid=sid, name=name, facts=facts)

    def _admit_archived(self, sid: str) -> None:
        """Take a journal up that was verified before this process began."""
        try:
            self.admit(self._read(sid))
        except (EvidenceError, OSError) as error:
            _log.error("the archived journal of %s cannot be taken up: %s", sid, error)

    def _reopen(self, sid: str) -> Summary | None:
        """The summary of a session that is over; the last one is kept at hand."""
        if not self.is_over(sid) or not self._archive.holds(self.device, sid, JOURNAL_NAME):
            return None
        if self._reopened is None or self._reopened.sid != sid:
            try:
                self._reopened = self._read(sid)
            except EvidenceError as error:
                raise RefusedError(f"the journal names no files: {error.detail}") from error
        return self._reopened

    def _read(self, sid: str) -> Summary:
        return summarise(self._archive.file(self.device, sid, JOURNAL_NAME).read_bytes())
