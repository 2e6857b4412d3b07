"""Listening: from the clip and what the microphone captured to a result that can be signed.

Owns the result and the threshold for *heard*. Refuses floating point in it: two computers that run
this code sign and compare whole numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evidence.hearing.match import match
from evidence.hearing.presence import presence
from evidence.hearing.reference import BLOCK, LAGS, SEARCH_MS, Reference
from evidence.hearing.sound import RATE, Floats, as_floats, level_mdb
from evidence.hearing.whiten import FLAT_RATE, whiten

HEARD_SCORE: Final = 12.0
"""A clip that scores this much was found; chance stays below 11 (``docs/measurements.md``)."""
HEARD_SHARE: Final = 0.5
"""Less of it is pieces of the clip, not the announcement."""

_NS: Final = 1_000_000_000
_AROUND: Final = RATE // 10
"""Sound beyond either end of the search, so that its first and last frames are whole."""


@dataclass(frozen=True)
class Hearing:
    """What was heard of a clip.

    Attributes:
        heard: The clip sounded: it scores enough, and at least half of it was there.
        complete: All of it did.
        score_milli: How far it stands out from chance, thousandths; ``HEARD_SCORE`` is enough.
        share_milli: Thousandths of its sounding time that were heard.
        missing: [from_ms, to_ms) of the clip that were not, at most 64.
        delay_ns: When it began, less when it was expected to; within ±0.6 s.
        drift_ppm: How much longer it lasted by the microphone's clock; within ±130.
        level_mdb: How loud the sound was there, thousandths of dBFS.
    """

    heard: bool
    complete: bool
    score_milli: int
    share_milli: int
    missing: tuple[tuple[int, int], ...]
    delay_ns: int
    drift_ppm: int
    level_mdb: int


def listen(
    reference: Reference,
    sound: NDArray[np.int16],
    *,
    expected_ns: int,
    lost: Sequence[tuple[int, int]] = (),
) -> Hearing:
    """Look for a clip in what the microphone captured.

    Args:
        reference: The clip.
        sound: One channel, 16,000 samples a second; best with 0.7 s more at either end.
        expected_ns: Where the clip should begin in ``sound``; it is looked for ±0.6 s around.
        lost: [from, to) samples of ``sound`` that were not captured, whatever stands there. What
            lies outside of ``sound`` counts as lost, too.
    """
    start = round(expected_ns * RATE / _NS) - SEARCH_MS * RATE // 1000
    heard, there = _cut(reference, sound, start, lost)
    captured = None if there.all() else np.repeat(there.astype(np.float32), 5)[::8]
    skip = _AROUND * FLAT_RATE // RATE
    flat = whiten(heard)[skip:]
    found = match(reference, flat, None if captured is None else captured[skip:])
    begins = start + round(found.begins * RATE / FLAT_RATE)
    stretch = 1 + found.drift_ppm * 1e-6
    part = presence(reference, found, _lost_of_clip(there, begins - start + _AROUND, stretch))
    is_found = found.score >= HEARD_SCORE
    is_heard = is_found and part.share >= HEARD_SHARE
    clip = sound[max(0, begins) : max(0, begins + reference.length)]
    return Hearing(
        heard=is_heard,
        complete=is_heard and part.complete,
        score_milli=round(found.score * 1000),
        share_milli=int(part.share * 1000) if is_found else 0,
        missing=part.missing if is_found else ((0, reference.length * 1000 // RATE),),
        delay_ns=round((found.begins / FLAT_RATE - SEARCH_MS / 1000) * _NS),
        drift_ppm=round(found.drift_ppm),
        level_mdb=level_mdb(clip),
    )


def _cut(
    reference: Reference, sound: NDArray[np.int16], start: int, lost: Sequence[tuple[int, int]]
) -> tuple[Floats, NDArray[np.bool_]]:
    """The stretch that is searched, and which of its samples were captured."""
    flat = reference.blocks * BLOCK + LAGS - 1
    size = flat * RATE // FLAT_RATE + 2 * _AROUND
    first = start - _AROUND
    heard, there = np.zeros(size, np.float32), np.zeros(size, bool)
    low, high = min(max(0, first), sound.size), max(0, min(sound.size, first + size))
    if low < high:
        heard[low - first : high - first] = as_floats(sound[low:high])
        there[low - first : high - first] = True
    for begin, end in lost:
        span = slice(max(0, begin - first), max(0, end - first))
        heard[span] = 0
        there[span] = False
    return heard, there


def _lost_of_clip(there: NDArray[np.bool_], begins: int, stretch: float) -> list[tuple[int, int]]:
    """What was not captured, in the clip's samples."""
    edges = np.flatnonzero(np.diff(np.concatenate(([True], there, [True])).astype(np.int8)))
    return [
        (round((begin - begins) / stretch), round((end - begins) / stretch))
        for begin, end in edges.reshape(-1, 2)
    ]
