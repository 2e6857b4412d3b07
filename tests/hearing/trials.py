"""One thing that a microphone heard, and what is true of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from evidence.hearing import RATE, Hearing, Reference, listen, to_16k
from tests.hearing.noises import NOISES, OTHERS, scaled, speech
from tests.hearing.rooms import in_the_room, loudspeaker, on_the_body
from tests.hearing.sounds import Dice, Pcm, Wave, crop, rms, slow
from tests.hearing.speech import ANNOUNCEMENT, SENTENCES, mandarin

CLIP: Final = Path(__file__).parents[2] / "provisioning/files/announce/zh-CN/audio.flac"
CLIP_RATE: Final = 48_000
LEAD: Final = 7 * RATE // 10
"""The device hands over 0.7 s more at either end."""
EXPECTED_NS: Final = 700_000_000
GRAIN: Final = RATE // 100
CUTS: Final = ("beginning", "end", "hole", "replaced", "stretches", "spliced")
HARD: Final = ("another sentence", "another voice", "another speed", "faster playback")
PLAIN: Final = ("noise", "voice", "shuffled", "reversed", "too late")


@dataclass(frozen=True)
class Trial:
    """What was captured.

    Attributes:
        sound: 16 kHz, with 0.7 s before and after where the clip was expected.
        share: Of the time in which the clip sounds, how much really did.
        lost: Samples that were not captured.
        delay_ns: How late it began.
        ppm: How much longer it lasted.
    """

    sound: Pcm
    share: float = 0.0
    lost: tuple[tuple[int, int], ...] = ()
    delay_ns: int = 0
    ppm: float = 0.0

    def check(self) -> Hearing:
        return listen(reference(), self.sound, expected_ns=EXPECTED_NS, lost=self.lost)


@lru_cache(maxsize=1)
def samples() -> Pcm:
    """The built-in announcement."""
    with av.open(str(CLIP)) as file:
        return np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])


@lru_cache(maxsize=1)
def reference() -> Reference:
    return Reference(samples(), CLIP_RATE)


@lru_cache(maxsize=16)
def clip(ppm: int = 0) -> Wave:
    """The announcement at 16 kHz, lasting ``ppm`` longer."""
    at = np.arange(0, samples().size - 1, 1 - ppm * 1e-6 / (1 + ppm * 1e-6))
    drifted = np.interp(at, np.arange(samples().size), samples())
    return np.asarray(to_16k(np.rint(drifted).astype(np.int16), CLIP_RATE) / 32_768)


def announced(dice: Dice, noise: str, snr_db: float, cut: tuple[str, float] | None = None) -> Trial:
    """The announcement on the body, in a noise; all of it, or with a part cut out."""
    ppm = int(dice.integers(-6, 7)) * 20
    played, share = clip(ppm), 1.0
    if cut is not None:
        played, share = _cut(played, *cut, dice)
    late = int(dice.uniform(-0.05, 0.45) * RATE)
    air = on_the_body(loudspeaker(played, dice), dice)
    sound = captured(air, LEAD + late, NOISES[noise], snr_db, dice)
    return Trial(sound, share, delay_ns=late * 1_000_000_000 // RATE, ppm=ppm)


def with_losses(trial: Trial, dice: Dice) -> Trial:
    """The same with stretches that the microphone did not deliver, 20 ms to 1.5 s."""
    sound = trial.sound.copy()
    lost, grains = [], np.ones(reference().loud.size, bool)
    begins = LEAD + trial.delay_ns * RATE // 1_000_000_000
    for _ in range(int(dice.integers(1, 4))):
        length = int(10 ** dice.uniform(-1.7, 0.18) * RATE)
        begin = int(dice.integers(0, sound.size - length))
        lost.append((begin, begin + length))
        sound[begin : begin + length] = 0
        edges = [max(0, round((at - begins) / GRAIN)) for at in lost[-1]]
        grains[edges[0] : edges[1]] = False
    share = float(grains[reference().loud].mean())
    return Trial(sound, share, tuple(lost), trial.delay_ns, trial.ppm)


def unannounced(dice: Dice, kind: str) -> Trial:
    """Something that is not the announcement at its time."""
    size = clip().size + 2 * LEAD
    if kind == "noise":
        name = tuple(OTHERS)[dice.integers(len(OTHERS))]
        sound = scaled(OTHERS[name](size, dice), 10 ** dice.uniform(-3, -0.7))
        return Trial(_digital(sound, dice))
    late = int(dice.uniform(0, 0.4) * RATE)
    noise = NOISES[tuple(NOISES)[dice.integers(len(NOISES))]]
    if kind == "voice":
        air = in_the_room(speech(size, dice), dice)
        late = -LEAD
    elif kind == "too late":
        late = int(dice.uniform(0.75, 4) * RATE) * (1 if dice.random() < 0.5 else -1)
        air = on_the_body(loudspeaker(clip(), dice), dice)
    else:
        air = on_the_body(loudspeaker(_other(kind, dice), dice), dice)
    return Trial(captured(air, LEAD + late, noise, dice.uniform(-5, 30), dice))


def captured(air: Wave, begin: int, noise: object, snr_db: float, dice: Dice) -> Pcm:
    """What the microphone makes of a sound that begins at sample ``begin``, and of a noise."""
    assert callable(noise)
    size = clip().size + 2 * LEAD
    sound = np.zeros(size)
    air = air[max(0, -begin) :]
    begin = max(0, begin)
    part = air[: max(0, size - begin)]
    sound[begin : begin + part.size] = part
    loud = np.abs(air) > 0.05 * float(np.abs(air).max(initial=1e-9))
    level = rms(air[loud])
    sound = sound + scaled(noise(size, dice), level * 10 ** (-snr_db / 20))
    return _digital(sound / level * 10 ** dice.uniform(-2, -0.8), dice)


def _digital(sound: Wave, dice: Dice) -> Pcm:
    """A gain that wanders, the microphone's own noise, 16 bits."""
    gain = 10 ** (np.clip(slow(sound.size, dice, 0.7), -2, 2) * dice.uniform(0, 3) / 20)
    heard = sound * gain + dice.standard_normal(sound.size) * 10 ** dice.uniform(-4.5, -3)
    if not sound.any():
        heard = sound
    return np.clip(np.rint(heard * 32_767), -32_768, 32_767).astype(np.int16)


