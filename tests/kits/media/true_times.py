"""What came out of a long take, demuxed and held against what truly sounded and was seen."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from itertools import pairwise
from typing import Final

import av
import numpy as np

from agent.capture.aac import AacEncoder
from agent.capture.media import (
    AUDIO_FRAME,
    AUDIO_FRAME_NS,
    AUDIO_RATE,
    SECOND_NS,
    Doubt,
    Gap,
    Progress,
    Track,
)
from tests.kits.media.capture import BLOCK, FRAME_NS
from tests.kits.media.mishaps import Truth

GAP_NS: Final = 20_000_000
MOST_IN_DOUBT: Final = 10_000
"""At most one of so many seconds of sound may be in doubt."""
_FILE_TICK_NS: Final = SECOND_NS // AUDIO_RATE
_NEAR_NS: Final = 4 * _FILE_TICK_NS
"""Times that are the same but for rounding."""


@dataclass
class Judged:
    """What came out, against the truth.

    Sound is judged in pieces: the samples of one block that stand in one packet. Within a piece
    nothing is missing, so that all of it is off by the same.

    Attributes:
        at_ns: Time of each piece in the file, in order.
        samples: How long each is.
        errors_ns: That time less when it truly sounded.
        stamps_ns: Time of each packet of sound, as it stands in the file.
        picture_errors: The largest of any picture, nanoseconds.
        seen: Seconds in which there are pictures.
        gaps: As the sink got them.
        doubts: As the sink got them.
        packets: Audio packets.
        pictures: Video packets.
        segments: Files.
        filled: Packets that the device completed with silence.
    """

    at_ns: array[int] = field(default_factory=lambda: array("q"))
    samples: array[int] = field(default_factory=lambda: array("H"))
    errors_ns: array[int] = field(default_factory=lambda: array("q"))
    stamps_ns: array[int] = field(default_factory=lambda: array("q"))
    picture_errors: int = 0
    seen: set[int] = field(default_factory=set)
    gaps: list[Gap] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    packets: int = 0
    pictures: int = 0
    segments: int = 0
    filled: int = 0

    def pieces(self) -> Iterator[tuple[int, int, int]]:
        """Begin and end of each piece in the file, and by how much that is wrong."""
        for at_ns, samples, error_ns in zip(self.at_ns, self.samples, self.errors_ns, strict=True):
            yield at_ns, at_ns + samples * SECOND_NS // AUDIO_RATE, error_ns


Pieces = list[tuple[int, int, int]]
"""Of a packet: offset in it, number of the first delivered sample there, and how many."""


class Scribe(AacEncoder):
    """An encoder that notes which of the delivered samples it was given.

    Args:
        notes: Takes a note for each packet.
    """

    def __init__(self, notes: deque[Pieces]) -> None:
        super().__init__()
        self._notes = notes
        self._delivered = 0
        self.index = 0

    def encode(self, samples: bytes) -> list[tuple[int, bytes]]:
        self.note(samples)
        return super().encode(samples)

    def note(self, samples: bytes) -> None:
        """Which delivered samples the next packet holds, and where."""
        there = np.flatnonzero(np.frombuffer(samples, "<i2"))
        pieces: Pieces = []
        for run in np.split(there, np.flatnonzero(np.diff(there) > 1) + 1):
            pieces += self._pieces(int(run[0]), len(run))
        self._notes.append(pieces)

    def _pieces(self, offset: int, count: int) -> Iterator[tuple[int, int, int]]:
        while count:
            held = min(count, BLOCK - self._delivered % BLOCK)
            yield offset, self._delivered, held
            offset, count, self._delivered = offset + held, count - held, self._delivered + held


class Judge:
    """A sink that demuxes every segment, judges it and lets it go."""

    def __init__(self, truth: Truth, notes: deque[Pieces], seen: deque[int]) -> None:
        self.judged = Judged()
        self._truth = truth
        self._notes = notes
        self._captured = seen
        self._content = bytearray()

    def begin(self, number: int, init: bytes) -> None:
        assert number == self.judged.segments
        self._content = bytearray(init)

    def fragment(self, number: int, content: bytes, progress: Progress, *, keyframe: bool) -> None:
        self._content += content

    def end(self, number: int, facts: Progress) -> None:
        self.judged.segments += 1
        with av.open(BytesIO(self._content), "r") as file:
            for packet in file.demux():
                if packet.pts is not None and packet.size:
                    at_ns = round(packet.pts * (packet.time_base or 0) * SECOND_NS)
                    if packet.stream.type == "video":
                        self._picture(at_ns)
                    else:
                        self.sound(at_ns)

    def gap(self, gap: Gap) -> None:
        self.judged.gaps.append(gap)

    def doubt(self, doubt: Doubt) -> None:
        self.judged.doubts.append(doubt)

    def _picture(self, at_ns: int) -> None:
        while self._captured and self._captured[0] < at_ns - FRAME_NS // 2:
            self._captured.popleft()
        error = abs(self._captured.popleft() - at_ns)
        self.judged.pictures += 1
        self.judged.picture_errors = max(self.judged.picture_errors, error)
        self.judged.seen.add(at_ns // SECOND_NS)

    def sound(self, at_ns: int) -> None:
        """A packet whose time in the file is ``at_ns``."""
        judged = self.judged
        while not judged.packets and self._is_before(at_ns):
            self._notes.popleft()
        judged.packets += 1
        judged.stamps_ns.append(at_ns)
        pieces = self._notes.popleft()
        for offset, first, count in pieces:
            placed_ns = at_ns + offset * SECOND_NS // AUDIO_RATE
            judged.at_ns.append(placed_ns)
            judged.samples.append(count)
            judged.errors_ns.append(placed_ns - round(self._truth.sounded(first)))
        judged.filled += sum(count for _, _, count in pieces) < AUDIO_FRAME

    def _is_before(self, at_ns: int) -> bool:
        """Whether the next packet that was encoded is one from before the recording."""
        _, first, _ = self._notes[0][0]
        return self._truth.sounded(first) < at_ns - AUDIO_FRAME_NS // 2


def steps_not_told(judged: Judged) -> list[int]:
    """Where the sound jumps by 20 ms or more without a gap of that begin and end."""
    told = {
        (gap.from_ns // _NEAR_NS, gap.to_ns // _NEAR_NS)
        for gap in judged.gaps
        if gap.track is Track.AUDIO and gap.to_ns is not None
    }
    found = []
    for (_, ended_ns, _), (begins_ns, _, _) in pairwise(judged.pieces()):
        if begins_ns - ended_ns >= GAP_NS + 2 * _FILE_TICK_NS:
            ends, begins = ended_ns // _NEAR_NS, begins_ns // _NEAR_NS
            around = {(ends + a, begins + b) for a in (-1, 0, 1) for b in (-1, 0, 1)}
            if not around & told:
                found.append(ended_ns)
    return found
