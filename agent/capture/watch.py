"""Sound waits here until it is known when it was made.

Owns the verdict on blocks that come late. A block that comes in time vouches for itself and all
before it: no samples are missing. Blocks that come late wait, for one that comes in time or until
their arrivals prove a loss, which then lies where they began to be late. Refuses to hold a block
for longer than a second, and to touch the clock: what is decided goes with the block.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from agent.capture.level import IN_TIME_NS, Level, Proof
from agent.capture.media import AUDIO_RATE, SECOND_NS, Cause
from agent.capture.place import Place, place_of
from agent.capture.sample_clock import SampleClock
from hw.types import AudioBlock

LONGEST_NS: Final = SECOND_NS
_IMPOSSIBLE_NS: Final = 4_000_000
"""Nothing arrives before it has sounded: then times are late, and do not creep but step back."""
_TOGETHER_NS: Final = 4_700_000
"""How far off a block may be put: 5 ms, less what the clock itself may be off by."""
_SAMPLE_BYTES: Final = 2


@dataclass(frozen=True, slots=True)
class Lost:
    """Samples that are missing before a block; fewer than none were taken for lost by mistake."""

    samples: int
    cause: Cause


@dataclass(slots=True)
class Due:
    """A block, what is missing before it, and how late it came.

    Attributes:
        block: The block.
        lost: What is missing before it.
        late_ns: How late it came, as far as is known.
        unsure: Whether the driver lost samples before it and could not tell how many.
        doubt_ns: How much may have been lost before it that counts as lost after it, or the other
            way round, beyond what the times of all sound may be off by; 0: nothing.
    """

    block: AudioBlock
    lost: list[Lost] = field(default_factory=list)
    late_ns: float = 0.0
    unsure: bool = False
    doubt_ns: float = 0.0

    @property
    def samples(self) -> int:
        """How many it holds."""
        return len(self.block.samples) // _SAMPLE_BYTES

    @property
    def long_ns(self) -> int:
        """How long it is."""
        return self.samples * SECOND_NS // AUDIO_RATE

    @property
    def counts(self) -> int:
        """By how much the stream's count is greater after it."""
        return self.samples + sum(lost.samples for lost in self.lost)


class Watch:
    """Blocks of a stream whose clock has settled.

    Args:
        clock: Gives times to samples; it hears the blocks when they leave here.
    """

    def __init__(self, clock: SampleClock) -> None:
        self._clock = clock
        self._held: deque[Due] = deque()
        self._level = Level()

    @property
    def until_ns(self) -> int | None:
        """Up to when the sound that waits was made, at least; None where none waits."""
        if not self._held:
            return None
        return round(self._held[-1].block.arrived_ns - self._held[-1].late_ns)

    def put(self, due: Due) -> list[Due]:
        """A block came; those that are certain by that."""
        due.unsure = due.block.overflowed and not due.block.lost_samples
        ahead = sum(held.counts for held in self._held) + due.counts
        due.late_ns = self._clock.late_ns(ahead, due.block.arrived_ns)
        if due.late_ns <= -_IMPOSSIBLE_NS:
            due.lost.append(Lost(_samples(due.late_ns), Cause.SAMPLES_VANISHED))
            due.late_ns = 0.0
        self._held.append(due)
        self._weigh(due)
        if due.late_ns > IN_TIME_NS:
            proof = self._level.proven()
            if proof is not None:
                self._place(proof)
        return self._certain() + self.overdue(due.block.arrived_ns)

    def overdue(self, now_ns: int) -> list[Due]:
        """What has waited for too long; a verdict will be on what comes after it."""
        passed = []
        while self._held and now_ns - self._held[0].block.arrived_ns > LONGEST_NS:
            self._doubt(self._held[0], self._missing_ns(0))
            passed.append(self._held.popleft())
            if passed[-1].unsure and self._held:
                # Its place is gone, but not the driver's word.
                self._held[0].unsure = True
        return passed

    def flush(self) -> list[Due]:
        """All that waits, without a verdict."""
        held = list(self._held)
        for number, due in enumerate(held):
            self._doubt(due, self._missing_ns(number))
        self._held.clear()
        return held

    def _doubt(self, due: Due, early_ns: float) -> None:
        """Nothing vouches for it: all by which it and what came after it is late may be lost."""
        if early_ns > IN_TIME_NS:
            due.doubt_ns = max(due.doubt_ns, early_ns)

    def _weigh(self, due: Due) -> None:
        if due.late_ns <= IN_TIME_NS:
            self._level.in_time(due.late_ns)
        else:
            self._level.add(due.late_ns, due.long_ns)

    def _certain(self) -> list[Due]:
        """All up to the last block that came in time."""
        vouching = [n for n, due in enumerate(self._held) if due.late_ns <= IN_TIME_NS]
        return [self._held.popleft() for _ in range(vouching[-1] + 1 if vouching else 0)]

    def _place(self, proof: Proof) -> None:
        """Put a loss where it must have been, and see what remains late."""
        place = place_of([(due.late_ns, due.long_ns) for due in self._held], proof.scatter_ns)
        named = [n for n, due in enumerate(self._held) if n >= place.earliest and due.unsure]
        if named:
            self._lose(named[0], self._missing_ns(named[0]), Cause.SAMPLES_LOST)
        else:
            self._lose_silently(place, self._missing_ns(place.likeliest))
        self._level.clear()
        for due in self._held:
            self._weigh(due)

    def _missing_ns(self, first: int) -> float:
        return min(due.late_ns for due in list(self._held)[first:])

    def _lose_silently(self, place: Place, missing_ns: float) -> None:
        """Half before and half after the blocks that may lie on either side, or say they do."""
        if _TOGETHER_NS < missing_ns <= 2 * _TOGETHER_NS:
            self._lose(place.earliest, missing_ns / 2, Cause.SAMPLES_VANISHED)
            self._lose(place.latest, missing_ns / 2, Cause.SAMPLES_VANISHED)
            return
        if missing_ns > _TOGETHER_NS:
            for due in list(self._held)[place.earliest : place.latest]:
                due.doubt_ns = max(due.doubt_ns, missing_ns)
        self._lose(place.likeliest, missing_ns, Cause.SAMPLES_VANISHED)

    def _lose(self, number: int, missing_ns: float, cause: Cause) -> None:
        late = list(self._held)[number:]
        late[0].lost.append(Lost(_samples(missing_ns), cause))
        for due in late:
            due.late_ns -= missing_ns


def _samples(span_ns: float) -> int:
    return round(span_ns * AUDIO_RATE / SECOND_NS)
