"""Films out of opened segments.

Owns trimming what a crash left to its last whole fragment, and joining segments into one film with
their own times. Refuses to change a frame: packets are copied, never coded again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream

_HEAD_BYTES: Final = 8
_FRAGMENT: Final = b"moof"


def trim(path: Path) -> None:
    """Cut an opened copy after its last whole box that is not a fragment without its media."""
    size = path.stat().st_size
    end = position = 0
    with path.open("r+b") as film:
        while position + _HEAD_BYTES <= size:
            film.seek(position)
            head = film.read(_HEAD_BYTES)
            length = int.from_bytes(head[:4], "big")
            if length < _HEAD_BYTES or position + length > size:
                break
            position += length
            if head[4:] != _FRAGMENT:
                end = position
        film.truncate(end)


def join(films: Sequence[Path], target: Path) -> bool:
    """Copy the packets of ``films``, in order, into one MP4 that any player seeks in.

    Frames that were sent again after a crash are taken once, from the later segment.

    Returns:
        False where no film holds anything.
    """
    playable = [(film, start) for film in films if (start := _start(film)) is not None]
    if not playable:
        return False
    origin = playable[0][1]
    ends = [after for _, (_, after) in pairwise(playable)]
    with av.open(str(target), "w", format="mp4", options={"movflags": "faststart"}) as out:
        for (film, _), end in zip(playable, [*ends, None], strict=True):
            _append(film, out, origin, end)
    return True


def _append(film: Path, out: OutputContainer, origin: float, end: float | None) -> None:
    """Copy one film's packets up to ``end`` seconds, so that the whole begins at zero."""
    with av.open(str(film), "r") as source:
        streams = [*source.streams.video[:1], *source.streams.audio[:1]]
        if not out.streams:
            for stream in streams:
                out.add_stream_from_template(stream)
        targets = {one.type: one for one in out.streams}
        for packet in _packets(source):
            target = targets.get(packet.stream.type)
            base = packet.time_base
            if target is None or packet.pts is None or base is None:
                continue
            if end is not None and float(packet.pts * base) >= end:
                continue
            shift = round(origin / base)
            packet.pts -= shift
            packet.dts = packet.pts
            if packet.pts >= 0:
                packet.stream = target
                out.mux(packet)


def _packets(source: InputContainer) -> Iterator[Packet[Stream]]:
    for packet in source.demux():
        if packet.size:
            yield packet


def _start(film: Path) -> float | None:
    """When a film's first picture was taken, seconds; None where there is none."""
    if film.stat().st_size == 0:
        return None
    try:
        with av.open(str(film), "r") as source:
            for packet in source.demux(video=0):
                if packet.pts is not None and packet.time_base is not None:
                    return float(packet.pts * packet.time_base)
    except (av.FFmpegError, IndexError):
        # Nothing but a header was written before the crash: there is nothing to show.
        return None
    return None
