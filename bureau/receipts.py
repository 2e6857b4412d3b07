"""The book of receipts.

Owns ``receipts/``: every receipt this bureau signed, one file each, numbered without a hole, each
naming the digest of the one before. A receipt is on the medium before anybody sees it, and asking
for it again gives the same bytes. Refuses to decide what deserves one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from cryptography import x509

from bureau.clock import Clock
from bureau.errors import ReceiptBookError
from evidence import jws
from evidence.digests import ZERO_SHA256, sha256_hex
from evidence.ids import DEVICE_ID, SESSION_ID
from evidence.receipt import Receipt, ReceiptedFile, ReceiptKind, sign_receipt
from evidence.store.durable import make_folder, replace_file

_NAME: Final = re.compile(
    rf"([0-9]{{10}})\.({DEVICE_ID.pattern})\.({SESSION_ID.pattern})\.(committed|stored)\.jws"
)
_MODE: Final = 0o440


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What the bureau holds of a session, about to be receipted.

    Attributes:
        device: Whose.
        sid: Session id.
        counter: Its device counter.
        root: Merkle root of its ``close`` record.
        files: Every file, the journal included.
    """

    device: str
    sid: str
    counter: int
    root: str
    files: tuple[ReceiptedFile, ...]

    @property
    def journal_sha256(self) -> str:
        """Digest of the journal."""
        return next(file.sha256 for file in self.files if file.name == "journal.jws")


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A receipt as it lies in the book."""

    serial: int
    device: str
    sid: str
    kind: ReceiptKind
    path: Path

    def read(self) -> bytes:
        """Its bytes."""
        return self.path.read_bytes()


class ReceiptBook:
    """Signs receipts, each once.

    Args:
        folder: ``receipts/``.
        signer: The bureau's receipt key.
        certificate: Of that key.
        clock: Says when.

    Raises:
        ReceiptBookError: A number is missing or stands twice.
    """

    def __init__(
        self, folder: Path, signer: jws.Signer, certificate: x509.Certificate, clock: Clock
    ) -> None:
        make_folder(folder)
        self._folder = folder
        self._signer = signer
        self._certificate = certificate
        self._clock = clock
        self._issued: dict[tuple[str, str, str], Issued] = {}
        self._serial = 0
        self._head = ZERO_SHA256
        for issued in sorted(_entries(folder), key=lambda entry: entry.serial):
            self._take(issued)
        if self._serial:
            self._head = sha256_hex(self._last().read())

    @property
    def signs_with(self) -> tuple[jws.Signer, x509.Certificate]:
        """The receipt key and its certificate: it signs challenges and the bureau's time, too."""
        return self._signer, self._certificate

    def find(self, device: str, sid: str, kind: ReceiptKind) -> Issued | None:
        """The receipt of this kind, if it was signed."""
        return self._issued.get((device, sid, kind))

    def all(self) -> Iterator[Issued]:
        """Every receipt, in the order of its number."""
        return iter(self._issued.values())

    def issue(self, kind: ReceiptKind, holding: Holding) -> Issued:
        """The receipt for ``holding``: signed and stored now, or as it was signed before.

        Raises:
            OSError: The medium is full or broken; nothing was signed for anybody.
        """
        issued = self.find(holding.device, holding.sid, kind)
        if issued is not None:
            return issued
        token = sign_receipt(self._receipt(kind, holding), self._signer, self._certificate)
        name = f"{self._serial + 1:010d}.{holding.device}.{holding.sid}.{kind}.jws"
        replace_file(self._folder / name, token, mode=_MODE)
        issued = Issued(
            serial=self._serial + 1,
            device=holding.device,
            sid=holding.sid,
            kind=kind,
            path=self._folder / name,
        )
        self._take(issued)
        self._head = sha256_hex(token)
        return issued

    def _receipt(self, kind: ReceiptKind, holding: Holding) -> Receipt:
        return Receipt(
            kind=kind,
            dev=holding.device,
            sid=holding.sid,
            counter=holding.counter,
            journal_sha256=holding.journal_sha256,
            root=holding.root,
            files=holding.files,
            serial=self._serial + 1,
            prev_receipt_sha256=self._head,
            stored_at=self._clock.utc(),
            retain_until=None,
        )

    def _take(self, issued: Issued) -> None:
        key = (issued.device, issued.sid, issued.kind)
        if issued.serial != self._serial + 1 or key in self._issued:
            raise ReceiptBookError(
                f"{issued.path.name} stands where number {self._serial + 1} is expected"
            )
        self._serial = issued.serial
        self._issued[key] = issued

    def _last(self) -> Issued:
        return next(reversed(self._issued.values()))


def _entries(folder: Path) -> Iterator[Issued]:
    for path in folder.iterdir():
        match = _NAME.fullmatch(path.name)
        if match is not None:
            yield Issued(
                serial=int(match[1]),
                device=match[2],
                sid=match[3],
                kind=cast("ReceiptKind", match[4]),
                path=path,
            )
