"""What a card may hold after a power cut, from the log of every write and flush.

Owns the reading of the emulator's log (``blklogwrites``, the format of Linux's dm-log-writes) and
the choice of what had reached the medium: all that was written before the last flush that the card
had answered, and of what came later, any part. Killing an emulator alone loses less: what it had
been handed is in the host's memory by then.
"""

from __future__ import annotations

import random
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

_SECTOR: Final = 512
_MAGIC: Final = 0x6A736677736872
_SUPER: Final = struct.Struct("<QQQL")
_ENTRY: Final = struct.Struct("<QQQQ")
_FLUSH: Final = 1
_DISCARD: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One write of the log, or one flush.

    Attributes:
        at: Byte of the card.
        length: Bytes.
        content_at: Where in the log they stand.
        flush: Whether everything before it is on the medium.
        discard: Whether it has no content: the card may forget these bytes.
    """

    at: int
    length: int
    content_at: int
    flush: bool
    discard: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How much of a log was laid onto a card: writes before the last flush, kept and lost after."""

    flushed: int
    kept: int
    lost: int


def writes(log: IO[bytes]) -> Iterator[Write]:
    """All that the log's head counts, in order.

    Raises:
        ValueError: It is no such log.
    """
    magic, _, count, sector = _SUPER.unpack(log.read(_SUPER.size))
    if magic != _MAGIC or sector != _SECTOR:
        raise ValueError("no write log of 512-byte sectors")
    place = _SECTOR
    for _ in range(count):
        log.seek(place)
        first, sectors, flags, _ = _ENTRY.unpack(log.read(_ENTRY.size))
        discard = bool(flags & _DISCARD)
        length = sectors * _SECTOR
        place += _SECTOR
        yield Write(
            at=first * _SECTOR,
            length=length,
            content_at=place,
            flush=bool(flags & _FLUSH),
            discard=discard,
        )
        place += 0 if discard else length


def settle(before: Path, log: Path, card: Path, dice: random.Random, share: float) -> Settled:
    """Make ``card`` as a cut may have left it.

    Args:
        before: The card as it was when the log began.
        log: Every write and flush since.
        card: Is written.
        dice: Chooses among what came after the last flush.
        share: How much of that reached the medium, 0 to 1.
    """
    subprocess.run(["cp", "--sparse=always", str(before), str(card)], check=True)
    with log.open("rb") as file, card.open("r+b") as out:
        told = list(writes(file))
        last = max((at for at, write in enumerate(told) if write.flush), default=-1)
        kept = lost = 0
        for at, write in enumerate(told):
            if write.discard or not write.length:
                continue
            if at > last:
                if dice.random() >= share:
                    lost += 1
                    continue
                kept += 1
            file.seek(write.content_at)
            out.seek(write.at)
            out.write(file.read(write.length))
    return Settled(flushed=last + 1, kept=kept, lost=lost)
