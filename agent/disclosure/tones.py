"""Short tones that answer a button.

Owns their sound, computed once. Refuses words: what is spoken to a party is the rulebook's alone.
"""

from __future__ import annotations

import math
import struct
from typing import Final

from hw.types import Clip

RATE: Final = 16_000
_HERTZ: Final = 1_000
_SOUND_SAMPLES: Final = RATE // 12
_PAUSE_SAMPLES: Final = RATE // 16
_LOUDNESS: Final = 6_000


def tones(times: int) -> Clip:
    """``times`` short tones, as one clip."""
    wave = [
        round(_LOUDNESS * math.sin(2 * math.pi * _HERTZ * index / RATE))
        for index in range(_SOUND_SAMPLES)
    ]
    one = struct.pack(f"<{len(wave)}h", *wave) + bytes(2 * _PAUSE_SAMPLES)
    return Clip(clip_id=f"tones-{times}", samples=one * times, rate=RATE)
