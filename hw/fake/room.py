"""The air between the loudspeaker and the microphone.

Owns what can be heard at any instant of device time: the room's noise, the claps, a voice, and what
the loudspeaker plays, late and coloured by the way through the air. Refuses pace and faults: it
answers for any instant it is asked for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from threading import Lock

import av
import numpy as np
from numpy.typing import NDArray

from hw.fake.talker import talk

Wave = NDArray[np.float32]
"""Samples at 48,000 a second, full scale 32,767."""

RATE = 48_000
_SECOND_NS = 1_000_000_000
_DELAY_SAMPLES = 384  # 8 ms
_ECHOES = ((0, 0.5), (1, 0.22), (2, 0.08), (150, 0.10), (331, -0.06))
"""The way through the air: how many samples later, and how loud. The first three dull the sound."""
_LONGEST = _DELAY_SAMPLES + _ECHOES[-1][0] + 1
_NOISE_LEVEL = 40.0
_NOISE_SECONDS = 8
_BEEP_HERTZ = 2_000
_BEEP_NS = 20_000_000
_BEEP_LEVEL = 9_000.0
_SEED = 48_000


class Room:
    """A quiet room, in which sounds of the last seconds still hang in the air."""

    def __init__(self) -> None:
        random = np.random.default_rng(_SEED)
        noise = random.standard_normal(_NOISE_SECONDS * RATE) * _NOISE_LEVEL
        self._noise: Wave = noise.astype(np.float32)
        self._noise_file: str | None = None
        self._sounds: deque[tuple[int, Wave]] = deque(maxlen=256)
        self._drawn: Callable[[int], None] | None = None
        self._lock = Lock()

    def draw_from(self, source: Callable[[int], None] | None) -> None:
        """``source`` is asked for its sound up to a device time before anybody listens."""
        self._drawn = source

    def sound(self, at_ns: int, wave: Wave) -> None:
        """``wave`` leaves the loudspeaker at device time ``at_ns``."""
        with self._lock:
            self._sounds.append((round(at_ns * RATE / _SECOND_NS), wave))

    def listen(
        self,
        at_ns: int,
        count: int,
        *,
        clapping: bool,
        talking: bool = False,
        file: str | None = None,
    ) -> Wave:
        """What a microphone hears from ``at_ns`` on, ``count`` samples.

        Args:
            at_ns: Device time of the first sample.
            count: How many samples of 1 ÷ 48,000 s.
            clapping: Whether claps sound: a beep of 20 ms from each full second of device time on.
            talking: Whether somebody talks.
            file: A sound file instead of the room's noise.
        """
        drawn = self._drawn
        if drawn is not None:
            drawn(at_ns + count * _SECOND_NS // RATE)
        wave = self._background(at_ns, count, file) + self._from_speaker(at_ns, count)
        if talking:
            wave += talk(at_ns, count)
        phase_ns = at_ns % _SECOND_NS
        if clapping and (phase_ns < _BEEP_NS or phase_ns + count * _SECOND_NS // RATE > _SECOND_NS):
            wave += _beep(phase_ns, count)
        return wave

    def _background(self, at_ns: int, count: int, file: str | None) -> Wave:
        if file is not None and file != self._noise_file:
            self._noise, self._noise_file = read_sound(Path(file)), file
        first = at_ns * RATE // _SECOND_NS % self._noise.size
        indices = np.arange(first, first + count)
        return self._noise.take(indices, mode="wrap")

    def _from_speaker(self, at_ns: int, count: int) -> Wave:
        exact = at_ns * RATE / _SECOND_NS
        first = int(exact)
        air = self._air(first - _LONGEST, _LONGEST + count + 1)
        if air is None:
            return np.zeros(count, np.float32)
        heard = np.zeros(count + 1, np.float32)
        for later, level in _ECHOES:
            start = _LONGEST - _DELAY_SAMPLES - later
            heard += np.float32(level) * air[start : start + count + 1]
        between = np.float32(exact - first)
        return heard[:-1] * (1 - between) + heard[1:] * between

    def _air(self, first: int, count: int) -> Wave | None:
        """The sounds that left the loudspeaker in ``count`` samples from ``first`` on."""
        air: Wave | None = None
        with self._lock:
            sounds = tuple(self._sounds)
        for start, wave in sounds:
            low, high = max(first, start), min(first + count, start + wave.size)
            if low < high:
                air = np.zeros(count, np.float32) if air is None else air
                air[low - first : high - first] += wave[low - start : high - start]
        return air


def read_sound(path: Path) -> Wave:
    """A sound file as mono samples at 48,000 a second."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    with av.open(str(path)) as file:
        frames = [out for frame in file.decode(audio=0) for out in resampler.resample(frame)]
    frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray().ravel() for frame in frames]).astype(np.float32)


def _beep(phase_ns: int, count: int) -> Wave:
    since_ns = (phase_ns + np.arange(count) * (_SECOND_NS / RATE)) % _SECOND_NS
    tone = np.sin(since_ns * (2 * np.pi * _BEEP_HERTZ / _SECOND_NS)) * _BEEP_LEVEL
    return np.where(since_ns < _BEEP_NS, tone, 0).astype(np.float32)
