"""The sound of a long take without pictures, files or AAC: many days cost little.

What the device makes of a microphone's blocks, up to packets with their times and what it signs of
them, is the code that records; what ``true_times`` judges, it judges here as well.
"""

from __future__ import annotations

from collections import deque

from agent.capture.gaps import Doubts
from agent.capture.media import Cause, MediaPacket
from agent.capture.tracks import AudioTrack
from tests.kits.media.long_take import Take
from tests.kits.media.mishaps import BOOTED_NS, WARM_NS
from tests.kits.media.true_times import Judge, Judged, Pieces, Scribe


class _Uncoded(Scribe):
    """Notes what it was given, and hands it on as it is."""

    def encode(self, samples: bytes) -> list[tuple[int, bytes]]:
        self.note(samples)
        self.index += len(samples) // 2
        return [(self.index - len(samples) // 2, b"")]


class SoundAlone(Take):
    """A take of which only the sound is made."""

    def run(self) -> Judged:
        """Hear from the beginning to the end."""
        notes: deque[Pieces] = deque()
        judge = Judge(self.parts.truth, notes, deque())
        track = AudioTrack(lambda _samples, _ns: None, lambda: _Uncoded(notes))
        doubts, begun = Doubts(), False
        for arrived_ns, delivery in self.parts.sounds():
            if arrived_ns >= self.end_ns:
                break
            if not begun and arrived_ns >= BOOTED_NS + WARM_NS:
                begun = True
                track.record(on=True)
            if isinstance(delivery, int):
                track.lost(delivery, Cause.QUEUE_FULL)
                continue
            for packet in track.take(delivery):
                if packet.pts_ns >= BOOTED_NS + WARM_NS:
                    _hand_over(packet, doubts, judge)
        return judge.judged


def _hand_over(packet: MediaPacket, doubts: Doubts, judge: Judge) -> None:
    if packet.gap is not None:
        judge.gap(packet.gap)
    doubt = doubts.follow(packet)
    if doubt is not None:
        judge.doubt(doubt)
    judge.sound(packet.pts_ns)
