"""Films out of opened segments.

Owns trimming what a crash left to its last whole fragment, and joining segments into one film with
their own times. Refuses to change a frame: packets are copied, never coded again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
    target.touch(mode=0o640, exist_ok=False)
    with av.open(str(target), "w", format="mp4", options={"movflags": "faststart"}) as out:
        last: dict[str, int] = {}
        for (film, _), end in zip(playable, [*ends, None], strict=True):
            _append(film, out, _Cut(origin, end, last))
    return True


@dataclass(frozen=True, slots=True)
class _Cut:
    """What of a film is taken.

    Attributes:
        origin: Seconds at which the whole begins.
        end: Seconds at which the next film begins, or None.
        last: The last time taken of each track, in that track's own units.
    """

    origin: float
    end: float | None
    last: dict[str, int]


def _append(film: Path, out: OutputContainer, cut: _Cut) -> None:
    """Copy one film's packets, so that the whole begins at zero and no time comes twice."""
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
            if cut.end is not None and float(packet.pts * base) >= cut.end:
                continue
            packet.pts -= round(cut.origin / base)
            packet.dts = packet.pts
            # The sound of a film may begin a little before its first picture.
            if packet.pts > cut.last.get(target.type, -1):
                cut.last[target.type] = packet.pts
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
