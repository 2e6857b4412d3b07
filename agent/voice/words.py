"""From a row of words to one clip.

Owns the sounds of the words and the pauses between them. Refuses to leave a word out: a row whose
sound is missing is not said at all.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import av
from av.error import FFmpegError

from agent.errors import ClipError
from agent.voice import catalog
from hw.types import Clip

RATE: Final = 16_000
_BETWEEN_MS: Final = 30
_SAMPLE_BYTES: Final = 2
_SOUNDS_KEPT: Final = 64


def clip_of(words: tuple[str, ...]) -> Clip:
    """The clip that says ``words``.

    Raises:
        ClipError: A word is unknown, or its sound is missing or cannot be read.
    """
    catalog.check_words(words)
    sound = b"".join(map(_sound, words))
    return Clip(clip_id=catalog.clip_id(words), samples=sound, rate=RATE)


def _sound(word: str) -> bytes:
    pause = catalog.PAUSES.get(word)
    if pause is not None:
        return _silence(pause.milliseconds)
    return _decoded(word) + _silence(_BETWEEN_MS)


def _silence(milliseconds: int) -> bytes:
    return bytes(_SAMPLE_BYTES * RATE * milliseconds // 1_000)


@lru_cache(_SOUNDS_KEPT)
def _decoded(word: str) -> bytes:
    path = catalog.FOLDER / f"{word}.flac"
    try:
        with av.open(str(path), format="flac") as file:
            frames = list(file.decode(audio=0))
    except (FFmpegError, OSError) as error:
        raise ClipError(f"the word {word} cannot be read: {error}") from error
    if any(frame.sample_rate != RATE or frame.layout.nb_channels != 1 for frame in frames):
        raise ClipError(f"the word {word} is not mono at {RATE} samples a second")
    return b"".join(bytes(frame.planes[0])[: frame.samples * _SAMPLE_BYTES] for frame in frames)
