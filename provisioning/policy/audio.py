"""A recording as a clip: one channel, 16 bit, a level that carries, no silence around it.

Owns reading WAV and FLAC, bringing them to that form, and writing FLAC. Refuses what cannot become
a clip: too short, too long, too quiet, overdriven. Judges no words: ``hearing_back`` listens.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from provisioning.policy.errors import PolicyRefusedError

Pcm = NDArray[np.int16]

HIGH_RATE: Final = 48_000
LOW_RATE: Final = 16_000
LEAST_SECONDS: Final = 2.0
MOST_SECONDS: Final = 60.0
LEVEL_DBFS: Final = -20.0
"""Mean power of what sounds; the shipped sentence has -20.5."""
PEAK_DBFS: Final = -1.0

_LARGEST_FILE: Final = 64 * 1024 * 1024
_MOST_READ_SECONDS: Final = 120
_GRAIN_SECONDS: Final = 0.01
_SOUNDS_DB: Final = -40.0
"""Below the loud parts by so much is silence."""
_BEFORE_SECONDS: Final = 0.15
_AFTER_SECONDS: Final = 0.3
_LEAST_DBFS: Final = -55.0
_RUMBLE_HZ: Final = 60.0
_FULL: Final = 32_767
_MOST_CLIPPED: Final = 0.002
_DIVIDER: Final = 32_768.0


@dataclass(frozen=True, slots=True)
class Sound:
    """Samples of one channel.

    Attributes:
        samples: Signed 16 bit.
        rate: Samples a second: 16,000 or 48,000.
    """

    samples: Pcm
    rate: int

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.samples.size / self.rate


def read_sound(path: Path) -> Sound:
    """Read a WAV or FLAC file: one channel, 48 kHz, or 16 kHz where it has no more.

    Raises:
        PolicyRefusedError: ``voice_file``, ``voice_length``.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
        if len(content) > _LARGEST_FILE:
            raise PolicyRefusedError(f"{path} is larger than 64 MiB", code="voice_file")
        return _decoded(content)
    except (OSError, av.FFmpegError, IndexError, ValueError) as error:
        raise PolicyRefusedError(f"{path}: {error}", code="voice_file") from error


def normalised(sound: Sound) -> Sound:
    """Without silence around it, in the middle of the range, at the level of every clip.

    Raises:
        PolicyRefusedError: ``voice_length``, ``voice_quiet``, ``voice_clipped``.
    """
    if sound.samples.size == 0:
        raise PolicyRefusedError("it holds no samples", code="voice_quiet")
    wave = sound.samples.astype(np.float64) / _DIVIDER
    if np.mean(np.abs(sound.samples.astype(np.int32)) >= _FULL - 1) > _MOST_CLIPPED:
        raise PolicyRefusedError("many samples stand at full scale", code="voice_clipped")
    wave = _without_rumble(wave, sound.rate)
    loud = _sounding(wave, sound.rate)
    wave = _trimmed(wave, loud, sound.rate)
    seconds = wave.size / sound.rate
    if not LEAST_SECONDS <= seconds <= MOST_SECONDS:
        raise PolicyRefusedError(f"{seconds:.1f} s are left of it", code="voice_length")
    level = np.sqrt(np.mean(np.square(wave[_spread(_sounding(wave, sound.rate), sound.rate)])))
    gain = min(_ratio(LEVEL_DBFS) / level, _ratio(PEAK_DBFS) / float(np.abs(wave).max()))
    samples = np.rint(wave * gain * _DIVIDER).clip(-_FULL - 1, _FULL).astype(np.int16)
    return Sound(samples, sound.rate)


def flac(sound: Sound) -> bytes:
    """The sound as a FLAC file; the same samples always give the same bytes."""
    written = BytesIO()
    with av.open(written, "w", format="flac") as file:
        stream = file.add_stream("flac", rate=sound.rate, layout="mono", format="s16")
        frame = av.AudioFrame.from_ndarray(
            sound.samples.reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate = sound.rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            file.mux(packet)
    return written.getvalue()


def _decoded(content: bytes) -> Sound:
    kind = "flac" if content.startswith(b"fLaC") else "wav"
    with av.open(BytesIO(content), "r", format=kind) as container:
        stream = container.streams.audio[0]
        rate = HIGH_RATE if stream.rate >= 2 * LOW_RATE else LOW_RATE
        to_clip = av.AudioResampler(format="s16", layout="mono", rate=rate)
        parts: list[Pcm] = []
        left = _MOST_READ_SECONDS * rate
        for frame in container.decode(audio=0):
            for part in to_clip.resample(frame):
                parts.append(part.to_ndarray()[0])
                left -= part.samples
            if left < 0:
                raise PolicyRefusedError("it is longer than 120 s", code="voice_length")
        parts += [part.to_ndarray()[0] for part in to_clip.resample(None)]
    samples = np.concatenate(parts) if parts else np.zeros(0, np.int16)
    return Sound(samples, rate)


def _without_rumble(wave: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """Without what stands below a voice: an offset, the mains, a hand on the microphone."""
    hertz = np.fft.rfftfreq(wave.size, 1 / rate)
    kept = hertz**4 / (hertz**4 + _RUMBLE_HZ**4)
    return np.fft.irfft(np.fft.rfft(wave) * kept, wave.size)


def _sounding(wave: NDArray[np.float64], rate: int) -> NDArray[np.bool_]:
    """For every 10 ms, whether something sounds there."""
    grain = round(_GRAIN_SECONDS * rate)
    grains = wave[: wave.size // grain * grain].reshape(-1, grain)
    level = np.sqrt(np.mean(np.square(grains), axis=1)) if grains.size else np.zeros(1)
    reference = float(np.quantile(level, 0.95))
    if reference < _ratio(_LEAST_DBFS):
        raise PolicyRefusedError("nothing sounds in it", code="voice_quiet")
    return np.asarray(level > reference * _ratio(_SOUNDS_DB))


def _trimmed(wave: NDArray[np.float64], loud: NDArray[np.bool_], rate: int) -> NDArray[np.float64]:
    grain = round(_GRAIN_SECONDS * rate)
    at = np.flatnonzero(loud)
    begin = max(0, int(at[0]) * grain - round(_BEFORE_SECONDS * rate))
    end = (int(at[-1]) + 1) * grain + round(_AFTER_SECONDS * rate)
    return wave[begin:end]


def _spread(loud: NDArray[np.bool_], rate: int) -> NDArray[np.int64]:
    """Samples of the stretches of 10 ms that sound."""
    grain = round(_GRAIN_SECONDS * rate)
    return np.flatnonzero(np.repeat(loud, grain))


def _ratio(decibels: float) -> float:
    return float(10 ** (decibels / 20))
