"""People talking: voices made from pulses and formants, and Mandarin by espeak-ng where it is."""

from __future__ import annotations

import io
import shutil
import subprocess
import wave
from functools import lru_cache
from typing import Final

import numpy as np

from evidence.hearing import RATE, to_16k
from tests.hearing.sounds import Dice, Wave, shaped_frames

TALKERS: Final = 10
SECONDS: Final = 16
_FORMANTS: Final = ((800, 1200, 2500), (500, 1900, 2600), (300, 2300, 3000), (450, 800, 2600))
_FORMANTS_MORE: Final = ((330, 700, 2500), (400, 1500, 2400), (650, 1700, 2500), (300, 1800, 2100))

SENTENCES: Final = (
    "qing3 chu1shi4 nin2 de5 zhi2fa3 zheng4jian4, wo3men5 yao4 jin4xing2 xian4chang3 jian3cha2.",
    "jian1du1 wo3men5 de5 xing2wei2, bao3hu4 nin2 de5 he2fa3 quan2yi4, qing3 pei4he2 diao4cha2.",
    "ben3ci4 lu4yin1 yi3jing1 jie2shu4, dian4liang4 bu4zu2, qing3 ji2shi2 chong1dian4.",
    "jin1tian1 tian1qi4 hen3 hao3, wo3men5 yi4qi3 qu4 gong1yuan2 san4bu4 ba5, hao3 bu4 hao3.",
)
"""Other sentences, the second with many of the announcement's own words."""

ANNOUNCEMENT: Final = (
    "wei4 bao3hu4 nin2 de5 he2fa3 quan2yi4, jian1du1 wo3men5 de5 zhi2fa3 xing2wei2, "
    "ben3ci4 zhi2fa3 quan2cheng2 lu4yin1 lu4xiang4."
)


@lru_cache(maxsize=1)
def talkers() -> tuple[Wave, ...]:
    """A bank of different voices that say nothing, each 16 s."""
    return tuple(_talker(np.random.default_rng(1_000 + number)) for number in range(TALKERS))


def has_espeak() -> bool:
    """Whether Mandarin can be rendered here."""
    return shutil.which("espeak-ng") is not None


@lru_cache(maxsize=64)
def mandarin(pinyin: str, voice: str, speed: int, pitch: int) -> Wave:
    """A sentence by espeak-ng, about ±1."""
    command = ["espeak-ng", "-v", f"cmn-latn-pinyin{voice}", "-s", str(speed), "-p", str(pitch)]
    made = subprocess.run([*command, "--stdout", pinyin], check=True, capture_output=True).stdout
    with wave.open(io.BytesIO(made)) as file:
        rate = file.getframerate()
        # The length in the header is wrong where it was written to a pipe.
        samples = np.frombuffer(file.readframes(1 << 24), np.int16)
    return np.asarray(to_16k(samples, rate) / 32_768)


def _talker(dice: Dice) -> Wave:
    """Syllables of a voice with its own pitch and tract, tones, fricatives and pauses."""
    size = SECONDS * RATE
    voiced, hiss = np.zeros(size), np.zeros(size)
    pitch, tract = dice.uniform(90, 260), dice.uniform(0.88, 1.15)
    targets, times = [], []
    at = 0
    while at < size:
        length = int(dice.uniform(0.12, 0.32) * RATE)
        vowel = (*_FORMANTS, *_FORMANTS_MORE)[dice.integers(8)]
        times += [at, min(at + length, size - 1)]
        targets += [np.array(vowel) * tract, np.array(vowel) * tract * dice.uniform(0.85, 1.15)]
        onset = int(dice.uniform(0, 0.08) * RATE) if dice.random() < 0.6 else 0
        part = slice(min(at + onset, size), min(at + length, size))
        count = part.stop - part.start
        contour = pitch * np.interp(
            np.arange(count), np.linspace(0, length, 3), dice.uniform(0.75, 1.35, 3)
        )
        turns = np.cumsum(contour / RATE)
        voiced[part] = (np.diff(np.floor(turns), prepend=0) > 0) * np.hanning(count + 2)[1:-1]
        hiss[at : at + onset] = dice.standard_normal(hiss[at : at + onset].size) * 0.02
        at += length + (int(dice.uniform(0.15, 0.6) * RATE) if dice.random() < 0.12 else 0)
    tracks = np.stack([np.interp(np.arange(size), times, column) for column in np.array(targets).T])
    return _loud(shaped_frames(voiced, lambda at, hertz: _tract(tracks[:, at], hertz)) + hiss)


def _tract(formants: Wave, hertz: Wave) -> Wave:
    """The gain of a vocal tract with these formants, and a voice's slope."""
    gain = 1e-3 + sum(
        1 / (1 + ((hertz - centre) / (60 + 0.04 * centre)) ** 2) * 0.6**number
        for number, centre in enumerate(formants)
    )
    return np.asarray(gain / (1 + hertz / 500))


def _loud(sound: Wave) -> Wave:
    return np.asarray(sound / np.sqrt(np.mean(np.square(sound))))
