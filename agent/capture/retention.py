"""What capture remembers until the vault has it on its medium.

Owns the packets since the last IDR frame before the durable mark, so that a vault that comes back
loses nothing, and the bounds of that memory. Refuses to forget silently: what had to be forgotten
is a gap when it turns out to be needed.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from agent.capture.media import SECOND_NS, Cause, Gap, MediaPacket, Track

SHORTEST_MEMORY_NS: Final = 5 * SECOND_NS


@dataclass(slots=True)
class Kept:
    """A packet, the segment it went to, and where its fragment ends in it; None before that."""

    packet: MediaPacket
    number: int
    end: int | None = None


class Retention:
    """Packets that may have to be sent again.

    Args:
        most_ns: Media kept at most; never less than 5 s.
        most_bytes: Memory they take at most, beyond those 5 s.
    """

    def __init__(self, most_ns: int, most_bytes: int) -> None:
        self._most_ns = max(most_ns, SHORTEST_MEMORY_NS)
        self._most_bytes = most_bytes
        self._kept: deque[Kept] = deque()
        self._bytes = 0
        self._pictures = 0
        self._durable = 0
        self._lost_from: dict[Track, int] = {}

    def keep(self, packet: MediaPacket, number: int) -> Kept:
        """Remember a packet on its way into segment ``number``."""
        kept = Kept(packet, number)
        self._kept.append(kept)
        self._bytes += len(packet.content)
        self._pictures += packet.track is Track.VIDEO
        while self._too_much():
            self._forget_oldest_picture_group()
        return kept

    def durable(self, number: int, offset: int) -> None:
        """All segments before ``number``, and ``offset`` bytes of it, are on the medium."""
        while self._durable < len(self._kept) and _is_in(self._kept[self._durable], number, offset):
            self._lost_from.pop(self._kept[self._durable].packet.track, None)
            self._durable += 1
        starts = [i for i in range(self._durable) if self._may_start(self._kept[i].packet)]
        for _ in range(starts[-1] if starts else 0):
            self._forget()

    def again(self) -> tuple[list[MediaPacket], list[Gap]]:
        """What to send again, from an IDR frame on, and what cannot be sent any more."""
        packets = [kept.packet for kept in self._kept]
        gaps = []
        for track, from_ns in self._lost_from.items():
            to_ns = next((packet.pts_ns for packet in packets if packet.track is track), None)
            gaps.append(Gap(from_ns, to_ns, Cause.VAULT_AWAY, track))
        self.clear()
        return packets, gaps

    def clear(self) -> None:
        """Forget everything: nothing is owed."""
        self._kept.clear()
        self._bytes = self._pictures = self._durable = 0
        self._lost_from.clear()

    def _may_start(self, packet: MediaPacket) -> bool:
        """Whether a segment can begin here: at a picture that needs no other, or at sound alone."""
        return packet.keyframe and (packet.track is Track.VIDEO or not self._pictures)

    def _too_much(self) -> bool:
        span_ns = self._kept[-1].packet.pts_ns - self._kept[0].packet.pts_ns
        over = span_ns > self._most_ns or self._bytes > self._most_bytes
        return over and span_ns > SHORTEST_MEMORY_NS

    def _forget_oldest_picture_group(self) -> None:
        self._forget()
        while self._kept and not self._may_start(self._kept[0].packet):
            self._forget()

    def _forget(self) -> None:
        kept = self._kept.popleft()
        self._bytes -= len(kept.packet.content)
        self._pictures -= kept.packet.track is Track.VIDEO
        if self._durable:
            self._durable -= 1
        else:
            self._lost_from.setdefault(kept.packet.track, kept.packet.pts_ns)


def _is_in(kept: Kept, number: int, offset: int) -> bool:
    if kept.number < number:
        return True
    return kept.number == number and kept.end is not None and kept.end <= offset
