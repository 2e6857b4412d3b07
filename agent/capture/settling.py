"""A stream's first blocks, until its clock may be set by them.

Owns the wait: a quarter of a second of sound, and longer while a busy machine still works off what
came before. Refuses to wait for more than two seconds of sound.
"""

from __future__ import annotations

from typing import Final

from agent.capture.media import AUDIO_RATE, SECOND_NS
from agent.capture.sample_clock import SETTLING_NS
from agent.capture.watch import Due

_PACE_NS: Final = SECOND_NS // 10
"""Sound that has come at its pace: then a backlog has been worked off."""
_JITTER_NS: Final = 2_000_000
_LONGEST_NS: Final = 2 * SECOND_NS


class Settling:
    """The blocks so far."""

    def __init__(self) -> None:
        self._waiting: list[Due] = []

    def put(self, due: Due) -> list[Due]:
        """A block came; all of them once they are enough."""
        self._waiting.append(due)
        heard_ns = sum(due.samples for due in self._waiting) * SECOND_NS // AUDIO_RATE
        if heard_ns < SETTLING_NS or (heard_ns < _LONGEST_NS and not self._is_steady()):
            return []
        waiting, self._waiting = self._waiting, []
        return waiting

    def _is_steady(self) -> bool:
        """Whether blocks come at their pace: a busy machine works a backlog off in a burst."""
        lateness: list[int] = []
        heard = 0
        for number, due in enumerate(self._waiting):
            heard += due.counts if number else due.samples
            lateness.append(due.block.arrived_ns - heard * SECOND_NS // AUDIO_RATE)
        last = -(-_PACE_NS * AUDIO_RATE // (SECOND_NS * self._waiting[-1].samples))
        before, after = lateness[:-last], lateness[-last:]
        return bool(before) and min(before) <= min(after) + _JITTER_NS
