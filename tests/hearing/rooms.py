"""From the loudspeaker's wire to the microphone's: a small loudspeaker, a body, a room."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evidence.hearing import RATE
from tests.hearing.sounds import Dice, Wave, convolve, filtered


def loudspeaker(sound: Wave, dice: Dice) -> Wave:
    """A cone of some centimetres: no bass, some resonances, and it saturates."""
    bottom, top = dice.uniform(250, 650), dice.uniform(4_500, 7_500)
    peaks = [
        (dice.uniform(500, 4_000), dice.uniform(2, 8), dice.uniform(-0.5, 1.2)) for _ in range(3)
    ]

    def response(hertz: Wave) -> NDArray[np.complex128]:
        at = 1j * np.maximum(hertz, 1.0)
        gain = (at / bottom) ** 2 / ((at / bottom) ** 2 + at / bottom / 0.8 + 1)
        gain = gain / (1 + at / top)
        for centre, sharp, boost in peaks:
            near = at / centre / sharp
            gain = gain * (1 + boost * near / ((at / centre) ** 2 + near + 1))
        return gain

    played = filtered(sound, response)
    drive = dice.uniform(0.2, 2.5) / max(1e-9, float(np.abs(played).max()))
    return np.asarray(np.tanh(played * drive) / drive)


def on_the_body(sound: Wave, dice: Dice) -> Wave:
    """4 to 12 cm of air, the chest behind, and the room 6 to 20 dB below the direct sound."""
    return convolve(sound, _response(dice, dice.uniform(6, 20)))


def in_the_room(sound: Wave, dice: Dice) -> Wave:
    """Somebody some steps away: the room is as loud as the direct sound, or louder."""
    return convolve(sound, _response(dice, dice.uniform(-8, 4)))


def _response(dice: Dice, direct_db: float) -> Wave:
    fades_s = dice.uniform(0.1, 1.0)
    size = int(min(fades_s, 0.6) * RATE)
    tail = dice.standard_normal(size) * 10 ** (-3 * np.arange(size) / RATE / fades_s)
    tail[: int(dice.uniform(0.002, 0.012) * RATE)] = 0
    power = float(np.square(tail).sum())
    response = tail * np.sqrt(10 ** (-direct_db / 10) / max(power, 1e-12))
    response[0] += 1
    for _ in range(int(dice.integers(1, 4))):
        response[dice.integers(2, 25)] += dice.uniform(-0.5, 0.5)
    return np.asarray(response)
