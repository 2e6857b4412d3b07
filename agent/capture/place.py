"""Where among late blocks a silent loss lies, and where it may as well lie.

Owns the likelihood: lateness that scatters with an exponential tail makes a loss of ``m`` before
the last ``n`` blocks, all late by ``m`` at least, ``exp(n m / s)`` times likelier than chance. What
was held up and came in a burst says only that the loss is no longer than it was late. Refuses to
decide what is done with sound that may have been made on either side.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

_DOUBTS: Final = 14.0
"""exp(-14), about one in a million: from there on a place is none."""
_TOGETHER: Final = 3 / 4
"""Of a block's length: what comes so much sooner after the one before was held up with it."""

Arrival = tuple[float, int]
"""How late a block came, as far as is known, and how long it is; ns."""


@dataclass(frozen=True, slots=True)
class Place:
    """Numbers of blocks before which the loss may lie.

    Attributes:
        earliest: The first such block.
        likeliest: The likeliest one; of equals the first, as where a driver's buffer overran.
        latest: The last such block.
    """

    earliest: int
    likeliest: int
    latest: int


def place_of(blocks: Sequence[Arrival], scatter_ns: float) -> Place:
    """Place a loss that is proven.

    Args:
        blocks: All that came since one came in time; none of them did. At least one.
        scatter_ns: How much later than the earliest blocks come on the average.
    """
    scores = _scores(blocks, scatter_ns)
    most = max(scores)
    likeliest = scores.index(most)
    near = [n for n, score in enumerate(scores) if most - score < _DOUBTS * scatter_ns]
    return Place(min([likeliest, *near]), likeliest, max([likeliest, *near]))


def _scores(blocks: Sequence[Arrival], scatter_ns: float) -> list[float]:
    """By how much a loss before each block is likelier than chance: exp(score / scatter)."""
    held_up = _held_up(blocks)
    scores, least_ns, telling = [], math.inf, 0
    for (late_ns, _), held in zip(reversed(blocks), reversed(held_up), strict=True):
        least_ns = min(least_ns, late_ns)
        # Nothing comes so late by chance: it was held up as well.
        telling += not held and late_ns - least_ns < _DOUBTS * scatter_ns
        scores.append(telling * least_ns)
    return scores[::-1]


def _held_up(blocks: Sequence[Arrival]) -> list[bool]:
    """Which blocks came together with another one, at the end of a stall."""
    burst = [early - late > long * _TOGETHER for (early, _), (late, long) in pairwise(blocks)]
    return [a or b for a, b in zip([*burst, False], [False, *burst], strict=True)]
