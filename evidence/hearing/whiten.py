"""Making a sound flat, so that noise and speech weigh what they tell and not how loud they are.

Owns the short-time spectral whitening of the clip and of what was heard. Refuses frequencies that
neither a small loudspeaker nor speech has.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from evidence.hearing.sound import RATE, Floats

FLAT_RATE: Final = 10_000
"""Samples a second of a whitened sound: enough for its band, and less to compute with."""

_FRAME: Final = 1_024
_HOP: Final = _FRAME // 2
_FLAT_FRAME: Final = _FRAME * FLAT_RATE // RATE
_FLAT_HOP: Final = _FLAT_FRAME // 2
_LOW_BIN: Final = 250 * _FRAME // RATE
_HIGH_BIN: Final = 4_200 * _FRAME // RATE
_POWER: Final = -0.85
"""Exponent on the amplitude of each bin: short of -1, so that speech stays above noise."""
_FLOOR: Final = 1e-7
"""Power that counts as nothing, of the mean: digital silence is not blown up into noise."""


def whiten(sound: Floats) -> Floats:
    """``sound`` with a flat spectrum in 250 to 4,200 Hz, at 10,000 samples a second.

    Args:
        sound: 16,000 samples a second, about ±1. Sample ``n`` comes out at ``n * 10 / 16``.
    """
    frames = -(-sound.size // _HOP) + 1
    padded = np.zeros((frames + 1) * _HOP, np.float32)
    padded[_HOP : _HOP + sound.size] = sound
    windows = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::_HOP]
    spectra = np.fft.rfft(windows * _window(_FRAME), axis=1)[:, _LOW_BIN : _HIGH_BIN + 1]
    energy = np.square(spectra.real) + np.square(spectra.imag)
    floor = _FLOOR * float(energy.mean()) + 1e-20
    flat = np.zeros((frames, _FLAT_FRAME // 2 + 1), np.complex64)
    flat[:, _LOW_BIN : _HIGH_BIN + 1] = spectra * (energy + floor) ** (_POWER / 2)
    pieces = np.fft.irfft(flat, _FLAT_FRAME, axis=1).astype(np.float32) * _window(_FLAT_FRAME)
    whole = np.zeros((frames + 1, _FLAT_HOP), np.float32)
    whole[:-1] += pieces[:, :_FLAT_HOP]
    whole[1:] += pieces[:, _FLAT_HOP:]
    return whole.reshape(-1)[_FLAT_HOP : _FLAT_HOP + -(-sound.size * FLAT_RATE // RATE)]


def _window(size: int) -> Floats:
    """The square root of a Hann window: applied twice, frames that overlap by half add up to 1."""
    return np.sin(np.pi * (np.arange(size) + 0.5) / size).astype(np.float32)
