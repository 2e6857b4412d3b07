"""Somebody in the room who talks.

Owns a voice made of harmonics, vowels and syllables: nothing is said in it, but whatever measures
voice finds one. It is a function of device time, so that any two microphones agree. Refuses words.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

RATE: Final = 48_000
_SECOND_NS: Final = 1_000_000_000
_PITCH_HERTZ: Final = 125.0
_MELODY_HERTZ: Final = 0.6
_MELODY_TURNS: Final = 2.5
"""How far the melody moves the phase of the pitch: a tenth of it either way."""
_HARMONICS: Final = 24
_SYLLABLE_SECONDS: Final = 0.22
_LEVEL: Final = 5_000.0
_VOWELS: Final = ((730, 1_090), (270, 2_290), (300, 870), (530, 1_840), (570, 840))
"""First and second formant of a, i, u, e, o in hertz (Peterson and Barney, 1952)."""
_FORMANT_WIDTH: Final = 120.0


def talk(at_ns: int, count: int) -> NDArray[np.float32]:
    """What is to be heard of the voice from device time ``at_ns`` on, ``count`` samples."""
    seconds = at_ns % (3_600 * _SECOND_NS) / _SECOND_NS + np.arange(count) / RATE
    phase = 2 * np.pi * _PITCH_HERTZ * seconds
    phase += _MELODY_TURNS * 2 * np.pi * np.sin(2 * np.pi * _MELODY_HERTZ * seconds)
    syllable = np.floor(seconds / _SYLLABLE_SECONDS).astype(np.int64)
    within = seconds / _SYLLABLE_SECONDS - syllable
    # Every seventh syllable is a breath.
    loudness = np.sin(np.pi * within) ** 0.5 * (syllable % 7 != 0)
    vowels = np.array(_VOWELS, np.float64)[syllable * 7 // 3 % len(_VOWELS)]
    wave = np.zeros(count)
    for number in range(1, _HARMONICS + 1):
        distance = (number * _PITCH_HERTZ - vowels) / _FORMANT_WIDTH
        wave += (1 / (1 + distance**2)).sum(axis=1) * np.sin(number * phase)
    voice: NDArray[np.float32] = (wave * loudness * _LEVEL / 2).astype(np.float32)
    return voice
