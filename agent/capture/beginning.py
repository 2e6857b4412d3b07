"""The first moments of a recording, told as they happen.

Owns what is reported once: the first picture with its latencies, and that both tracks have begun.
Refuses to wait for a part that is gone.
"""

from __future__ import annotations

from collections.abc import Callable

from agent.capture.media import CaptureListener, Latency, MediaPacket, Started, Track
from agent.capture.segment import Segment


class Beginning:
    """Watches what the sink has got since ``begin`` or ``again``.

    Args:
        listener: Is told.
        now_ns: CLOCK_BOOTTIME.
    """

    def __init__(self, listener: CaptureListener, now_ns: Callable[[], int]) -> None:
        self._listener = listener
        self._now_ns = now_ns
        self._pressed_ns = 0
        self._encoded_ns = 0
        self._first: dict[Track, int] = {}
        self._picture_told = True
        self._start_told = True

    def begin(self, pressed_ns: int) -> None:
        """A recording begins, asked for at ``pressed_ns``."""
        self._pressed_ns = pressed_ns
        self._picture_told = False
        self.again()

    def again(self) -> None:
        """The vault is sent what it has not got: it has to have both tracks again."""
        self._first = {}
        self._start_told = False

    def encoded(self, at_ns: int) -> None:
        """The encoder delivered the first picture."""
        self._encoded_ns = at_ns

    def passed(self, packets: list[MediaPacket], segment: Segment, *, awaited: set[Track]) -> None:
        """The sink has got ``packets``; of the ``awaited`` tracks something will come."""
        for packet in packets:
            self._first.setdefault(packet.track, packet.pts_ns)
        if not self._picture_told and Track.VIDEO in self._first:
            self._picture_told = True
            self._listener.first_frame(self._latency())
        if not self._start_told and self._first and awaited <= self._first.keys():
            self._start_told = True
            segment.let_go()
            self._listener.started(
                Started(
                    number=segment.number,
                    plaintext_offset=segment.offset,
                    video_ns=self._first.get(Track.VIDEO),
                    audio_ns=self._first.get(Track.AUDIO),
                )
            )

    def _latency(self) -> Latency:
        return Latency(
            pressed_ns=self._pressed_ns,
            captured_ns=self._first[Track.VIDEO],
            encoded_ns=self._encoded_ns,
            muxed_ns=self._now_ns(),
        )
