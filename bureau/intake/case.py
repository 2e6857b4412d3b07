"""A session as the verifier takes it, out of the bureau's store.

Owns putting together what is held of one session: journal, files, device log, receipts, rulebook.
Refuses judgement: ``evidence.verify`` gives it.
"""

from __future__ import annotations

from pathlib import Path

from bureau.archive import Archive
from bureau.intake.rulebooks import Rulebooks
from bureau.receipts import ReceiptBook
from evidence import journal
from evidence.errors import EvidenceError
from evidence.ids import JOURNAL_NAME
from evidence.receipt import ReceiptKind
from evidence.store.folder import FolderFiles
from evidence.verify import Bundle


def bundle_of(
    archive: Archive, book: ReceiptBook, rulebooks: Rulebooks, device: str, sid: str
) -> Bundle:
    """Everything that is held of a session.

    Raises:
        OSError: The store cannot be read.
    """
    folder = archive.session(device, sid)
    content = (folder / JOURNAL_NAME).read_bytes()
    log = _log_of(archive, device, sid)
    digest = _rulebook_digest(content)
    return Bundle(
        journal=content,
        files=FolderFiles(folder),
        device_log=log.read_bytes() if log.exists() else None,
        committed=_receipt(book, device, sid, "committed"),
        stored=_receipt(book, device, sid, "stored"),
        rulebook=rulebooks.find(digest),
        root=rulebooks.root_of(digest),
    )


def _log_of(archive: Archive, device: str, sid: str) -> Path:
    """The log that names the session: the device's first one, unless only a branch of it does."""
    last = archive.branches(device)
    for branch in range(last + 1) if last else ():
        if _names(archive.log(device, branch).read_bytes(), sid):
            return archive.log(device, branch)
    return archive.log(device)


def _names(log: bytes, sid: str) -> bool:
    return any(one.get("t") == "session" and one["sid"] == sid for one in journal.payloads(log))


def _receipt(book: ReceiptBook, device: str, sid: str, kind: ReceiptKind) -> bytes | None:
    issued = book.find(device, sid, kind)
    return issued.read() if issued is not None else None


def _rulebook_digest(content: bytes) -> str:
    """What the first record names; the others of a long journal are not read for it."""
    lines = journal.split(content).complete
    records = (record for line in lines for record in journal.payloads(line + journal.NEWLINE))
    try:
        return str(next(records)["rulebook"]["sha256"])
    except (EvidenceError, StopIteration, KeyError, TypeError):
        return ""
