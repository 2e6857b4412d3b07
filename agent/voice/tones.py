"""Short tones that answer a button.

Owns their sound, computed once. Refuses words: what is spoken to a party is the rulebook's alone.
"""

from __future__ import annotations

import math
import struct
from functools import lru_cache
from typing import Final

from hw.types import Clip

RATE: Final = 16_000
HIGHEST_STEP: Final = 9

_HERTZ: Final = 1_000
_SOUND_SAMPLES: Final = RATE // 12
_PAUSE_SAMPLES: Final = RATE // 16
_LOUDNESS: Final = 6_000
_LOWEST_HERTZ: Final = 600
_RISE: Final = 2 ** (1 / 3)
"""A major third a step."""


@lru_cache
def tones(times: int) -> Clip:
    """``times`` short tones, as one clip."""
    return Clip(clip_id=f"tones-{times}", samples=_tone(_HERTZ) * times, rate=RATE)


@lru_cache
def rising(step: int) -> Clip:
    """One short tone, the higher the further a hold has come (1 to ``HIGHEST_STEP``)."""
    step = min(max(1, step), HIGHEST_STEP)
    sound = _tone(_LOWEST_HERTZ * _RISE ** (step - 1))
    return Clip(clip_id=f"rising-{step}", samples=sound, rate=RATE)


def _tone(hertz: float) -> bytes:
    wave = [
        round(_LOUDNESS * math.sin(2 * math.pi * hertz * index / RATE))
        for index in range(_SOUND_SAMPLES)
    ]
    return struct.pack(f"<{len(wave)}h", *wave) + bytes(2 * _PAUSE_SAMPLES)
