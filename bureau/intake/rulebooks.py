"""Every rulebook this bureau ever signed, by its digest.

Owns finding the one a session was opened under. Refuses to sign: provisioning does.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cryptography import x509

from evidence import rulebook
from evidence.digests import sha256_hex
from evidence.errors import EvidenceError
from evidence.limits import MAX_RULEBOOK_BYTES


class Rulebooks:
    """The bureau's rulebooks.

    Args:
        folder: ``rulebook/``: ``root.json`` and ``versions/*.json``, and in ``roots/`` the root
            documents that were replaced.
        ca: The bureau CA.
    """

    def __init__(self, folder: Path, ca: x509.Certificate) -> None:
        self._folder = folder
        self.ca = ca
        self._known: dict[str, bytes] = {}
        self._judged: dict[tuple[bytes, bytes], rulebook.Rulebook | None] = {}

    @property
    def root(self) -> bytes | None:
        """The root document, or None."""
        path = self._folder / "root.json"
        return path.read_bytes() if path.exists() else None

    def find(self, sha256: str) -> bytes | None:
        """The envelope with that digest, or None."""
        if sha256 not in self._known:
            self._look()
        return self._known.get(sha256)

    def root_of(self, sha256: str) -> bytes | None:
        """The root document under which that rulebook is valid, the newest of them.

        Where there is none, the one in force: what is wrong with the rulebook is seen under it.
        """
        envelope = self.find(sha256)
        if envelope is not None:
            for root in self._roots():
                if self._read(envelope, root) is not None:
                    return root
        return self.root

    def number(self, sha256: str, key: str) -> int | None:
        """An integer of that rulebook; None where it is not here or not valid."""
        envelope, root = self.find(sha256), self.root_of(sha256)
        if envelope is None or root is None:
            return None
        book = self._read(envelope, root)
        return book.number(key) if book is not None else None

    def _roots(self) -> Iterator[bytes]:
        """Newest first."""
        if self.root is not None:
            yield self.root
        for path in sorted((self._folder / "roots").glob("*.json"), reverse=True):
            if path.stat().st_size <= MAX_RULEBOOK_BYTES:
                yield path.read_bytes()

    def _read(self, envelope: bytes, root: bytes) -> rulebook.Rulebook | None:
        """That rulebook under that root, or None. The same bytes are judged once."""
        if (envelope, root) not in self._judged:
            self._judged[envelope, root] = self._judge(envelope, root)
        return self._judged[envelope, root]

    def _judge(self, envelope: bytes, root: bytes) -> rulebook.Rulebook | None:
        try:
            return rulebook.read_rulebook(envelope, rulebook.read_root(root, self.ca))
        except EvidenceError:
            return None

    def _look(self) -> None:
        for path in sorted((self._folder / "versions").glob("*.json")):
            if path.stat().st_size <= MAX_RULEBOOK_BYTES:
                envelope = path.read_bytes()
                self._known[sha256_hex(envelope)] = envelope
