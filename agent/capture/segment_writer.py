"""Which packet goes into which segment.

Owns the turn from one segment to the next: at the first IDR frame that is due, a packet going to
the segment of its time. Refuses to lose what the vault may not have: see ``retention``.
"""

from __future__ import annotations

from collections.abc import Callable

from av.audio.stream import AudioStream

from agent.capture.errors import MuxError
from agent.capture.media import (
    SECOND_NS,
    CaptureRules,
    MediaPacket,
    SegmentSink,
    Track,
)
from agent.capture.muxer import Muxer, parameter_sets
from agent.capture.padding import Padding
from agent.capture.retention import Retention
from agent.capture.segment import Segment


class SegmentWriter:
    """Writes one session's segments, one after the other.

    Args:
        rules: Length of a segment, and how much is remembered.
        sink: Takes the segments' bytes.
        audio: The AAC encoder's template, asked for at each segment.
    """

    def __init__(
        self, rules: CaptureRules, sink: SegmentSink, audio: Callable[[], AudioStream]
    ) -> None:
        self._rules = rules
        self._sink = sink
        self._audio = audio
        self._memory = Retention(rules.memory_seconds * SECOND_NS, rules.memory_bytes)
        self._segment: Segment | None = None
        self._parameters = b""
        self._number = 0
        self._gop = 0
        self._start_ns = 0

    @property
    def segment(self) -> Segment | None:
        """The open one."""
        return self._segment

    @property
    def start_ns(self) -> int:
        """Time of the open segment's first packet."""
        return self._start_ns

    def begin(self, number: int, gop: int) -> None:
        """The next packet begins segment ``number``; nothing is owed of what was before."""
        self._memory.clear()
        self._number, self._gop = number, gop

    def turn_is_due(self, pts_ns: int) -> bool:
        """Whether the next IDR frame at or after ``pts_ns`` begins a segment."""
        long_ns = self._rules.segment_seconds * SECOND_NS - self._rules.frame_ns // 2
        return self._segment is not None and pts_ns >= self._start_ns + long_ns

    def write(self, packet: MediaPacket, *, pictures: bool) -> list[MediaPacket]:
        """Write a packet.

        Args:
            packet: The next one in the order of times.
            pictures: Whether pictures are still to come; without them sound makes the turn.

        Returns:
            The packets that the sink has got by that.
        """
        passed: list[MediaPacket] = []
        if self._segment is None or self._turns(packet, pictures=pictures):
            passed += self.end()
            self._segment = self._open(packet)
        return passed + self._segment.write(self._memory.keep(packet, self._segment.number))

    def end(self) -> list[MediaPacket]:
        """End the open segment, if there is one; the packets that the sink has got by that."""
        if self._segment is None:
            return []
        segment, self._segment = self._segment, None
        passed = segment.finish()
        self._gop = segment.progress.gop_first + segment.progress.gop_count
        return passed

    def durable(self, number: int, offset: int) -> None:
        """The vault has ``offset`` bytes of segment ``number``, and all before, on its medium."""
        self._memory.durable(number, offset)

    def rewind(self, number: int, gop: int) -> list[MediaPacket]:
        """Leave the open segment as it is; the next packet begins segment ``number``.

        Returns:
            The packets to be written again. What cannot be is reported as a gap.
        """
        if self._segment is not None:
            self._segment.abandon()
            self._segment = None
        packets, gaps = self._memory.again()
        for gap in gaps:
            self._sink.gap(gap)
        self.begin(number, gop)
        return packets

    def _turns(self, packet: MediaPacket, *, pictures: bool) -> bool:
        due = self.turn_is_due(packet.pts_ns)
        if packet.track is Track.AUDIO:
            return due and not (pictures and self._parameters)
        if not packet.keyframe:
            return False
        return due or parameter_sets(packet.content) != self._parameters

    def _open(self, packet: MediaPacket) -> Segment:
        video = packet.track is Track.VIDEO
        if not packet.keyframe:
            raise MuxError("a segment cannot begin with a picture that needs another one")
        muxer = Muxer(packet.content if video else None, self._audio(), self._rules.frame_ns)
        self._parameters = parameter_sets(packet.content) if video else b""
        self._start_ns = packet.pts_ns
        padding = Padding(packet.pts_ns, self._rules.frame_ns)
        segment = Segment(self._number, muxer, self._sink, padding, self._gop)
        self._number += 1
        return segment
