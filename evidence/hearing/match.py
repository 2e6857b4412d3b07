"""Looking for a clip in what was heard.

Owns the correlation of every block with its surroundings and the one alignment, delay and drift,
at which the blocks agree best. Refuses to call that alignment a find: ``listen`` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evidence.hearing.reference import BLOCK, LAGS, TRANSFORM, WINDOW, Reference
from evidence.hearing.sound import Floats

MOST_PPM: Final = 120
ENOUGH_Z: Final = 3.0
"""More than this says nothing more: no few blocks outvote the others."""

_BATCH: Final = 24
_COARSEST_PPM: Final = 20.0
_PPM_SECONDS: Final = 168.0
"""Drift step times the clip's length: what a step moves its ends is under one sample."""
_TAPS: Final = 8
_TIE: Final = 0.02
"""Between alignments with enough of everything (an echo is one) the clearest is taken."""
_SCALE: Final = 3**0.5
_LEAST_LAGS: Final = LAGS // 10
_HALF: Final = 0.5
_NOTHING: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Match:
    """The best alignment.

    Attributes:
        score: How far the blocks together stand out from chance.
        begins: Where the clip begins, whitened samples after the start of the search.
        drift_ppm: How much longer the clip lasted in the microphone's time.
        z: For every block how far it stands out from chance at this alignment.
        captured: For every block whether at least half of it was captured.
    """

    score: float
    begins: float
    drift_ppm: float
    z: NDArray[np.float64]
    captured: NDArray[np.bool_]


def match(reference: Reference, flat: Floats, captured: Floats | None) -> Match:
    """Find the alignment.

    Args:
        reference: The clip.
        flat: What was heard, whitened, from 0.6 s before the clip's expected beginning on.
        captured: For each sample of it 1, or 0 where nothing was captured; None: all was.
    """
    there = None if captured is None else _running_mean(captured)
    z = np.empty((reference.blocks, LAGS), np.float32)
    for first in range(0, reference.blocks, _BATCH):
        last = min(first + _BATCH, reference.blocks)
        z[first:last] = _stand_out(reference, flat, there, slice(first, last))
    z[~reference.told] = 0
    at = _Grid(reference.blocks, reference.seconds)
    lag, ppm = _agree(z, at)
    lag, ppm = _refine(z, at, lag, ppm)
    lags = at.lags(lag, ppm)
    own = _at(z, lags)
    told = max(1, int(reference.told.sum()))
    score = _SCALE * float(np.minimum(own, ENOUGH_Z).sum() / np.sqrt(told))
    return Match(
        score=score,
        begins=lag - ppm * 1e-6 * at.centre,
        drift_ppm=ppm,
        z=own,
        captured=_is_there(there, lags),
    )


class _Grid:
    """Where blocks lie: their centres against the clip's middle, whitened samples."""

    def __init__(self, blocks: int, seconds: float) -> None:
        self.centre = (blocks - 1) * BLOCK / 2 + BLOCK / 2
        self.offsets = np.arange(blocks) * BLOCK + BLOCK / 2 - self.centre
        steps = int(np.ceil(MOST_PPM / min(_COARSEST_PPM, _PPM_SECONDS / seconds)))
        self.drifts = np.linspace(-MOST_PPM, MOST_PPM, 2 * steps + 1)
        self.step_ppm = MOST_PPM / steps

    def lags(self, lag: float, ppm: float) -> NDArray[np.float64]:
        """The lag of every block, if the clip's middle has ``lag``."""
        return np.asarray(lag + ppm * 1e-6 * self.offsets)


def _stand_out(reference: Reference, flat: Floats, there: Floats | None, part: slice) -> Floats:
    """Correlate blocks with their windows, each divided by its own spread."""
    windows = np.lib.stride_tricks.sliding_window_view(flat, WINDOW)[::BLOCK][part]
    spectra = np.fft.rfft(windows, TRANSFORM, axis=1) * reference.spectra[part]
    found = np.fft.irfft(spectra, TRANSFORM, axis=1)[:, :LAGS]
    counts = np.full(found.shape[0], LAGS)
    if there is not None:
        valid = np.lib.stride_tricks.sliding_window_view(there, LAGS)[::BLOCK][part] >= _HALF
        found = np.where(valid, found, 0)
        counts = valid.sum(axis=1)
    spread = np.sqrt(np.einsum("ij,ij->i", found, found) / np.maximum(counts, 1))
    silent = (spread <= _NOTHING) | (counts < _LEAST_LAGS)
    weight = np.where(silent, 0, 1 / np.where(silent, 1, spread))
    return np.asarray(found * weight.astype(np.float32)[:, None], np.float32)


def _agree(z: Floats, at: _Grid) -> tuple[float, float]:
    """The lag and drift with the largest sum over all blocks, on whole samples."""
    sums = np.zeros((z.shape[0] + 1, LAGS), np.float32)
    for number, block in enumerate(z):
        np.minimum(block, ENOUGH_Z, out=sums[number + 1])
        sums[number + 1] += sums[number] + _TIE * block
    best = (-np.inf, 0.0, 0.0)
    for ppm in at.drifts:
        shifts = np.rint(ppm * 1e-6 * at.offsets).astype(int)
        edges = np.flatnonzero(np.diff(shifts)) + 1
        most = int(np.abs(shifts).max())
        total = np.zeros(LAGS - 2 * most, np.float32)
        for low, high in zip([0, *edges], [*edges, shifts.size], strict=True):
            begin = most + int(shifts[low])
            span = slice(begin, begin + total.size)
            total += sums[high, span] - sums[low, span]
        lag = int(total.argmax())
        if total[lag] > best[0]:
            best = (float(total[lag]), float(lag + most), float(ppm))
    return best[1:]


def _refine(z: Floats, at: _Grid, lag: float, ppm: float) -> tuple[float, float]:
    """The same between whole samples and steps of drift; here the clearest blocks know best."""
    tries = [
        (lag + fine, ppm + part * at.step_ppm)
        for fine in np.arange(-1, 1.01, 0.25)
        for part in (-0.5, 0.0, 0.5)
    ]
    totals = [_at(z, at.lags(*one)).sum() for one in tries]
    return tries[int(np.argmax(totals))]


def _at(z: Floats, lags: NDArray[np.float64]) -> NDArray[np.float64]:
    """``z`` of each block between its samples: a windowed sinc over 16 neighbours."""
    whole = np.floor(lags).astype(int)
    reach = np.arange(1 - _TAPS, _TAPS + 1)
    index = np.clip(whole[:, None] + reach, 0, LAGS - 1)
    away = reach - (lags - whole)[:, None]
    weights = np.sinc(away) * np.cos(np.pi * away / (2 * _TAPS + 2)) ** 2
    return np.asarray((z[np.arange(z.shape[0])[:, None], index] * weights).sum(axis=1))


def _running_mean(captured: Floats) -> Floats:
    """For each sample how much of the block from it on was captured."""
    sums = np.concatenate(([0.0], np.cumsum(captured, dtype=np.float64)))
    return ((sums[BLOCK:] - sums[:-BLOCK]) / BLOCK).astype(np.float32)


def _is_there(there: Floats | None, lags: NDArray[np.float64]) -> NDArray[np.bool_]:
    if there is None:
        return np.ones(lags.size, bool)
    index = np.clip(np.rint(lags).astype(int) + np.arange(lags.size) * BLOCK, 0, there.size - 1)
    return np.asarray(there[index] >= _HALF)
