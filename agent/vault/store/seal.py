"""Sealing a segment while it is written.

Owns the age stream of one open segment: plaintext goes in through a pipe, ciphertext comes out to a
file that only grows, hashed on its way. Plaintext never reaches the medium and the device holds no
identity: it cannot read back what it sealed. Refuses signing: the journal does.
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Final

import pyrage

from agent.errors import VaultError
from agent.vault.messages import Progress
from evidence.digests import FileFacts, RunningDigest
from evidence.store.durable import AppendFile

_PLAIN_CHUNK: Final = 65_536
_TAG_BYTES: Final = 16
_NONCE_BYTES: Final = 16
_MAC_LINE: Final = b"\n--- "


@dataclass(frozen=True, slots=True)
class Mark:
    """Where an open segment stands.

    Attributes:
        length: Ciphertext bytes handed to the medium.
        sha256: Hex digest of them.
        plaintext_offset: Plaintext bytes that they surely hold.
        progress: What those plaintext bytes hold.
    """

    length: int
    sha256: str
    plaintext_offset: int
    progress: Progress


class _CipherFile:
    """Takes ciphertext from age: hashes it, appends it, and knows where the plaintext stands."""

    def __init__(self, file: AppendFile) -> None:
        self._file = file
        self._lock = Lock()
        self._digest = RunningDigest()
        self._head: bytes | None = b""
        self._payload_start = 0

    def write(self, content: bytes) -> int:
        self._file.write(content)
        with self._lock:
            self._digest.update(content)
            if self._head is not None:
                self._find_payload(content)
        return len(content)

    def flush(self) -> None:
        """Bytes are handed to the kernel at once; syncing is the ticker's."""

    def facts(self) -> FileFacts:
        with self._lock:
            return self._digest.facts()

    def mark(self) -> tuple[int, str, int]:
        """Length, digest, and whole plaintext chunks in bytes."""
        with self._lock:
            size = self._digest.size
            chunks = max(0, size - self._payload_start) // (_PLAIN_CHUNK + _TAG_BYTES)
            known = self._head is None
            return size, self._digest.sha256(), chunks * _PLAIN_CHUNK if known else 0

    def _find_payload(self, content: bytes) -> None:
        """The payload begins after the header's MAC line and a nonce (age v1)."""
        self._head = (self._head or b"") + content
        start = self._head.find(_MAC_LINE)
        end = self._head.find(b"\n", start + len(_MAC_LINE)) if start >= 0 else -1
        if end >= 0:
            self._payload_start = end + 1 + _NONCE_BYTES
            self._head = None


class SealedFile:
    """A segment being sealed. One thread feeds it; any thread may ask where it stands.

    Args:
        number: The segment's number.
        file: Fresh, locked to grow only.
        recipients: age recipients; all of them can open it.
        failed: Called once from the sealing thread if the medium fails for good.
    """

    def __init__(
        self,
        number: int,
        file: AppendFile,
        recipients: Sequence[str],
        failed: Callable[[Exception], None],
    ) -> None:
        self.number = number
        self.name = file.path.name
        self._file = file
        self._cipher = _CipherFile(file)
        self._plain = hashlib.sha256()
        self._plain_size = 0
        self._lock = Lock()
        self._steps: deque[tuple[int, Progress]] = deque()
        self._reached = Progress()
        self._error: Exception | None = None
        self._failed = failed
        read_fd, self._write_fd = os.pipe2(os.O_CLOEXEC)
        keys = [pyrage.x25519.Recipient.from_str(recipient) for recipient in recipients]
        self._thread = Thread(
            target=self._seal, args=(read_fd, keys), name=f"seal-{number}", daemon=True
        )
        self._thread.start()

    @property
    def progress(self) -> Progress:
        """What has been fed so far."""
        with self._lock:
            return self._steps[-1][1] if self._steps else self._reached

    @property
    def plain_size(self) -> int:
        """Plaintext bytes fed so far."""
        return self._plain_size

    @property
    def plain_sha256(self) -> str:
        """Hex digest of the plaintext fed so far."""
        return self._plain.hexdigest()

    def feed(self, content: bytes, progress: Progress) -> None:
        """Take the next plaintext bytes; blocks while age is busy.

        Raises:
            VaultError: The medium failed; see the cause.
        """
        view = memoryview(content)
        try:
            while view:
                view = view[os.write(self._write_fd, view) :]
        except BrokenPipeError:
            raise VaultError(f"{self.name} cannot be written: {self._error}") from self._error
        self._plain.update(content)
        self._plain_size += len(content)
        with self._lock:
            self._steps.append((self._plain_size, progress))

    def mark(self) -> Mark:
        """Where it stands; call ``sync`` before signing it."""
        length, sha256, offset = self._cipher.mark()
        with self._lock:
            while self._steps and self._steps[0][0] <= offset:
                self._reached = self._steps.popleft()[1]
            return Mark(length, sha256, offset, self._reached)

    def sync(self) -> None:
        """Return when the ciphertext handed over before the call is on the medium."""
        self._file.sync()

    def finish(self) -> FileFacts:
        """End the age stream, sync and close the file.

        Raises:
            VaultError: The medium failed.
        """
        os.close(self._write_fd)
        self._thread.join()
        if self._error is not None:
            raise VaultError(f"{self.name} cannot be sealed: {self._error}") from self._error
        self._file.sync()
        self._file.close()
        return self._cipher.facts()

    def _seal(self, read_fd: int, keys: list[pyrage.x25519.Recipient]) -> None:
        with os.fdopen(read_fd, "rb", buffering=0) as plaintext:
            try:
                pyrage.encrypt_io(plaintext, self._cipher, keys)
            except Exception as error:  # noqa: BLE001 - whatever stopped it is reported, never lost
                self._error = error
                self._failed(error)


def seal_bytes(content: bytes, file: AppendFile, recipients: Sequence[str]) -> FileFacts:
    """Seal something small, such as the session plan, onto the medium."""
    keys = [pyrage.x25519.Recipient.from_str(recipient) for recipient in recipients]
    sealed = pyrage.encrypt(content, keys)
    digest = RunningDigest()
    digest.update(sealed)
    file.write(sealed)
    file.sync()
    file.close()
    return digest.facts()