def _other(kind: str, dice: Dice) -> Wave:
    """A sound that is close to the announcement."""
    own = clip()
    match kind:
        case "reversed":
            return own[::-1].copy()
        case "shuffled":
            return _shuffled(own, int(dice.uniform(0.15, 1.2) * RATE), dice)
        case "another sentence":
            return mandarin(SENTENCES[dice.integers(len(SENTENCES))], "", 150, 50)
        case "another voice":
            voice = ("+f2", "+f4", "+m2", "+m6", "+m7")[dice.integers(5)]
            return mandarin(ANNOUNCEMENT, voice, 150, 50)
        case "another speed":
            speed = (135, 142, 146, 154, 158, 165)[dice.integers(6)]
            return mandarin(ANNOUNCEMENT, "", speed, 50)
        case "faster playback":
            factor = 1 + dice.uniform(0.003, 0.06) * (1 if dice.random() < 0.5 else -1)
            made = np.interp(np.arange(0, own.size - 1, factor), np.arange(own.size), own)
            return np.asarray(made, np.float64)
        case _:
            raise ValueError(kind)


def _shuffled(own: Wave, length: int, dice: Dice) -> Wave:
    """The clip in pieces, none of which stays in its place."""
    pieces = [own[at : at + length] for at in range(0, own.size, length)]
    order = dice.permutation(len(pieces))
    while (order == np.arange(len(pieces))).any():
        order = dice.permutation(len(pieces))
    return np.concatenate([pieces[number] for number in order])


def _cut(own: Wave, kind: str, part: float, dice: Dice) -> tuple[Wave, float]:
    """``own`` without ``part`` or more of the time in which it sounds, and the share that stays."""
    loud = reference().loud
    gone = np.zeros(loud.size, bool)
    order = np.flatnonzero(loud)
    count = int(np.ceil(part * order.size))
    if kind == "beginning":
        gone[: order[count]] = True
    elif kind == "end":
        gone[order[-count] :] = True
    elif kind == "stretches":
        while gone[loud].sum() < count:
            begin = int(dice.integers(loud.size - 45))
            gone[begin : begin + int(dice.integers(25, 45))] = True
    else:
        first = int(dice.integers(order.size // 10, order.size - count - order.size // 10))
        gone[order[first] : order[first + count]] = True
    return _without(own, gone, kind, dice), float(1 - gone[loud].mean())


def _without(own: Wave, gone: NDArray[np.bool_], kind: str, dice: Dice) -> Wave:
    mask = np.repeat(gone, GRAIN)[: own.size]
    mask = np.concatenate((mask, np.full(own.size - mask.size, gone[-1])))
    if kind == "spliced":
        return own[~mask]
    if kind == "replaced":
        return np.where(mask, scaled(crop(speech(own.size, dice), own.size, dice), rms(own)), own)
    return np.where(mask, 0.0, own)
