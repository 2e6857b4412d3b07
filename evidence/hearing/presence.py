"""Which parts of a clip were heard, once it is known where it lies.

Owns the two-state path over the blocks (heard, missing), the share, the missing intervals and the
rule for *complete*. Refuses to judge pauses: what is silent in the clip can be neither heard nor
missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evidence.hearing.match import Match
from evidence.hearing.reference import BLOCK_MS, Reference
from evidence.hearing.sound import RATE

MOST_MISSING: Final = 64
"""A signed record holds no more intervals than this; the nearest ones are told as one."""
COMPLETE_SHARE: Final = 0.97
"""Short stretches cut out here and there are seen to about half: a tenth of them shows as 0.95."""

_LEAST_Z: Final = 2.2
_LEAST_PART: Final = 0.3
_NOWHERE_Z: Final = 1.0
_NOWHERE_PART: Final = 0.12
"""Nowhere may 0.3 s stand out less: where something was cut out, the least is below this."""
_THREE: Final = 3
_WINDOW_BLOCKS: Final = 600 // BLOCK_MS - _THREE + 1
_END_BLOCKS: Final = 2
_HALF_Z: Final = 0.3
_FLOOR_Z: Final = 0.9
_STEEP_FROM: Final = 3.0
"""The clearer the clip stands out, the more a block that does not stand out says."""
_MOST_EVIDENCE: Final = 4.0
_SWITCH: Final = 3.0
_GRAIN_MS: Final = 10

Intervals = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Presence:
    """What was heard of the clip.

    Attributes:
        share: Of the time in which the clip sounds, 0 to 1.
        missing: [from, to) in the clip's own milliseconds.
        complete: Whether nothing that matters is missing.
    """

    share: float
    missing: Intervals
    complete: bool


def presence(reference: Reference, found: Match, lost: Sequence[tuple[int, int]]) -> Presence:
    """Judge each part of the clip.

    Args:
        reference: The clip.
        found: Where it lies.
        lost: [from, to) in the clip's samples at 16 kHz that the microphone did not capture.
    """
    known = reference.told & found.captured
    grains = _heard_grains(reference, found.z, known)
    for begin, end in lost:
        first, last = begin * 1000 // (RATE * _GRAIN_MS), -(-end * 1000 // (RATE * _GRAIN_MS))
        grains[max(0, first) : max(0, last)] = False
    share = float(grains[reference.loud].mean())
    return Presence(
        share=share,
        missing=_intervals(grains, reference.length * 1000 // RATE),
        complete=share >= COMPLETE_SHARE and _is_even(found.z, known),
    )


def _heard_grains(
    reference: Reference, z: NDArray[np.float64], known: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Heard or missing for every 10 ms."""
    path = _path(_evidence(z, known))
    return np.repeat(path, BLOCK_MS // _GRAIN_MS)[: reference.loud.size]


def _typical(z: NDArray[np.float64], known: NDArray[np.bool_]) -> float:
    """How far a heard block stands out: the median of those that stand out at all."""
    out = z[known & (z > _LEAST_Z)]
    return float(np.median(out)) if out.size else 0.0


def _evidence(z: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """For every block how much speaks for heard (above 0) or missing (below)."""
    typical = _typical(z, known)
    middle = max(_FLOOR_Z, _HALF_Z * typical)
    steepness = max(1.0, typical / _STEEP_FROM)
    weight = np.clip(steepness * (z - middle), -_MOST_EVIDENCE, _MOST_EVIDENCE)
    return np.where(known, weight, 0.0)


def _path(evidence: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The most likely sequence of the two states; a change costs ``_SWITCH`` (Viterbi)."""
    count = evidence.size
    missing = heard = 0.0
    from_heard, from_missing = np.zeros(count, bool), np.zeros(count, bool)
    for index in range(count):
        step = float(evidence[index]) / 2
        from_heard[index] = heard - _SWITCH > missing
        from_missing[index] = missing - _SWITCH > heard
        missing, heard = (
            max(missing, heard - _SWITCH) - step,
            max(heard, missing - _SWITCH) + step,
        )
    path = np.zeros(count, bool)
    state = heard >= missing
    for index in range(count - 1, -1, -1):
        path[index] = state
        state = not from_missing[index] if state else bool(from_heard[index])
    return path


def _is_even(z: NDArray[np.float64], known: NDArray[np.bool_]) -> bool:
    """Whether every 0.3 s, 0.6 s and both ends stand out, pauses aside, not only most of it."""
    own = z[known]
    if own.size < _THREE + _WINDOW_BLOCKS:
        return False
    three = np.convolve(own, np.ones(_THREE), "valid") / np.sqrt(_THREE)
    least = max(_LEAST_Z, _LEAST_PART * float(np.median(three)))
    windows = np.convolve(three, np.ones(_WINDOW_BLOCKS), "valid") / _WINDOW_BLOCKS
    ends = (three[:_END_BLOCKS].mean(), three[-_END_BLOCKS:].mean())
    nowhere = max(_NOWHERE_Z, _NOWHERE_PART * float(np.median(three)))
    return bool(min(*ends, windows.min()) >= least and three.min() >= nowhere)


def _intervals(grains: NDArray[np.bool_], length_ms: int) -> Intervals:
    edges = np.flatnonzero(np.diff(np.concatenate(([True], grains, [True])).astype(np.int8)))
    found = [
        (int(begin) * _GRAIN_MS, length_ms if end == grains.size else int(end) * _GRAIN_MS)
        for begin, end in edges.reshape(-1, 2)
    ]
    while len(found) > MOST_MISSING:
        near = min(range(len(found) - 1), key=lambda i: found[i + 1][0] - found[i][1])
        found[near : near + 2] = [(found[near][0], found[near + 1][1])]
    return tuple(found)
