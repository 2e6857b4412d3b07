"""The order of packets of both tracks.

Owns the queue between the tracks and the segments: packets leave in the order of their times, a
picture before sound of the same instant. Refuses to wait for a track that is gone, or for one that
has been silent for half a second of media. Sound that has come and is on watch is waited for by key
frames alone, where a segment may begin: other pictures lose nothing by being written before it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from agent.capture.media import SECOND_NS, MediaPacket, Track

HOLD_NS: Final = SECOND_NS // 2
_SLACK_NS: Final = 10_000
"""How much earlier than due a packet may be: 300 ppm of one AAC packet, rounded up."""


class Merge:
    """Packets that wait for those of the other track."""

    def __init__(self) -> None:
        self._queues: dict[Track, deque[MediaPacket]] = {track: deque() for track in Track}
        self._newest: dict[Track, int] = dict.fromkeys(Track, 0)
        self._next: dict[Track, int] = dict.fromkeys(Track, 0)
        self._alive: dict[Track, bool] = dict.fromkeys(Track, False)
        self._watched_ns = 0
        self._start_ns = 0

    def clear(self) -> None:
        """Forget all packets."""
        for queue in self._queues.values():
            queue.clear()

    def expect(self, track: Track, now_ns: int) -> None:
        """Packets of ``track`` will come, from about ``now_ns`` on."""
        self._newest[track] = max(self._newest[track], now_ns)
        self._alive[track] = True

    def watch(self, until_ns: int | None) -> None:
        """Sound up to ``until_ns`` has come and is on watch; None: none is."""
        self._watched_ns = until_ns or 0
        if until_ns is not None:
            self.expect(Track.AUDIO, until_ns)

    def first_ns(self, track: Track) -> int | None:
        """Time of the first packet of ``track`` that waits; None where there is none."""
        queue = self._queues[track]
        return queue[0].pts_ns if queue else None

    def put(self, packet: MediaPacket, *, keep: bool = True) -> None:
        """A packet came; each track's come in the order of their times.

        Args:
            packet: The packet.
            keep: Whether it is wanted, or only says how far its track has come.
        """
        if keep:
            self._queues[packet.track].append(packet)
        self._newest[packet.track] = packet.pts_ns
        # The next sound is due exactly; the next picture is only known to come later.
        due = packet.end_ns - _SLACK_NS if packet.track is Track.AUDIO else packet.pts_ns + 1
        self._next[packet.track] = due
        self._alive[packet.track] = True

    def gone(self, track: Track) -> None:
        """Nothing more will come of ``track`` until its next packet."""
        self._alive[track] = False

    def reached(self, at_ns: int) -> bool:
        """Whether every living track has come as far as ``at_ns``."""
        return all(self._next[track] >= at_ns for track in Track if self._alive[track])

    def drop_before(self, at_ns: int) -> None:
        """Forget packets before ``at_ns``; none of before will come."""
        self._start_ns = at_ns
        for queue in self._queues.values():
            while queue and queue[0].pts_ns < at_ns:
                queue.popleft()

    def ready(self) -> Iterator[MediaPacket]:
        """Take what can go now."""
        while (track := self._first()) is not None:
            head = self._queues[track][0]
            if not self._may_go(head, _other(track)):
                return
            yield self._queues[track].popleft()

    def rest(self) -> Iterator[MediaPacket]:
        """Take everything, in order."""
        while (track := self._first()) is not None:
            yield self._queues[track].popleft()

    def _first(self) -> Track | None:
        heads = [(queue[0].pts_ns, track) for track, queue in self._queues.items() if queue]
        # min is stable: video stands before audio in Track.
        return min(heads, key=lambda head: head[0])[1] if heads else None

    def _may_go(self, head: MediaPacket, other: Track) -> bool:
        if self._queues[other] or not self._alive[other] or head.pts_ns == self._start_ns:
            return True
        if other is Track.AUDIO and self._watched_ns > head.pts_ns and not head.keyframe:
            return True
        held_ns = self._newest[head.track] - self._newest[other]
        return self._next[other] >= head.pts_ns or held_ns > HOLD_NS


def _other(track: Track) -> Track:
    return Track.AUDIO if track is Track.VIDEO else Track.VIDEO
