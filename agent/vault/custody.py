"""Custody (保管状态): OPEN ▸ SEALED ▸ SENT ▸ RECEIPTED ▸ RELEASED.

Owns the existence of a session on the device: it verifies receipts and is the only place that frees
space. Refuses everything but a bureau-signed ``stored`` receipt of this device that names every
file of a closed session with the digests held here; an acknowledgement of the transport means
nothing. What is no evidence, an expired plan or a word that was adopted, is let go here as well.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum, unique
from pathlib import Path
from typing import Final

from agent.errors import ReceiptRefusedError
from agent.vault.chain.device_log import DeviceLog, LoggedSession
from agent.vault.mandate import Mandate
from agent.vault.store.medium import Medium
from evidence import journal, manifest, moments, receipt
from evidence.digests import sha256_hex
from evidence.errors import EvidenceError
from evidence.ids import JOURNAL_NAME
from evidence.receipt import Receipt, ReceiptedFile
from evidence.store import durable

_log = logging.getLogger(__name__)

_DAY_NS: Final = 86_400 * 1_000_000_000


@unique
class CustodyState(StrEnum):
    """Where a session is on its way to the bureau."""

    OPEN = "open"
    SEALED = "sealed"
    SENT = "sent"
    RECEIPTED = "receipted"
    RELEASED = "released"


def state_of(logged: LoggedSession) -> CustodyState:
    """The state of a closed session, by the device log."""
    if logged.released:
        return CustodyState.RELEASED
    if "stored" in logged.receipts:
        return CustodyState.RECEIPTED
    return CustodyState.SENT if "committed" in logged.receipts else CustodyState.SEALED


@dataclass(frozen=True, slots=True)
class Taken:
    """A receipt that was verified and recorded."""

    sid: str
    kind: str


class Custody:
    """Verifies receipts and releases sessions.

    Args:
        medium: Where the files lie.
        log: Records every receipt and every release before it has any effect.
        mandate: The pinned CA and the device's id.
    """

    def __init__(self, medium: Medium, log: DeviceLog, mandate: Mandate) -> None:
        self._medium = medium
        self._log = log
        self._mandate = mandate

    def take(self, token: bytes) -> Taken:
        """Verify a receipt and record it; the same bytes again change nothing.

        Raises:
            ReceiptRefusedError: Forged, of another device or session, or not naming what is here.
        """
        try:
            read = receipt.read_receipt(token, self._mandate.ca)
        except EvidenceError as error:
            raise ReceiptRefusedError(f"not a receipt of the bureau: {error.detail}") from error
        logged = self._session_of(read)
        digest = sha256_hex(token)
        held = logged.receipts.get(read.kind)
        if held is not None and (held[1] == digest or logged.released):
            return Taken(read.sid, read.kind)
        if logged.released:
            raise ReceiptRefusedError("the session was released; no new receipt is needed")
        self._check_files(read, logged)
        if held is None:
            self._keep(read, token, digest)
        return Taken(read.sid, read.kind)

    def take_kept(self) -> None:
        """Record receipts that were kept but not yet recorded when the vault died.

        One that does not verify is passed over, and said so: the bureau gives it again.
        """
        for path in sorted(self._medium.paths.receipts.glob("*.jws")):
            sid, kind = path.name.split(".")[:2]
            logged = self._log.state.sessions.get(sid)
            if logged is None or kind in logged.receipts:
                continue
            try:
                self.take(path.read_bytes())
            except ReceiptRefusedError as error:
                _log.warning("%s is not taken: %s", path.name, error.detail)

    def release_due(self, now_ns: int, keep_days: int) -> list[str]:
        """Release every session whose ``stored`` receipt is at least ``keep_days`` old.

        Args:
            now_ns: UTC, nanoseconds since 1970.
            keep_days: From the rulebook.

        Returns:
            Ids of the sessions released, oldest first.
        """
        released = []
        for logged in sorted(self._log.state.sessions.values(), key=lambda one: one.counter):
            if self._is_due(logged, now_ns, keep_days):
                self._release(logged)
                released.append(logged.sid)
        return released

    def finish_releases(self) -> None:
        """Go on with releases that were recorded but not finished when the vault died."""
        for logged in self._log.state.sessions.values():
            if logged.released:
                self._free(logged.sid)

    def let_go(self, copy: Path) -> None:
        """Let a plan that expired go, or a word that was adopted: the bureau has the original."""
        copy.unlink(missing_ok=True)
        durable.sync_folder(copy.parent)

    def _is_due(self, logged: LoggedSession, now_ns: int, keep_days: int) -> bool:
        if state_of(logged) is not CustodyState.RECEIPTED:
            return False
        token = self._receipt_path(logged.sid, "stored").read_bytes()
        # Verified again: what permits a release is the receipt itself, not a note about it.
        read = receipt.read_receipt(token, self._mandate.ca)
        return now_ns - moments.utc_ns(read.stored_at) >= keep_days * _DAY_NS

    def _release(self, logged: LoggedSession) -> None:
        read = receipt.read_receipt(
            self._receipt_path(logged.sid, "stored").read_bytes(), self._mandate.ca
        )
        if read.kind != "stored" or self._session_of(read) is not logged:
            raise ReceiptRefusedError(f"no stored receipt of session {logged.sid} is held")
        self._check_files(read, logged)
        size = sum(file.size for file in read.files)
        self._log.record("release", {"sid": logged.sid, "serial": read.serial, "bytes": size})
        self._free(logged.sid)

    def _free(self, sid: str) -> None:
        folder = self._medium.session_folder(sid)
        if not folder.is_dir():
            return
        receipt = self._receipt_path(sid, "stored")
        self._medium.unfreeze(folder, receipt)
        for path in sorted(folder.iterdir()):
            self._medium.unfreeze(path, receipt)
            path.unlink()
        folder.rmdir()
        durable.sync_folder(folder.parent)

    def _keep(self, read: Receipt, token: bytes, digest: str) -> None:
        # Over what may lie there: a receipt that the log does not know was never a receipt.
        self._medium.write_once(self._receipt_path(read.sid, read.kind), token)
        self._log.record(
            "receipt",
            {"sid": read.sid, "kind": read.kind, "serial": read.serial, "sha256": digest},
        )

    def _receipt_path(self, sid: str, kind: str) -> Path:
        return self._medium.paths.receipts / f"{sid}.{kind}.jws"

    def _session_of(self, read: Receipt) -> LoggedSession:
        if read.dev != self._mandate.device:
            raise ReceiptRefusedError(f"the receipt is for {read.dev}, not for this device")
        logged = self._log.state.sessions.get(read.sid)
        if logged is None:
            raise ReceiptRefusedError(f"no closed session {read.sid} is held here")
        said = (read.counter, read.journal_sha256, read.root)
        if said != (logged.counter, logged.journal.sha256, logged.root):
            raise ReceiptRefusedError("the receipt names another journal than the one held here")
        return logged

    def _check_files(self, read: Receipt, logged: LoggedSession) -> None:
        named = {(file.name, file.size, file.sha256) for file in read.files}
        held = {(file.name, file.size, file.sha256) for file in self._files_of(logged)}
        if named != held:
            odd = sorted({name for name, _, _ in named ^ held})
            raise ReceiptRefusedError(f"the receipt and the journal differ in {', '.join(odd[:3])}")

    def _files_of(self, logged: LoggedSession) -> list[ReceiptedFile]:
        """Every file of a closed session, as its own journal names them."""
        content = (self._medium.session_folder(logged.sid) / JOURNAL_NAME).read_bytes()
        if sha256_hex(content) != logged.journal.sha256:
            raise ReceiptRefusedError(f"the journal of {logged.sid} is not the one that was signed")
        files = manifest.files_of(journal.split(content).complete)
        return [
            ReceiptedFile(JOURNAL_NAME, logged.journal.size, logged.journal.sha256),
            *(ReceiptedFile(file.name, file.facts.size, file.facts.sha256) for file in files),
        ]
