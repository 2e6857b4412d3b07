"""What is judged: the bytes of one session's evidence folder.

Owns the shape in which a caller hands it over. Refuses paths: whoever reads the folder bounds and
opens the files (``evidence.store.folder`` does).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


class Files(Protocol):
    """The sealed files of a session, and whatever else lies beside them."""

    def names(self) -> list[str]:
        """Every name in the folder but those of journal, log, receipts, rulebook and root."""

    def size(self, name: str) -> int:
        """Bytes of a file.

        Raises:
            OSError: It is not there, or is no regular file.
        """

    def read(self, name: str) -> Iterator[bytes]:
        """Its bytes in pieces of any length, from the start.

        Raises:
            OSError: It cannot be read.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """One session, as bytes. What is None is reported as ``absent``, never as a finding.

    Attributes:
        journal: The session's journal.
        files: Its sealed files; None judges the journal alone.
        device_log: The device log.
        committed: The receipt for the journal.
        stored: The receipt for the whole session.
        rulebook: The rulebook the session was opened under.
        root: The root document that says who may sign rulebooks.
    """

    journal: bytes
    files: Files | None = None
    device_log: bytes | None = None
    committed: bytes | None = None
    stored: bytes | None = None
    rulebook: bytes | None = None
    root: bytes | None = None
