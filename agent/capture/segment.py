"""The segment that is open now.

Owns its bytes up to the sink: fragments as the muxer makes them, padding between them, and what
they hold so far. Refuses to decide which packet belongs to it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from agent.capture.boxes import free_box
from agent.capture.media import AUDIO_FRAME, MediaPacket, Progress, SegmentSink, Track
from agent.capture.muxer import Muxer
from agent.capture.padding import Padding
from agent.capture.retention import Kept


class Segment:
    """An open segment; making it begins it.

    Args:
        number: Its number in the session.
        muxer: Its MP4.
        sink: Takes its bytes.
        padding: Says when to pad.
        gop_first: Running number of its first group of pictures.
    """

    def __init__(
        self, number: int, muxer: Muxer, sink: SegmentSink, padding: Padding, gop_first: int
    ) -> None:
        self.number = number
        self._muxer = muxer
        self._sink = sink
        self._padding = padding
        self._waiting: dict[Track, deque[Kept]] = {track: deque() for track in Track}
        self.progress = Progress(gop_first=gop_first)
        self.offset = len(muxer.init)
        sink.begin(number, muxer.init)

    def write(self, kept: Kept) -> list[MediaPacket]:
        """Add a packet; the packets that the sink has got by that."""
        self._waiting[kept.packet.track].append(kept)
        self._muxer.write(kept.packet)
        return self._pass_on(self._muxer.take())

    def let_go(self) -> None:
        """Pad at once, so that the seal holds nothing back of what the sink has got."""
        self._pad(self._padding.wanted(self.offset, self._now_ns(), at_once=True))

    def finish(self) -> list[MediaPacket]:
        """Pass the last fragments on and end the segment."""
        passed = self._pass_on(self._muxer.close())
        self._sink.end(self.number, self.progress)
        return passed

    def abandon(self) -> None:
        """Leave the segment as it is."""
        self._muxer.abandon()

    def _pass_on(self, fragments: Iterable[tuple[bytes, dict[Track, int]]]) -> list[MediaPacket]:
        passed: list[MediaPacket] = []
        for content, counts in fragments:
            self.offset += len(content)
            packets = [self._placed(track) for track, count in counts.items() for _ in range(count)]
            for packet in packets:
                self.progress = _with(self.progress, packet)
            keyframe = any(p.keyframe and p.track is Track.VIDEO for p in packets)
            self._sink.fragment(self.number, content, self.progress, keyframe=keyframe)
            self._pad(self._padding.wanted(self.offset, self._now_ns()))
            passed += packets
        return passed

    def _placed(self, track: Track) -> MediaPacket:
        kept = self._waiting[track].popleft()
        kept.end = self.offset
        return kept.packet

    def _pad(self, size: int) -> None:
        if size:
            self.offset += size
            self._sink.fragment(self.number, free_box(size), self.progress, keyframe=False)

    def _now_ns(self) -> int:
        return max(self.progress.last_pts_ns, self.progress.audio_last_pts_ns)


def _with(progress: Progress, packet: MediaPacket) -> Progress:
    if packet.track is Track.AUDIO:
        return replace(
            progress,
            samples=progress.samples + AUDIO_FRAME,
            audio_first_pts_ns=progress.audio_first_pts_ns or packet.pts_ns,
            audio_last_pts_ns=packet.end_ns,
        )
    return replace(
        progress,
        frames=progress.frames + 1,
        dropped=progress.dropped + packet.missing,
        first_pts_ns=progress.first_pts_ns or packet.pts_ns,
        last_pts_ns=packet.end_ns,
        gop_count=progress.gop_count + packet.keyframe,
    )
