"""Voice activity: for how long somebody spoke.

Owns the answer for a statement window: did the officer speak there, not what was said. Refuses
noise and single tones: a voice has harmonics of 70 to 400 Hz.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from evidence.hearing.sound import RATE, Floats, as_floats

_FRAME: Final = 1_024
_HOP: Final = 320
_HOP_MS: Final = _HOP * 1000 // RATE
_LOWEST_LAG: Final = RATE // 400
_HIGHEST_LAG: Final = RATE // 70
_PERIODIC: Final = 0.45
_QUIET: Final = 10 ** (-60 / 20)
_LOW_BIN: Final = 90 * _FRAME // RATE
_HIGH_BIN: Final = 3_400 * _FRAME // RATE
_ONE_TONE: Final = 0.8
_TONE_BINS: Final = 3
_BRIDGE: Final = 240 // _HOP_MS
_SHORTEST: Final = 80 // _HOP_MS


def voiced_ms(sound: NDArray[np.int16]) -> int:
    """For how many milliseconds of ``sound`` somebody speaks.

    Pauses between syllables, up to 0.24 s, count as speaking.

    Args:
        sound: One channel, 16,000 samples a second.
    """
    if sound.size < _FRAME:
        return 0
    frames = np.lib.stride_tricks.sliding_window_view(as_floats(sound), _FRAME)[::_HOP]
    return int(_joined(_is_voiced(frames)).sum()) * _HOP_MS


def _is_voiced(frames: Floats) -> NDArray[np.bool_]:
    window = np.hanning(_FRAME).astype(np.float32)
    spectra = np.fft.rfft(frames * window, 2 * _FRAME, axis=1)
    power = np.square(spectra.real) + np.square(spectra.imag)
    power[:, : 2 * _LOW_BIN] = 0
    power[:, 2 * _HIGH_BIN :] = 0
    own = np.fft.irfft(np.abs(np.fft.rfft(window, 2 * _FRAME)) ** 2)
    ripple = np.fft.irfft(power, axis=1)[:, :_HIGHEST_LAG]
    energy = ripple[:, 0] + 1e-20
    ripple = ripple[:, _LOWEST_LAG:] / energy[:, None] * (own[0] / own[_LOWEST_LAG:_HIGHEST_LAG])
    loud = np.sqrt(energy / _FRAME * 2) > _QUIET
    peak = power.argmax(axis=1)
    near = peak[:, None] + np.arange(-2 * _TONE_BINS, 2 * _TONE_BINS + 1)
    near = np.clip(near, 0, power.shape[1] - 1)
    tone = np.take_along_axis(power, near, axis=1).sum(axis=1) / (power.sum(axis=1) + 1e-20)
    return np.asarray((ripple.max(axis=1) > _PERIODIC) & loud & (tone < _ONE_TONE))


def _joined(voiced: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Without clicks, and with the pauses between syllables."""
    kept = _filled(voiced, value=True, most=_SHORTEST)
    return _filled(kept, value=False, most=_BRIDGE)


def _filled(states: NDArray[np.bool_], *, value: bool, most: int) -> NDArray[np.bool_]:
    """``states`` with every inner run of ``value`` shorter than ``most`` turned around."""
    marks = np.concatenate(([not value], states, [not value])) == value
    edges = np.flatnonzero(np.diff(marks.astype(np.int8))).reshape(-1, 2)
    turned = states.copy()
    for begin, end in edges:
        inner = value or (begin > 0 and end < states.size)
        if inner and end - begin < most:
            turned[begin:end] = not value
    return turned
