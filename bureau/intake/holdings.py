"""What the bureau knows of one device: its log, its sessions, the files they name.

Owns finding the verified line behind a transfer's id. Refuses anything that no verified line names:
a broker and the other devices on it are not trusted.
"""

from __future__ import annotations

from cryptography import x509

from bureau.archive import Archive
from bureau.errors import RefusedError
from bureau.intake.log import Claim, LogChain
from bureau.intake.partials import Target
from bureau.intake.summary import Summary, summarise
from evidence.ids import JOURNAL_NAME
from evidence.receipt import ReceiptedFile


class Holdings:
    """One device, as far as its log and journals have been verified.

    Args:
        device: Device id.
        archive: Where its log and sessions lie.
        ca: The bureau CA.
    """

    def __init__(self, device: str, archive: Archive, ca: x509.Certificate) -> None:
        self.device = device
        self._archive = archive
        self._targets: dict[str, Target] = {}
        self._summaries: dict[str, Summary] = {}
        self.chain = LogChain(device, ca)
        self.chain.extend(archive.read_log(device))
        self.learn()

    def learn(self) -> None:
        """Take what the log names by now, and the journals that are archived."""
        for claim in self.chain.claims.values():
            self._add(claim.sid, JOURNAL_NAME, claim)
            held = self._archive.holds(self.device, claim.sid, JOURNAL_NAME)
            if held and claim.sid not in self._summaries and not self.quarantined(claim.sid):
                path = self._archive.file(self.device, claim.sid, JOURNAL_NAME)
                self.admit(summarise(path.read_bytes()))

    def admit(self, summary: Summary) -> None:
        """A journal was verified: its files may come."""
        self._summaries[summary.sid] = summary
        for name, facts in summary.files.items():
            target = Target(device=self.device, sid=summary.sid, name=name, facts=facts)
            self._targets[target.fid] = target

    def target(self, fid: str) -> Target:
        """The file behind a transfer's id.

        Raises:
            RefusedError: No verified line names it, or its session is in quarantine.
        """
        target = self._targets.get(fid)
        if target is None:
            raise RefusedError("no verified record of this device names that file")
        if self.quarantined(target.sid):
            raise RefusedError(f"session {target.sid} is in quarantine", code="quarantined")
        return target

    def claim(self, sid: str) -> Claim:
        """What the log says of a session.

        Raises:
            RefusedError: It does not name it.
        """
        claim = self.chain.claims.get(sid)
        if claim is None:
            raise RefusedError(f"the device log names no session {sid}")
        return claim

    def summary(self, sid: str) -> Summary | None:
        """A session whose journal was verified, or None."""
        return self._summaries.get(sid)

    def sessions(self) -> list[str]:
        """Sessions that the log names."""
        return list(self.chain.claims)

    def quarantined(self, sid: str) -> bool:
        """Whether that session was put aside."""
        return self._archive.reason(self.device, sid) is not None

    def is_complete(self, sid: str) -> bool:
        """Whether every file of a session is archived."""
        summary = self._summaries.get(sid)
        return summary is not None and all(
            self._archive.holds(self.device, sid, name) for name in summary.files
        )

    def files(self, sid: str) -> tuple[ReceiptedFile, ...]:
        """Every file of a verified session as a receipt names it, journal first."""
        journal = self.claim(sid).journal
        named = self._summaries[sid].files
        return (
            ReceiptedFile(JOURNAL_NAME, journal.size, journal.sha256),
            *(ReceiptedFile(name, facts.size, facts.sha256) for name, facts in named.items()),
        )

    def _add(self, sid: str, name: str, claim: Claim) -> None:
        target = Target(device=self.device, sid=sid, name=name, facts=claim.journal)
        self._targets[target.fid] = target
