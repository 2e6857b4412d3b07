"""What else there is to hear: each noise about 1 in root mean square, made anew by each roll."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from evidence.hearing import RATE
from tests.hearing.sounds import Dice, Wave, crop, filtered, rms, slow
from tests.hearing.speech import SENTENCES, has_espeak, mandarin, talkers

Noise = Callable[[int, Dice], Wave]


def white(size: int, dice: Dice) -> Wave:
    return dice.standard_normal(size)


def street(size: int, dice: Dice) -> Wave:
    """Rumble and tyres that come and go, an engine, now and then a horn."""
    tyres = filtered(dice.standard_normal(size), lambda hertz: 1 / (1 + hertz / 400))
    passing = 10 ** (slow(size, dice, 0.4) * 6 / 20)
    turns = np.cumsum(dice.uniform(25, 60) * (1 + 0.1 * slow(size, dice, 0.5))) / RATE
    engine = np.zeros(size)
    for k in range(1, 12):
        engine += np.sin(2 * np.pi * k * turns + dice.uniform(0, 6)) / k
    sound = tyres / rms(tyres) * passing + engine * dice.uniform(0.1, 0.6)
    if dice.random() < 0.4:
        sound = sound + _horn(size, dice)
    return sound


def babble(size: int, dice: Dice) -> Wave:
    """Three to eight people at once; some speak Mandarin where espeak-ng is."""
    return np.asarray(sum(speech(size, dice) for _ in range(int(dice.integers(3, 9)))))


def speech(size: int, dice: Dice) -> Wave:
    """One voice."""
    if has_espeak() and dice.random() < 0.4:
        sentence = SENTENCES[dice.integers(len(SENTENCES))]
        voice = ("", "+f2", "+m3")[dice.integers(3)]
        said = mandarin(sentence, voice, (130, 150, 175)[dice.integers(3)], 50)
        return np.asarray(crop(said / rms(said), size, dice))
    bank = talkers()
    return crop(bank[dice.integers(len(bank))], size, dice)


def wind(size: int, dice: Dice) -> Wave:
    """Gusts, all of them below the voice."""
    gusts = filtered(dice.standard_normal(size), lambda hertz: 1 / (1 + (hertz / 80) ** 2))
    return np.asarray(gusts / rms(gusts) * np.exp(slow(size, dice, 1.5)))


def music(size: int, dice: Dice) -> Wave:
    """Chords with harmonics, two to six a second."""
    at = np.arange(size) / RATE
    sound = np.zeros(size)
    beats = range(0, size, int(RATE / dice.uniform(2, 6)))
    for begin in beats:
        length = min(RATE, size - begin)
        fall = np.exp(-at[:length] * dice.uniform(2, 8))
        for note in 110 * 2 ** (dice.integers(0, 36, 3) / 12):
            for k in range(1, 6):
                sound[begin : begin + length] += (
                    fall * np.sin(2 * np.pi * k * note * at[:length]) / k
                )
    return sound


def siren(size: int, dice: Dice) -> Wave:
    """A tone that sweeps."""
    sweep = np.sin(2 * np.pi * np.arange(size) / RATE * dice.uniform(0.2, 3))
    return np.sin(2 * np.pi * np.cumsum(1_000 + 500 * sweep) / RATE)


def clicks(size: int, dice: Dice) -> Wave:
    """Knocks on the case."""
    sound = dice.standard_normal(size) * 0.05
    for begin in dice.integers(0, size, int(dice.integers(5, 80))).tolist():
        length = min(400, size - begin)
        sound[begin : begin + length] += (
            dice.standard_normal(length) * np.exp(-np.arange(length) / 60) * 8
        )
    return sound


def hum(size: int, dice: Dice) -> Wave:
    """Mains."""
    at = np.arange(size) / RATE
    return np.asarray(
        sum(np.sin(2 * np.pi * 50 * k * at + dice.uniform(0, 6)) / k for k in range(1, 80))
    )


def hush(size: int, dice: Dice) -> Wave:
    """Nothing: a microphone that gives zeros."""
    return np.zeros(size)


NOISES: Final[Mapping[str, Noise]] = {"white": white, "street": street, "babble": babble}
"""The three in which an announcement has to be heard."""

OTHERS: Final[Mapping[str, Noise]] = {
    **NOISES,
    "one voice": speech,
    "wind": wind,
    "music": music,
    "siren": siren,
    "clicks": clicks,
    "hum": hum,
    "silence": hush,
}
"""All of them, for what must not be taken for an announcement."""


def scaled(sound: Wave, level: float) -> Wave:
    """The sound at that root mean square; silence stays."""
    own = rms(sound)
    return sound * (level / own) if own > 0 else sound


def _horn(size: int, dice: Dice) -> Wave:
    at = np.arange(size) / RATE
    begin, length = dice.uniform(0, size / RATE), dice.uniform(0.2, 1.5)
    tone = sum(np.sin(2 * np.pi * k * 420 * at) / k for k in range(1, 6))
    return np.asarray(tone * ((at > begin) & (at < begin + length)) * dice.uniform(0.5, 3))
