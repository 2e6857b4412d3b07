"""Films out of opened segments.

Owns trimming what a crash left to its last whole fragment, joining segments into one film with
their own times, and the sound of a segment with its own times. Refuses to change a frame: packets
are copied, never coded again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, Final

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream
from numpy.typing import NDArray

_HEAD_BYTES: Final = 8
_FRAGMENT: Final = b"moof"
_NS: Final = 1_000_000_000
_RUN_UP_NS: Final = _NS // 4
"""Sound decoded before what is asked for: a decoder's first packet is never quite right."""


@dataclass(frozen=True, slots=True)
class Sound:
    """One decoded packet of sound.

    Attributes:
        first_ns: When its first sample was captured, CLOCK_BOOTTIME.
        rate: Samples a second.
        samples: One channel.
    """

    first_ns: int
    rate: int
    samples: NDArray[np.int16]


def trim(path: Path) -> None:
    """Cut an opened copy after its last whole box that is not a fragment without its media."""
    with path.open("r+b") as film:
        trim_open(film)


def trim_open(film: BinaryIO) -> None:
    """The same for a file that is open, on disk or in memory."""
    size = film.seek(0, os.SEEK_END)
    end = position = 0
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


def sound_of(film: BinaryIO, from_ns: int, to_ns: int) -> Iterator[Sound]:
    """The sound of an opened and trimmed segment between two times, packet by packet.

    A segment without sound, or one that cannot be decoded, has none from there on.
    """
    if film.seek(0, os.SEEK_END) == 0:
        return
    film.seek(0)
    try:
        with av.open(film, "r", format="mp4") as source:
            mono = av.AudioResampler(format="s16", layout="mono")
            for packet in source.demux(audio=0):
                if not _is_near(packet, from_ns - _RUN_UP_NS, to_ns):
                    continue
                for whole in packet.decode():
                    yield from (one for one in _sounds(mono, whole) if one.first_ns >= from_ns)
    except (av.FFmpegError, IndexError):
        # What was not captured whole says nothing; whoever listens sees that it is missing.
        return


def _is_near(packet: Packet[AudioStream], from_ns: int, to_ns: int) -> bool:
    if packet.pts is None or packet.time_base is None:
        return False
    return from_ns <= round(packet.pts * packet.time_base * _NS) < to_ns


def _sounds(mono: av.AudioResampler, whole: object) -> Iterator[Sound]:
    if not isinstance(whole, av.AudioFrame):
        return
    for frame in mono.resample(whole):
        if frame.pts is not None and frame.time_base is not None:
            yield Sound(
                first_ns=round(frame.pts * frame.time_base * _NS),
                rate=frame.sample_rate,
                samples=np.asarray(frame.to_ndarray()[0], np.int16),
            )


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
