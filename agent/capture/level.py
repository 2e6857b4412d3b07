"""Whether blocks that come late come late because samples before them are lost.

Owns the test: arrivals of a busy machine fall as it works its backlog off, rise as it falls behind,
or scatter; after a loss they stay level, none comes in time, and the level stands far above what
their own scatter explains. Refuses any knowledge of a microphone: it sees lateness alone.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from agent.capture.media import SECOND_NS

IN_TIME_NS: Final = 4_000_000
"""Sound of which a block came so soon cannot be earlier in the recording than by so much."""
SHORTEST_NS: Final = SECOND_NS // 2
"""Sound that must have come at its pace."""
_FEWEST: Final = 9
_MOST: Final = 500
_FORGETTING: Final = 128
"""Blocks by which a habit of coming late is learned and forgotten."""
_AT_FIRST_NS: Final = 10_000_000.0
_EVIDENCE: Final = 45.0
"""With lateness that scatters by ``s``, ``n`` blocks are all later than ``m`` by chance with a
probability of about exp(-n m / s): once in 10 ** 19 here."""
_SLACK_NS: Final = 1_000_000
_SLACK_SCATTERS: Final = 12.0
_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class Proof:
    """Samples are missing.

    Attributes:
        missing_ns: For how long, at most; the truth is hardly less.
        scatter_ns: How much later than the earliest blocks come on the average: these, or by habit
            if that is more.
    """

    missing_ns: float
    scatter_ns: float


class Level:
    """Lateness of consecutive blocks, none of which came in time."""

    def __init__(self) -> None:
        self._late: deque[tuple[float, int]] = deque(maxlen=_MOST)
        self._usual_ns = _AT_FIRST_NS

    def in_time(self, late_ns: float) -> None:
        """A block came in time: those before it were late by chance."""
        for late in [late for late, _ in self._late] + [max(0.0, late_ns)]:
            # One stall is no habit.
            usual = min(late, 4 * self._usual_ns + IN_TIME_NS)
            self._usual_ns += (usual - self._usual_ns) / _FORGETTING
        self._late.clear()

    def clear(self) -> None:
        """What was late is explained."""
        self._late.clear()

    def add(self, late_ns: float, long_ns: int) -> None:
        """A block of ``long_ns`` came ``late_ns`` after it had sounded, as far as is known."""
        while self._late and self._late[-1][0] - late_ns > long_ns * 3 / 4:
            # It came together with the one before: that one was held up, and says nothing.
            self._late.pop()
        self._late.append((late_ns, long_ns))

    def proven(self) -> Proof | None:
        """What is missing before these blocks; None while that is not proven."""
        while self._is_long() and not self._falls():
            uneven = self._uneven()
            if not uneven:
                proof = self._measured()
                return proof if self._is_sure(proof) else None
            for _ in range(uneven):
                self._late.popleft()
        return None

    def _is_long(self) -> bool:
        heard_ns = sum(long_ns for _, long_ns in self._late)
        return heard_ns >= SHORTEST_NS and len(self._late) >= _FEWEST

    def _falls(self) -> bool:
        """Whether the last block came much sooner after the one before it than it is long."""
        (before_ns, _), (late_ns, long_ns) = self._late[-2], self._late[-1]
        return before_ns - late_ns > long_ns / 4

    def _is_sure(self, proof: Proof) -> bool:
        return len(self._late) * proof.missing_ns >= _EVIDENCE * proof.scatter_ns

    def _measured(self) -> Proof:
        """By the later ones: the first may have come before the loss."""
        late = [late_ns for late_ns, _ in self._late][len(self._late) // _PARTS :]
        return Proof(min(late), max(self._usual_ns, sum(late) / len(late) - min(late)))

    def _uneven(self) -> int:
        """How many of the first blocks stand on another level than those after them."""
        late = [late_ns for late_ns, _ in self._late]
        part = len(late) // _PARTS
        first, middle, last = min(late[:part]), min(late[part:-part]), min(late[-part:])
        scatter_ns = sum(late) / len(late) - min(late)
        slack = _SLACK_NS + _SLACK_SCATTERS * scatter_ns / len(late)
        if last < max(first, middle) - slack:
            return part if middle < first + slack else len(late) - part
        low = [number for number, ns in enumerate(late[:-part]) if ns < last - slack]
        return low[-1] + 1 if low else 0
