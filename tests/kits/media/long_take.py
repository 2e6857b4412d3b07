"""A recording of many virtual hours: capture's engine worked by hand, with imperfect parts.

What the parts deliver is ``mishaps``', what came out is judged by ``true_times``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from agent.capture.engine import Asks, Engine
from agent.capture.media import SECOND_NS, CaptureRules, Track
from hw.types import AudioBlock
from tests.kits.media.capture import Ear
from tests.kits.media.mishaps import BOOTED_NS, WARM_NS, Conditions, Parts
from tests.kits.media.true_times import Judge, Judged, Pieces, Scribe


class _Quiet(Ear):
    """A listener that does not keep hours of sound."""

    def heard(self, samples: bytes, first_ns: int) -> None:
        """Let it go by."""


class Take:
    """One recording.

    Args:
        conditions: How imperfect the parts are.
        seconds: How long it is.
        each_second: Called once for every second of device time, with it.
    """

    def __init__(
        self,
        conditions: Conditions,
        seconds: int,
        each_second: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.parts = Parts(conditions)
        self.end_ns = BOOTED_NS + WARM_NS + seconds * SECOND_NS
        self._each_second = each_second
        notes: deque[Pieces] = deque()
        self._judge = Judge(self.parts.truth, notes, self.parts.captured)
        self._now_ns = BOOTED_NS
        self.ear = _Quiet()
        self._engine = Engine(
            rules=CaptureRules(segment_seconds=10, memory_seconds=5),
            sink=self._judge,
            listener=self.ear,
            asks=Asks(keyframe=lambda: None, restart=lambda _: None),
            now_ns=lambda: self._now_ns,
            encoder=lambda: Scribe(notes),
        )

    def run(self) -> Judged:
        """Record from the beginning to the end."""
        for track in Track:
            self._engine.part_started(track)
        sounds, sights = self.parts.sounds(), self.parts.sights()
        sound, sight = next(sounds), next(sights)
        begun, second_ns = False, BOOTED_NS + SECOND_NS
        while self._now_ns < self.end_ns:
            if sound[0] <= sight[0]:
                self._come_to(sound[0])
                self._hear(sound[1])
                sound = next(sounds)
            else:
                self._come_to(sight[0])
                self._engine.picture(sight[1], self._now_ns)
                sight = next(sights)
            self._engine.advance(self._now_ns)
            if not begun and self._now_ns >= BOOTED_NS + WARM_NS:
                self._engine.begin(0, self._now_ns, 0)
                begun = True
            if self._now_ns >= second_ns:
                self._each_second(self._now_ns)
                second_ns += SECOND_NS
        self._finish()
        return self._judge.judged

    def _finish(self) -> None:
        self._engine.stop(self._now_ns)
        self._now_ns += SECOND_NS
        self._engine.advance(self._now_ns)
        self._engine.close()

    def _come_to(self, at_ns: float) -> None:
        self._now_ns = max(self._now_ns, round(at_ns))

    def _hear(self, delivery: AudioBlock | int) -> None:
        if isinstance(delivery, int):
            self._engine.overflowed(Track.AUDIO, delivery)
        else:
            self._engine.sound(delivery)
