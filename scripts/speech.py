"""The built-in voice: toned pinyin in, samples out, alike on every machine.

Owns espeak-ng's call and every step that shapes its sound, all in whole numbers, and the FLAC that
holds it. Refuses a text that espeak-ng would spell in English letters.
"""

from __future__ import annotations

import shutil
import subprocess
from io import BytesIO
from math import ceil, gcd
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

ESPEAK_VERSION: Final = "1.51"
"""What the shipped sounds were rendered with; another version speaks a little differently."""

Samples = NDArray[np.int16]

_ESPEAK_RATE: Final = 22_050
_ZERO_CROSSINGS: Final = 16  # of the low-pass, on each side
_GAIN_BITS: Final = 15
_SILENCE: Final = 200


def espeak_version() -> str | None:
    """The version of the installed espeak-ng; None where there is none."""
    if shutil.which("espeak-ng") is None:
        return None
    said = _run("espeak-ng", "--version").decode()
    return said.split(":")[1].split()[0] if ":" in said else None


def phonemes(pinyin: str) -> str:
    """How espeak-ng will say it."""
    return _run(*_speak(150), "-x", "-q", pinyin).decode()


def spell(pinyin: str, rate: int, *, words_per_minute: int = 150) -> Samples:
    """Speak toned pinyin (5 is neutral), without silence at the ends.

    Args:
        pinyin: What to say.
        rate: Samples a second of the result.
        words_per_minute: espeak-ng's pace.

    Raises:
        SystemExit: espeak-ng would switch to English letters.
    """
    if "(en)" in phonemes(pinyin):
        raise SystemExit(f"espeak-ng spells English letters; check the pinyin: {pinyin}")
    wave = _run(*_speak(words_per_minute), "--stdout", pinyin)
    header = wave.index(b"data") + 8  # espeak-ng cannot know the length when it writes to a pipe
    spoken = np.frombuffer(wave[header : len(wave) - (len(wave) - header) % 2], "<i2")
    return _trimmed(_resampled(spoken, rate), rate // 100)


def flac(samples: Samples, rate: int, *, padding: int = 8_192) -> bytes:
    """FLAC by whole-number prediction alone, with no name of the program that wrote it.

    Args:
        samples: One channel.
        rate: Samples a second.
        padding: Bytes that are kept free in the head of the file.
    """
    file = BytesIO()
    options = {"fflags": "+bitexact", "metadata_header_padding": str(padding)}
    with av.open(file, "w", format="flac", options=options) as container:
        stream = container.add_stream("flac", rate=rate, layout="mono", format="s16")
        stream.codec_context.options = {"lpc_type": "fixed", "flags": "+bitexact"}
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return file.getvalue()


def _speak(words_per_minute: int) -> tuple[str, ...]:
    return ("espeak-ng", "-v", "cmn-latn-pinyin", "-s", str(words_per_minute), "-a", "85")


def _run(*command: str) -> bytes:
    return subprocess.run(command, check=True, capture_output=True).stdout


def _resampled(spoken: Samples, rate: int) -> Samples:
    """From espeak-ng's 22,050 samples a second to ``rate`` in whole numbers."""
    common = gcd(_ESPEAK_RATE, rate)
    up, down = rate // common, _ESPEAK_RATE // common
    kernel = _low_pass(up, down)
    half = kernel.shape[1] // 2
    count = spoken.size * up // down
    moments = np.arange(count) * down
    first, phase = moments // up, moments % up
    padded = np.pad(spoken.astype(np.int64), (half - 1, half + 1))
    total = np.zeros(count, np.int64)
    for tap in range(2 * half):
        total += padded[first + tap] * kernel[phase, tap]
    rounded = (total + (1 << (_GAIN_BITS - 1))) >> _GAIN_BITS
    resampled: Samples = np.clip(rounded, -32_768, 32_767).astype(np.int16)
    return resampled


def _trimmed(samples: Samples, margin: int) -> Samples:
    """Without silence at the ends: whoever checks that it was heard whole looks there."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > _SILENCE)
    return samples[max(0, loud[0] - margin) : loud[-1] + margin]


def _low_pass(up: int, down: int) -> NDArray[np.int64]:
    """A windowed sinc for each phase, in 1 ÷ 32,768; it cuts where the lower rate ends."""
    band = min(1.0, up / down)
    half = ceil(_ZERO_CROSSINGS / band)
    taps = np.arange(2 * half) - (half - 1)
    away = taps[None, :] - np.arange(up)[:, None] / up
    window = 0.5 + 0.5 * np.cos(np.pi * np.clip(away / half, -1, 1))
    return np.rint(band * np.sinc(band * away) * window * (1 << _GAIN_BITS)).astype(np.int64)
