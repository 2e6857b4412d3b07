"""A chain on the medium: the session's journal, and the device log.

Owns appending signed lines to a file that only grows. Refuses truncation: a torn line stays and the
next record names it.
"""

from __future__ import annotations

import logging
from threading import RLock

from agent.vault.chain.stamps import Stamps
from evidence import digests
from evidence.canonical import JsonObject
from evidence.digests import FileFacts, RunningDigest
from evidence.journal import NEWLINE, Chain
from evidence.jws import Signer
from evidence.store.durable import AppendFile
from hw.errors import HardwareFault

_log = logging.getLogger(__name__)


class SignedFile:
    """One chain and its file; every method may be called from any thread.

    Args:
        file: Open for appending, at its end.
        chain: About to sign the next line.
        stamps: Gives each line its moment.
        content: What the file holds already.

    Attributes:
        leaves: Merkle leaves of its ``seg`` lines.
        line: The last record that was appended since; empty before the first.
    """

    def __init__(
        self, file: AppendFile, chain: Chain, stamps: Stamps, content: bytes = b""
    ) -> None:
        self._file = file
        self._chain = chain
        self._stamps = stamps
        self._digest = RunningDigest()
        self._digest.update(content)
        self._lock = RLock()
        self.leaves: list[bytes] = []
        self.line = b""

    @property
    def head(self) -> str:
        """Hex digest of the last line."""
        return self._chain.prev

    def append(self, t: str, fields: JsonObject, attested_by: Signer | None = None) -> int:
        """Sign and append one record; it is on the medium after ``sync``.

        Args:
            t: Its type.
            fields: Its own fields; time, index and predecessor are made here.
            attested_by: The device's signing key, where an ``attest`` record is to follow in the
                same write. A ``close`` that it cannot attest is written without.

        Raises:
            HardwareFault: The key does not sign; nothing was written.

        Returns:
            The record's ``i``.
        """
        with self._lock:
            index = self._chain.index
            self.line = line = self._chain.append(t, fields, self._stamps.now())
            content = line + NEWLINE
            if attested_by is not None:
                content += self._attestation(attested_by, t)
            self._file.write(content)
            self._digest.update(content)
            if t == "seg":
                self.leaves.append(digests.merkle_leaf(line))
            return index

    def _attestation(self, signer: Signer, t: str) -> bytes:
        try:
            return self._chain.attest(signer, self._stamps.now()) + NEWLINE
        except HardwareFault as fault:
            if t != "close":
                raise
            # What is recorded is worth more than its second signature.
            _log.error("the session is closed without attestation: %s", fault)
            return b""

    def attest(self, signer: Signer) -> None:
        """Append and sync the ``attest`` record of the last line, where a crash left it out."""
        with self._lock:
            content = self._chain.attest(signer, self._stamps.now()) + NEWLINE
            self._file.write(content)
            self._digest.update(content)
        self.sync()

    def sync(self) -> None:
        """Return when every line appended before the call is on the medium."""
        self._file.sync()

    def record(self, t: str, fields: JsonObject, attested_by: Signer | None = None) -> int:
        """``append`` and ``sync``."""
        index = self.append(t, fields, attested_by)
        self.sync()
        return index

    def facts(self) -> FileFacts:
        """Size and digests of the whole file."""
        with self._lock:
            return self._digest.facts()

    def close(self) -> None:
        """Close the file; the chain's keys are gone with this object."""
        self._file.close()
