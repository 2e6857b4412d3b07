"""What permits a release: a ``stored`` receipt of the bureau, for this device, naming this content.

Owns that judgement, made anew from the bytes behind the two descriptors. Refuses what the vault
says: the vault may be what was taken over. A folder is released by the receipt of its session; its
files stay locked until each is released by its own content.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import Final

from cryptography import x509

from agent.errors import ReceiptRefusedError
from evidence.digests import sha256_hex
from evidence.errors import EvidenceError
from evidence.limits import MAX_RECEIPT_BYTES
from evidence.receipt import Receipt, read_receipt

_PIECE: Final = 1024 * 1024


class Permission:
    """Judges releases; remembers the last receipt, which names many files.

    Args:
        ca: The pinned bureau CA.
        device: Device id.
    """

    def __init__(self, ca: x509.Certificate, device: str) -> None:
        self._ca = ca
        self._device = device
        self._last: tuple[str, Receipt, frozenset[tuple[int, str]]] | None = None

    def check(self, fd: int, receipt_fd: int) -> None:
        """Check that the receipt permits to release what is behind ``fd``.

        Raises:
            ReceiptRefusedError: It does not.
            OSError: One of them cannot be read.
        """
        receipt, named = self._receipt(receipt_fd)
        facts = os.fstat(fd)
        if stat.S_ISDIR(facts.st_mode):
            if _name(fd) != receipt.sid:
                raise ReceiptRefusedError(f"the receipt is for {receipt.sid}, not for this folder")
        elif not stat.S_ISREG(facts.st_mode):
            raise ReceiptRefusedError("only files and folders are released")
        elif (facts.st_size, _sha256(fd, facts.st_size)) not in named:
            raise ReceiptRefusedError("the receipt does not name this content")

    def _receipt(self, fd: int) -> tuple[Receipt, frozenset[tuple[int, str]]]:
        token = os.pread(fd, MAX_RECEIPT_BYTES + 1, 0)
        digest = sha256_hex(token)
        if self._last is None or self._last[0] != digest:
            try:
                read = read_receipt(token, self._ca)
            except EvidenceError as error:
                raise ReceiptRefusedError(f"not a receipt of the bureau: {error.detail}") from error
            if read.kind != "stored" or read.dev != self._device:
                raise ReceiptRefusedError("only a stored receipt of this device releases")
            named = frozenset((file.size, file.sha256) for file in read.files)
            self._last = (digest, read, named)
        return self._last[1], self._last[2]


def _name(fd: int) -> str:
    """The last part of the path by which the folder is known now."""
    return Path(f"/proc/self/fd/{fd}").readlink().name


def _sha256(fd: int, size: int) -> str:
    digest, at = hashlib.sha256(), 0
    while at < size:
        piece = os.pread(fd, min(_PIECE, size - at), at)
        if not piece:
            raise ReceiptRefusedError("the file is shorter than it says")
        digest.update(piece)
        at += len(piece)
    return digest.hexdigest()
