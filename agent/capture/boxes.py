"""MP4 boxes, as far as cutting a stream of them into whole fragments needs.

Owns the walk over boxes (ISO/IEC 14496-12), and the time of a fragment's first packets where the
muxer gets it wrong. Refuses 64-bit and open-ended boxes: a fragment of one picture has neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from agent.capture.errors import MuxError

HEADER: Final = 8
_FULL_HEADER: Final = 12
# Which fields a tfhd and a trun have before and about durations (ISO/IEC 14496-12, 8.8.7, 8.8.8).
_HEAD_BASE: Final = 0x01
_HEAD_DESCRIPTION: Final = 0x02
_HEAD_DURATION: Final = 0x08
_RUN_OFFSET: Final = 0x01
_RUN_FIRST_FLAGS: Final = 0x04
_RUN_DURATIONS: Final = 0x100


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
    for first, last in _trafs(content):
        track, packets = _track_run(content[first:last])
        counts[track] = counts.get(track, 0) + packets
    return Fragment(content, counts)


def restamp(content: bytes, begins: Mapping[int, int]) -> bytes:
    """Let each track of a moof begin where its first packet does.

    The muxer lets a fragment begin where the one before it ended, and makes the first packet that
    much longer: after a loss, that packet would be shown too early by all that was lost.

    Args:
        content: One moof and its mdat.
        begins: Track id → time of its first packet in the moof, in the track's ticks.

    Raises:
        MuxError: The moof has no room for a track's true beginning.
    """
    patched = bytearray(content)
    for first, last in _trafs(content):
        _restamp_track(patched, first, last, begins)
    return bytes(patched)


def _restamp_track(patched: bytearray, first: int, last: int, begins: Mapping[int, int]) -> None:
    inner = {kind: begin for kind, begin, _ in _inside(patched, first, last)}
    track = _number(patched, inner[b"tfhd"] + _FULL_HEADER, 4)
    if patched[inner[b"tfdt"] + HEADER] != 1:
        raise MuxError("a fragment's time has no room for a device's uptime")
    at = inner[b"tfdt"] + _FULL_HEADER
    late = begins[track] - _number(patched, at, 8)
    if late <= 1:
        # Within a tick of where the one before it ended: rounding, no loss.
        return
    _put(patched, at, 8, begins[track])
    length = _first_duration(patched, inner)
    _put(patched, length, 4, _number(patched, length, 4) - late)


def _first_duration(content: bytearray, inner: Mapping[bytes, int]) -> int:
    """Where the first packet's duration stands: in trun for each, in tfhd for all."""
    run = inner[b"trun"]
    flags = _number(content, run + HEADER + 1, 3)
    if flags & _RUN_DURATIONS:
        optional = (_RUN_OFFSET, _RUN_FIRST_FLAGS)
        return run + _FULL_HEADER + 4 + 4 * sum(bool(flags & flag) for flag in optional)
    head = inner[b"tfhd"]
    flags = _number(content, head + HEADER + 1, 3)
    alone = _number(content, run + _FULL_HEADER, 4) == 1
    if not alone or not flags & _HEAD_DURATION:
        raise MuxError("a fragment does not say how long its first packet is")
    before = 8 * bool(flags & _HEAD_BASE) + 4 * bool(flags & _HEAD_DESCRIPTION)
    return head + _FULL_HEADER + 4 + before


def _number(content: bytes | bytearray, at: int, size: int) -> int:
    return int.from_bytes(content[at : at + size], "big")


def _put(content: bytearray, at: int, size: int, number: int) -> None:
    if number < 0:
        raise MuxError("a fragment's first packet would end before it begins")
    content[at : at + size] = number.to_bytes(size, "big")


def _trafs(content: bytes) -> Iterator[tuple[int, int]]:
    for kind, begin, end in whole_boxes(content):
        if kind == b"moof":
            for inner, first, last in _inside(content, begin, end):
                if inner == b"traf":
                    yield first, last


def _inside(content: bytes | bytearray, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    for kind, first, last in whole_boxes(content[begin + HEADER : end]):
        yield kind, begin + HEADER + first, begin + HEADER + last


def _track_run(traf: bytes) -> tuple[int, int]:
    """Track id (of tfhd) and number of packets (of all trun) in a traf."""
    track = packets = 0
    for kind, begin, _ in _inside(traf, 0, len(traf)):
        number = _number(traf, begin + _FULL_HEADER, 4)
        if kind == b"tfhd":
            track = number
        elif kind == b"trun":
            packets += number
    return track, packets
