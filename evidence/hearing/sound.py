"""Sound as numbers.

Owns the rate everything is heard at, resampling to it, and levels. Refuses more than one channel.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

RATE: Final = 16_000
"""Samples a second of every sound that is listened to."""
FULL_SCALE: Final = 32_768
SILENCE_MDB: Final = -120_000
"""What a sound of zeros is said to measure, thousandths of dBFS."""

Floats = NDArray[np.float32]

_ZERO_CROSSINGS: Final = 16
_ROLL_OFF: Final = 0.94
_KAISER: Final = 8.0
_LEAST_RATE, _MOST_RATE = 4_000, 384_000


def to_16k(samples: NDArray[np.int16], rate: int) -> NDArray[np.int16]:
    """The same sound with 16,000 samples a second.

    A windowed-sinc filter takes away what the lower rate cannot carry (about 60 dB down above
    8.5 kHz). Its delay is nil: sample 0 stays at time 0.

    Args:
        samples: One channel.
        rate: Samples a second, 4,000 to 384,000.

    Raises:
        ValueError: More than one channel, or a rate out of range.
    """
    if samples.ndim != 1 or not _LEAST_RATE <= rate <= _MOST_RATE:
        raise ValueError(f"one channel at {_LEAST_RATE} to {_MOST_RATE} samples a second is heard")
    if rate == RATE or samples.size == 0:
        return samples.astype(np.int16, copy=True)
    common = math.gcd(rate, RATE)
    up, down = RATE // common, rate // common
    made = _resampled(samples.astype(np.float32), up, down)
    return np.clip(np.rint(made), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)


def as_floats(sound: NDArray[np.int16]) -> Floats:
    """The same sound with full scale at 1."""
    return np.multiply(sound, np.float32(1 / FULL_SCALE), dtype=np.float32)


def level_mdb(sound: NDArray[np.int16]) -> int:
    """The level of a sound: its root mean square against full scale, thousandths of dBFS."""
    if sound.size == 0:
        return SILENCE_MDB
    power = float(np.mean(np.square(sound.astype(np.float64)))) / FULL_SCALE**2
    if power <= 0:
        return SILENCE_MDB
    return max(SILENCE_MDB, round(10_000 * math.log10(power)))


def _resampled(samples: Floats, up: int, down: int) -> Floats:
    """Each output sample is a short weighted sum of input samples: one phase after the other."""
    half = math.ceil(_ZERO_CROSSINGS * max(up, down) / up)
    count = -(-samples.size * up // down)
    tail = -(-count * down // up) + 2 * half + 2 - samples.size
    padded = np.pad(samples, (half, max(tail, half)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1)
    made = np.empty(count, np.float32)
    for phase in range(min(up, count)):
        start, part = divmod(phase * down, up)
        out = made[phase::up]
        weights = _weights(half, part / up, min(1.0, up / down))
        out[:] = windows[start : start + (out.size - 1) * down + 1 : down] @ weights
    return made


def _weights(half: int, fraction: float, band: float) -> Floats:
    """The filter for an output that lies ``fraction`` of a sample after an input."""
    at = np.arange(-half, half + 1) - fraction
    cut = band * _ROLL_OFF
    window = np.kaiser(2 * half + 1, _KAISER)
    taps = cut * np.sinc(cut * at) * np.interp(at, np.arange(-half, half + 1), window)
    return np.asarray(taps / taps.sum(), np.float32)
