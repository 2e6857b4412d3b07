"""What a session's sealed segments really hold: decrypted, decoded, every picture's clock read."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pyrage

from hw.fake.picture import read_clock


@dataclass(frozen=True)
class Film:
    """One segment, opened.

    Attributes:
        name: The sealed file's.
        size: Plaintext bytes that could be opened.
        clocks: The clock burnt into each picture, CLOCK_BOOTTIME in nanoseconds, in order.
    """

    name: str
    size: int
    clocks: list[int]


def open_films(folder: Path, bureau: Path) -> Iterator[Film]:
    """Open every segment in ``folder`` with the bureau's identity, torn ones as far as they go."""
    text = (bureau / "identities" / "bureau.age").read_text()
    line = next(line for line in text.splitlines() if line.startswith("AGE-SECRET-KEY-"))
    identity = pyrage.x25519.Identity.from_str(line)
    for path in sorted(folder.glob("*.mp4.age")):
        content = whole_boxes(unseal(path, identity))
        yield Film(path.name, len(content), list(clocks_of(content)))


def unseal(path: Path, identity: pyrage.x25519.Identity) -> bytes:
    """The authenticated plaintext of a sealed file: all of it, or what a crash left."""
    opened = io.BytesIO()
    # A torn file ends in an error after everything that is authentic has been written.
    with path.open("rb") as sealed, contextlib.suppress(pyrage.DecryptError, OSError):
        pyrage.decrypt_io(sealed, opened, [identity])
    return opened.getvalue()


def whole_boxes(content: bytes) -> bytes:
    """The MP4 boxes that are whole, up to the last fragment that has its media."""
    position = end = 0
    while position + 8 <= len(content):
        size = int.from_bytes(content[position : position + 4], "big")
        if size < 8 or position + size > len(content):
            break
        position += size
        if content[position - size + 4 : position - size + 8] != b"moof":
            end = position
    return content[:end]


def clocks_of(content: bytes) -> Iterator[int]:
    """The clock of every decoded picture."""
    if not content:
        return
    with av.open(io.BytesIO(content), "r") as film:
        if not film.streams.video:
            return
        for frame in film.decode(video=0):
            clock = read_clock(np.asarray(frame.to_ndarray(format="gray"), dtype=np.uint8))
            assert clock is not None, "a picture's clock cannot be read"
            yield clock
