"""MP4 boxes, as far as cutting a stream of them into whole fragments needs.

Owns the walk over boxes (ISO/IEC 14496-12). Refuses 64-bit and open-ended boxes: a fragment of one
picture has neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from agent.capture.errors import MuxError

HEADER: Final = 8
_FULL_HEADER: Final = 12


@dataclass(frozen=True, slots=True)
class Fragment:
    """One moof and its mdat.

    Attributes:
        content: The bytes of both.
        packets: How many packets it holds of each track, by track id.
    """

    content: bytes
    packets: dict[int, int]


def free_box(size: int) -> bytes:
    """A box of ``size`` bytes, 8 or more, that says nothing."""
    return size.to_bytes(4, "big") + b"free" + bytes(size - HEADER)


def whole_boxes(stream: bytes | bytearray) -> Iterator[tuple[bytes, int, int]]:
    """Type, begin and end of each box that ``stream`` holds whole.

    Raises:
        MuxError: A size is impossible.
    """
    begin = 0
    while begin + HEADER <= len(stream):
        size = int.from_bytes(stream[begin : begin + 4], "big")
        if size < HEADER:
            raise MuxError(f"a box of {size} bytes came out of the muxer")
        if begin + size > len(stream):
            return
        yield bytes(stream[begin + 4 : begin + HEADER]), begin, begin + size
        begin += size


def fragment(content: bytes) -> Fragment:
    """Look into one moof and its mdat."""
    counts: dict[int, int] = {}
    for kind, begin, end in whole_boxes(content):
        if kind == b"moof":
            for inner, first, last in _inside(content, begin, end):
                if inner == b"traf":
                    track, packets = _track_run(content[first:last])
                    counts[track] = counts.get(track, 0) + packets
    return Fragment(content, counts)


def _inside(content: bytes, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    for kind, first, last in whole_boxes(content[begin + HEADER : end]):
        yield kind, begin + HEADER + first, begin + HEADER + last


def _track_run(traf: bytes) -> tuple[int, int]:
    """Track id (of tfhd) and number of packets (of all trun) in a traf."""
    track = packets = 0
    for kind, begin, _ in _inside(traf, 0, len(traf)):
        number = int.from_bytes(traf[begin + _FULL_HEADER : begin + _FULL_HEADER + 4], "big")
        if kind == b"tfhd":
            track = number
        elif kind == b"trun":
            packets += number
    return track, packets
