"""Reading an announcement's clip from the device folder.

Owns the check that samples and text are those the signed rulebook names. Refuses to play anything
else: a clip that is missing, altered or too long is an error, and the session says so.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Final

import av
from av.audio.frame import AudioFrame
from av.error import FFmpegError

from agent.errors import ClipError
from agent.vault.messages import AnnouncementRule
from evidence.digests import sha256_hex
from evidence.rulebook import Announcement
from hw.types import Clip

AUDIO_NAME: Final = "audio.flac"
TEXT_NAME: Final = "text.txt"
MAX_FILE_BYTES: Final = 16 * 1024 * 1024
MAX_SECONDS: Final = 120
_BYTES_PER_SAMPLE: Final = 2


def load_clip(announce: Path, rule: AnnouncementRule) -> Clip:
    """The clip that ``rule`` names, from its folder below ``announce``.

    Raises:
        ClipError: It is missing, unreadable, too long, or not what the rulebook names.
    """
    folder = announce / rule.id
    _check_text(folder / TEXT_NAME, rule)
    samples = decode_clip(_read(folder / AUDIO_NAME), rule)
    count = len(samples) // _BYTES_PER_SAMPLE
    if count != rule.samples:
        raise ClipError(
            f"clip {rule.id} has {count} samples where the rulebook says {rule.samples}"
        )
    if sha256_hex(samples) != rule.pcm_sha256:
        raise ClipError(f"the sound of clip {rule.id} is not the one the rulebook names")
    return Clip(clip_id=rule.id, samples=samples, rate=rule.rate)


def _check_text(path: Path, rule: AnnouncementRule) -> None:
    if sha256_hex(_read(path)) != rule.text_sha256:
        raise ClipError(f"the text of clip {rule.id} is not the one the rulebook names")


def decode_clip(content: bytes, rule: AnnouncementRule | Announcement) -> bytes:
    """Samples of a FLAC file, signed 16 bit little endian, mono, at the rate that ``rule`` names.

    Raises:
        ClipError: It is no such file, or too long.
    """
    most_bytes = MAX_SECONDS * rule.rate * _BYTES_PER_SAMPLE
    samples = bytearray()
    try:
        with av.open(BytesIO(content), "r", format="flac") as container:
            for frame in container.decode(audio=0):
                samples += _mono(frame, rule)
                if len(samples) > most_bytes:
                    raise ClipError(f"clip {rule.id} is longer than {MAX_SECONDS} s")
    except (FFmpegError, IndexError) as error:
        raise ClipError(f"clip {rule.id} cannot be decoded: {error}") from error
    return bytes(samples)


def _mono(frame: AudioFrame, rule: AnnouncementRule | Announcement) -> bytes:
    if frame.format.packed.name != "s16" or frame.layout.nb_channels != 1:
        raise ClipError(f"clip {rule.id} is not mono with 16 bits")
    if frame.sample_rate != rule.rate:
        raise ClipError(f"clip {rule.id} has {frame.sample_rate} samples a second")
    return bytes(frame.planes[0])[: frame.samples * _BYTES_PER_SAMPLE]


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ClipError(f"{path.name} cannot be read: {error.strerror}") from error
    if len(content) > MAX_FILE_BYTES:
        raise ClipError(f"{path.name} is larger than {MAX_FILE_BYTES} bytes")
    return content
