"""Waves: the small tools with which rooms, noises and voices are made."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from evidence.hearing import RATE

Wave = NDArray[np.float64]
Pcm = NDArray[np.int16]
Dice = np.random.Generator

_FRAME = 1_024
_HOP = 256


def rms(sound: Wave) -> float:
    return float(np.sqrt(np.mean(np.square(sound)))) if sound.size else 0.0


def convolve(sound: Wave, response: Wave) -> Wave:
    """Linear convolution, as long as ``sound``."""
    size = _fast(sound.size + response.size)
    spectrum = np.fft.rfft(sound, size) * np.fft.rfft(response, size)
    return np.asarray(np.fft.irfft(spectrum, size)[: sound.size])


def filtered(sound: Wave, gain: Callable[[Wave], NDArray[np.complex128] | Wave]) -> Wave:
    """``sound`` through a filter that is given by its response to a frequency in Hz."""
    size = _fast(sound.size + RATE // 4)
    hertz = np.asarray(np.fft.rfftfreq(size, 1 / RATE), np.float64)
    return np.asarray(np.fft.irfft(np.fft.rfft(sound, size) * gain(hertz), size)[: sound.size])


def shaped_frames(sound: Wave, gain: Callable[[int, Wave], Wave]) -> Wave:
    """``sound`` through a filter that changes: ``gain(sample, hertz)``."""
    window = np.hanning(_FRAME + 1)[:-1]
    hertz = np.asarray(np.fft.rfftfreq(_FRAME, 1 / RATE), np.float64)
    padded = np.concatenate((np.zeros(_FRAME), sound, np.zeros(2 * _FRAME)))
    made = np.zeros_like(padded)
    for begin in range(0, padded.size - _FRAME, _HOP):
        at = min(max(0, begin - _FRAME // 2), sound.size - 1)
        spectrum = np.fft.rfft(padded[begin : begin + _FRAME] * window) * gain(at, hertz)
        made[begin : begin + _FRAME] += np.fft.irfft(spectrum, _FRAME) * window
    return made[_FRAME : _FRAME + sound.size]


def crop(sound: Wave, size: int, dice: Dice) -> Wave:
    """``size`` samples from anywhere in ``sound``, which goes round."""
    return np.take(sound, np.arange(size) + int(dice.integers(sound.size)), mode="wrap")


def slow(size: int, dice: Dice, points_a_second: float) -> Wave:
    """A curve that wanders, about ±1."""
    count = max(2, int(size / RATE * points_a_second) + 2)
    return np.interp(np.arange(size), np.linspace(0, size, count), dice.standard_normal(count))


def _fast(size: int) -> int:
    """The next size that a Fourier transform is fast for."""
    step = 1 << max(0, size.bit_length() - 4)
    return -(-size // step) * step
