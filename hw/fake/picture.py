"""The test picture's numbers: a frame counter and the capture time, burnt in and read back.

Owns the layout of the cells, the flash and the date, and both directions: drawing on a luma plane
and reading from decoded video. Refuses to guess: a number whose check bits do not fit is None.

A number is a row (or, in a narrow picture, rows) of cells of 16 × 16 pixels, most significant bit
first, luma 16 for 0 and 235 for 1, followed by 8 check bits (CRC-8, polynomial 0x07). The counter
(32 bits) starts at the top edge, the clock (64 bits) below it.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8]
"""A luma plane, height × width."""

CELL: Final = 16
_BLACK: Final = 16
_WHITE: Final = 235
_MIDDLE: Final = 126
_COUNTER_BYTES: Final = 4
_CLOCK_BYTES: Final = 8

_GLYPHS: Final = {
    "0": "0e11131519110e",
    "1": "040c040404040e",
    "2": "0e11010204081f",
    "3": "1f02040201110e",
    "4": "02060a121f0202",
    "5": "1f101e0101110e",
    "6": "0608101e11110e",
    "7": "1f010204080808",
    "8": "0e11110e11110e",
    "9": "0e11110f01020c",
    "-": "0000001f000000",
    ":": "00040400040400",
    " ": "00000000000000",
}
"""Seven rows of five pixels, one byte a row."""


def draw_counter(luma: Luma, counter: int) -> None:
    """Burn in ``counter``, 0 to 2³² less 1."""
    _draw(luma, 0, counter.to_bytes(_COUNTER_BYTES, "big"))


def draw_clock(luma: Luma, at_ns: int) -> None:
    """Burn in the capture time ``at_ns``, CLOCK_BOOTTIME, nanoseconds."""
    _draw(luma, _clock_top(luma), at_ns.to_bytes(_CLOCK_BYTES, "big"))


def read_counter(luma: Luma) -> int | None:
    """The frame counter of a decoded picture; None where it cannot be trusted."""
    return _read(luma, 0, _COUNTER_BYTES)


def read_clock(luma: Luma) -> int | None:
    """The capture time of a decoded picture in nanoseconds; None where it cannot be trusted."""
    return _read(luma, _clock_top(luma), _CLOCK_BYTES)


def draw_flash(luma: Luma) -> None:
    """Make the middle of the picture white, as a clap does."""
    _flash_area(luma)[:] = _WHITE


def read_flash(luma: Luma) -> bool:
    """Whether the picture shows the flash."""
    return bool(_flash_area(luma).mean() > 200)  # noqa: PLR2004 - scenes stay below 180


def cells_bottom(width: int) -> int:
    """Height in pixels of all cells of a picture of ``width`` pixels."""
    return _height(width, _COUNTER_BYTES) + _height(width, _CLOCK_BYTES)


def date_strip(utc_ns: int, scale: int) -> Luma:
    """Date and time in UTC as a strip of pixels, for people.

    Args:
        utc_ns: Nanoseconds since 1970.
        scale: Pixels for each dot of the font.
    """
    moment = dt.datetime.fromtimestamp(utc_ns // 1_000_000_000, tz=dt.UTC)
    glyphs = [_glyph(letter) for letter in moment.strftime("%Y-%m-%d %H:%M:%S")]
    dots = np.pad(np.hstack(glyphs), 1)
    strip: Luma = np.kron(dots, np.ones((scale, scale), np.uint8))
    return np.where(strip == 1, np.uint8(_WHITE), np.uint8(_BLACK))


def _glyph(letter: str) -> Luma:
    rows = np.frombuffer(bytes.fromhex(_GLYPHS[letter]), np.uint8)
    return np.pad(np.unpackbits(rows[:, None], axis=1)[:, 3:], ((0, 0), (0, 1)))


def _flash_area(luma: Luma) -> Luma:
    height, width = luma.shape
    top = max(height // 2, cells_bottom(width))
    return luma[top : height * 5 // 6, width // 4 : width * 3 // 4]


def _clock_top(luma: Luma) -> int:
    return _height(luma.shape[1], _COUNTER_BYTES)


def _height(width: int, length: int) -> int:
    bits = (length + 1) * 8
    return -(-bits // (width // CELL)) * CELL


def _check(number: bytes) -> int:
    remainder = 0
    for byte in number:
        remainder ^= byte
        for _ in range(8):
            remainder = (remainder << 1) ^ (0x107 if remainder & 0x80 else 0)
    return remainder


def _draw(luma: Luma, top: int, number: bytes) -> None:
    bits = np.unpackbits(np.frombuffer(number + bytes([_check(number)]), np.uint8))
    row_cells = luma.shape[1] // CELL
    for start in range(0, bits.size, row_cells):
        levels = np.where(bits[start : start + row_cells], np.uint8(_WHITE), np.uint8(_BLACK))
        luma[top : top + CELL, : levels.size * CELL] = np.repeat(levels, CELL)
        top += CELL


def _read(luma: Luma, top: int, length: int) -> int | None:
    row_cells = luma.shape[1] // CELL
    rows = luma[top : top + _height(luma.shape[1], length), : row_cells * CELL]
    cells = rows.reshape(-1, CELL, row_cells, CELL)[:, 4:12, :, 4:12]
    bits = (cells.mean(axis=(1, 3)) > _MIDDLE).ravel()[: (length + 1) * 8]
    number = np.packbits(bits).tobytes()
    if _check(number[:-1]) != number[-1]:
        return None
    return int.from_bytes(number[:-1], "big")
