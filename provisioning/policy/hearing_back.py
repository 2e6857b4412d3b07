"""Would a recorder hear this clip as whole?

Owns a few scenes in which a clip is played and heard again: as it is, in noise, through a small
loudspeaker in a room. Refuses to replace the recorder's own check: a clip that it could never hear
as complete is better refused at the desk than in the street.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evidence.hearing import RATE, Hearing, Reference, listen, to_16k, voiced_ms
from provisioning.policy.audio import Sound

_Wave = NDArray[np.float64]

LEAST_VOICED: Final = 0.3
"""So much of a clip has to be voice; the shipped sentence has 0.8."""

_LEAD: Final = 7 * RATE // 10
"""The recorder hands over 0.7 s more at either end."""
_LEAD_NS: Final = 700_000_000
_NOISE_DB: Final = -10.0
"""Street: the announcement is three times louder than what is around it."""
_ROOM_SECONDS: Final = 0.5
_ROOM_DB: Final = -8.0
_BOTTOM_HZ: Final = 400.0
_TOP_HZ: Final = 6_000.0
_SEED: Final = 5
_DIVIDER: Final = 32_768.0
_THOUSAND: Final = 1_000


@dataclass(frozen=True, slots=True)
class HeardBack:
    """What was heard of a clip.

    Attributes:
        scenes: Scene → what the check says of it.
        voiced: How much of the clip is voice, 0 to 1.
    """

    scenes: Mapping[str, Hearing]
    voiced: float

    @property
    def complete(self) -> bool:
        """Whether it was heard whole in every scene."""
        return all(one.heard and one.complete for one in self.scenes.values())

    @property
    def speaks(self) -> bool:
        """Whether somebody speaks in it."""
        return self.voiced >= LEAST_VOICED

    @property
    def least_milli(self) -> int:
        """The lowest score of the scenes, thousandths; 12,000 is enough."""
        return min(one.score_milli for one in self.scenes.values())


def hear_back(sound: Sound) -> HeardBack:
    """Play a clip in every scene and listen.

    Args:
        sound: Normalised; 2 s or longer.
    """
    reference = Reference(sound.samples, sound.rate)
    heard = to_16k(sound.samples, sound.rate)
    wave = heard.astype(np.float64) / _DIVIDER
    scenes = {
        name: listen(reference, _captured(scene(wave)), expected_ns=_LEAD_NS)
        for name, scene in _SCENES.items()
    }
    return HeardBack(scenes, voiced_ms(heard) / (wave.size * _THOUSAND / RATE))


def _captured(wave: _Wave) -> NDArray[np.int16]:
    """What the microphone has, with some more before and after."""
    dice = np.random.default_rng(_SEED)
    quiet = dice.standard_normal(wave.size + 2 * _LEAD) * 1e-4
    quiet[_LEAD : _LEAD + wave.size] += wave
    return np.rint(quiet * _DIVIDER).clip(-_DIVIDER, _DIVIDER - 1).astype(np.int16)


def _as_it_is(wave: _Wave) -> _Wave:
    return wave * 0.5


def _in_noise(wave: _Wave) -> _Wave:
    """A street: more power in the low notes, as loud as -10 dB of the voice."""
    dice = np.random.default_rng(_SEED + 1)
    hertz = np.fft.rfftfreq(wave.size, 1 / RATE)
    spectrum = np.fft.rfft(dice.standard_normal(wave.size)) / np.sqrt(np.maximum(hertz, 30.0))
    noise = np.fft.irfft(spectrum, wave.size)
    return wave + noise * (_rms(wave) * 10 ** (_NOISE_DB / 20) / _rms(noise))


def _in_a_room(wave: _Wave) -> _Wave:
    """A small loudspeaker without bass, and the echo of an office."""
    dice = np.random.default_rng(_SEED + 2)
    size = round(_ROOM_SECONDS * RATE)
    tail = dice.standard_normal(size) * 10 ** (-3 * np.arange(size) / size)
    tail *= 10 ** (_ROOM_DB / 20) / np.sqrt(np.square(tail).sum())
    tail[0] += 1.0
    length = wave.size + size
    hertz = np.fft.rfftfreq(length, 1 / RATE)
    high = (hertz / _BOTTOM_HZ) ** 2 / ((hertz / _BOTTOM_HZ) ** 2 + 1)
    speaker = high / (1 + (hertz / _TOP_HZ) ** 2)
    played = np.fft.irfft(np.fft.rfft(wave, length) * np.fft.rfft(tail, length) * speaker, length)
    return _in_noise(played[: wave.size])


_SCENES: Final[Mapping[str, Callable[[_Wave], _Wave]]] = {
    "原声": _as_it_is,
    "街道噪声": _in_noise,
    "室内回声": _in_a_room,
}


def _rms(wave: _Wave) -> float:
    return float(np.sqrt(np.mean(np.square(wave))))
