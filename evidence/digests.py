"""SHA-256 in the shapes the format uses: whole files, chunks, file ids and the Merkle tree.

Owns the hash of a file while it grows and the RFC 9162 tree over ``seg`` lines. Refuses every other
hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

CHUNK_BYTES: Final = 983_040
"""Bytes of a transfer chunk, a constant of the format."""

ZERO_SHA256: Final = "0" * 64
"""What the first line of a device log names as its predecessor."""


def sha256_hex(content: bytes) -> str:
    """Lower-case hex SHA-256 of ``content``: 64 characters."""
    return hashlib.sha256(content).hexdigest()


def file_id(device: str, file_sha256: str) -> str:
    """The id under which these bytes of this device are transferred: 32 hex characters.

    The same bytes are always the same transfer, so a resumed push needs no state on the device.
    """
    digest = hashlib.sha256(device.encode() + b"\0" + bytes.fromhex(file_sha256))
    return digest.hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What is said of a file's bytes.

    Attributes:
        size: Bytes.
        sha256: Hex digest of all of them.
        chunks: Hex digests of each ``CHUNK_BYTES``, the last one shorter; empty for an empty file.
    """

    size: int
    sha256: str
    chunks: tuple[str, ...]


class RunningDigest:
    """The hash of a file that is being written: whole, and chunk by chunk, in one pass."""

    def __init__(self) -> None:
        self.size = 0
        self._whole = hashlib.sha256()
        self._chunk = hashlib.sha256()
        self._chunks: list[str] = []
        self._room = CHUNK_BYTES

    def update(self, content: bytes | memoryview) -> None:
        """Take the next bytes."""
        self._whole.update(content)
        self.size += len(content)
        view = memoryview(content)
        while view:
            part = view[: self._room]
            self._chunk.update(part)
            self._room -= len(part)
            view = view[len(part) :]
            if self._room == 0:
                self._chunks.append(self._chunk.hexdigest())
                self._chunk = hashlib.sha256()
                self._room = CHUNK_BYTES

    def sha256(self) -> str:
        """Hex digest of all bytes so far."""
        return self._whole.hexdigest()

    def facts(self) -> FileFacts:
        """Size, digest and chunk digests of all bytes so far."""
        partial = [self._chunk.hexdigest()] if self._room != CHUNK_BYTES else []
        return FileFacts(self.size, self.sha256(), (*self._chunks, *partial))


def facts_of(content: bytes) -> FileFacts:
    """The facts of a file that is in memory."""
    digest = RunningDigest()
    digest.update(content)
    return digest.facts()


def merkle_leaf(line: bytes) -> bytes:
    """RFC 9162 leaf hash of a ``seg`` line without its newline: 32 bytes."""
    return hashlib.sha256(b"\x00" + line).digest()


def merkle_root(leaves: Sequence[bytes]) -> str:
    """Hex root of the RFC 9162 tree over ``leaves``; of no leaves, the hash of nothing."""
    if not leaves:
        return hashlib.sha256(b"").hexdigest()
    return _subtree(leaves).hex()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _split(count: int) -> int:
    """The largest power of two smaller than ``count``."""
    return 1 << ((count - 1).bit_length() - 1)


def _subtree(leaves: Sequence[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    split = _split(len(leaves))
    return _node(_subtree(leaves[:split]), _subtree(leaves[split:]))
