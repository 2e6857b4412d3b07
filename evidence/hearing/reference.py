"""A clip, prepared once.

Owns the blocks into which a clip is cut and which of them say anything. Refuses a clip too short to
be told from chance.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from evidence.hearing.sound import RATE, Floats, as_floats, to_16k
from evidence.hearing.whiten import FLAT_RATE, whiten

BLOCK_MS: Final = 100
SEARCH_MS: Final = 600
"""How far from where it is expected a clip is looked for, either way."""
BLOCK: Final = BLOCK_MS * FLAT_RATE // 1000
LAGS: Final = 2 * SEARCH_MS * FLAT_RATE // 1000 + 1
WINDOW: Final = LAGS - 1 + BLOCK
"""Whitened samples in which a block is looked for: its own length and 0.6 s on either side."""
TRANSFORM: Final = 13_824
"""Length of their Fourier transforms, 2 ** 9 * 3 ** 3: the next one from WINDOW that is fast."""
SHORTEST_MS: Final = 2_000

_GRAIN: Final = 10 * RATE // 1000
_QUIET: Final = 10 ** (-35 / 20)


class Reference:
    """A clip prepared once for any number of ``listen``.

    Args:
        samples: One channel, 16 bit.
        rate: Samples a second.

    Raises:
        ValueError: It is shorter than 2 s, silent, has more than one channel, or an odd rate.
    """

    def __init__(self, samples: NDArray[np.int16], rate: int) -> None:
        sound = as_floats(to_16k(samples, rate))
        if sound.size < SHORTEST_MS * RATE // 1000 or not sound.any():
            raise ValueError("a clip that can be recognised sounds for 2 s or more")
        self.length = sound.size
        """Samples at 16 kHz."""
        self.loud = _loud(sound)
        """For every 10 ms, whether the clip sounds there: pauses cannot be heard."""
        flat = whiten(sound)
        self.blocks = -(-flat.size // BLOCK)
        cut = np.pad(flat, (0, self.blocks * BLOCK - flat.size)).reshape(-1, BLOCK)
        self.spectra: NDArray[np.complex64] = np.conj(np.fft.rfft(cut, TRANSFORM, axis=1)).astype(
            np.complex64
        )
        """Conjugate spectra of the blocks, shape (blocks, TRANSFORM // 2 + 1)."""
        per_block = BLOCK_MS // 10
        told = np.pad(self.loud, (0, self.blocks * per_block - self.loud.size))
        self.told = told.reshape(-1, per_block).sum(axis=1) * 2 >= per_block
        """Blocks that say something: the clip sounds in at least half of them."""

    @property
    def seconds(self) -> float:
        """How long the clip is."""
        return self.length / RATE


def _loud(sound: Floats) -> NDArray[np.bool_]:
    grains = sound[: sound.size // _GRAIN * _GRAIN].reshape(-1, _GRAIN)
    level = np.sqrt(np.square(grains).mean(axis=1))
    return np.asarray(level > _QUIET * np.quantile(level, 0.9))
