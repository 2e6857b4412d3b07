"""The announcement's clips: text, sound and their digests.

Owns reading a clip's folder (``text.txt``, ``audio.flac``, ``meta.json``) and proving that the
sound is the one its digest names. Refuses a clip whose text or samples differ by one byte (S0§10:
the wording is fixed).
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from evidence.canonical import JsonObject
from evidence.digests import sha256_hex
from evidence.errors import RulebookError
from evidence.rulebook import Announcement
from provisioning.errors import ClipError

AUDIO: Final = "audio.flac"
TEXT: Final = "text.txt"
META: Final = "meta.json"
NAMES: Final = (AUDIO, TEXT, META)
MAX_CLIP_BYTES: Final = 8 * 1024 * 1024
MOST_SAMPLES: Final = 120 * 48_000

Hex64 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class ClipMeta(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``meta.json``: what a clip claims to be; see ``evidence.rulebook.Announcement``."""

    id: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_.:-]{0,63}\Z")]
    lang: Annotated[str, Meta(min_length=2, max_length=35)]
    text_sha256: Hex64
    pcm_sha256: Hex64
    samples: Annotated[int, Meta(ge=1, le=MOST_SAMPLES)]
    rate: Annotated[int, Meta(ge=8_000, le=48_000)]


def read_clip(folder: Path) -> Announcement:
    """Read and check one clip.

    Raises:
        ClipError: A file is missing or oversize, or a digest does not fit.
    """
    meta = _meta(folder / META)
    text = _read(folder / TEXT)
    if sha256_hex(text) != meta.text_sha256:
        raise ClipError(f"{folder / TEXT} is not the text that {META} names")
    pcm = _decode(_read(folder / AUDIO), meta, folder / AUDIO)
    if sha256_hex(pcm) != meta.pcm_sha256 or len(pcm) != 2 * meta.samples:
        raise ClipError(f"{folder / AUDIO} is not the sound that {META} names")
    return Announcement(
        id=meta.id,
        lang=meta.lang,
        text=text.decode(),
        text_sha256=meta.text_sha256,
        pcm_sha256=meta.pcm_sha256,
        samples=meta.samples,
        rate=meta.rate,
    )


def read_clips(folder: Path) -> dict[Path, Announcement]:
    """Every clip of ``folder``, by its own folder, in the order of their names.

    Raises:
        ClipError: There is none, one is broken, or two have the same id.
    """
    clips = {path: read_clip(path) for path in sorted(folder.glob("*/")) if path.is_dir()}
    if not clips:
        raise ClipError(f"there is no announcement in {folder}; render one first")
    if len({clip.id for clip in clips.values()}) != len(clips):
        raise ClipError(f"two announcements in {folder} have the same id")
    return clips


def check_clips(folder: Path, named: Sequence[Announcement]) -> None:
    """Check that ``folder`` holds each clip that a rulebook names, under its id.

    Raises:
        ClipError: One is missing or differs.
    """
    for announcement in named:
        if read_clip(folder / announcement.id) != announcement:
            raise ClipError(f"{folder / announcement.id} is not the clip the rulebook names")


def policy_entry(clip: Announcement) -> JsonObject:
    """A clip as the rulebook names it."""
    return {
        "id": clip.id,
        "lang": clip.lang,
        "text": clip.text,
        "text_sha256": clip.text_sha256,
        "pcm_sha256": clip.pcm_sha256,
        "samples": clip.samples,
        "rate": clip.rate,
    }


def _meta(path: Path) -> ClipMeta:
    try:
        return msgspec.json.decode(_read(path), type=ClipMeta, strict=True)
    except msgspec.MsgspecError as error:
        raise ClipError(f"{path}: {error}") from error


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_CLIP_BYTES + 1)
    except OSError as error:
        raise ClipError(f"{path} cannot be read: {error.strerror}") from error
    if len(content) > MAX_CLIP_BYTES:
        raise ClipError(f"{path} is larger than {MAX_CLIP_BYTES} bytes")
    return content


def decode(audio: bytes, named: Announcement) -> bytes:
    """Samples of a clip that travels, signed 16 bit little endian, mono.

    Raises:
        RulebookError: It is not the sound that the rulebook describes.
    """
    try:
        return _decode(audio, named, Path(AUDIO))
    except ClipError as error:
        raise RulebookError(error.detail, code="policy_clip") from error


def _decode(content: bytes, meta: ClipMeta | Announcement, path: Path) -> bytes:
    """Samples of a FLAC file, signed 16 bit little endian, mono; no more than ``meta`` names."""
    # Late: most commands decode no sound, and start in a third of the time without it.
    import av  # noqa: PLC0415 - see above

    samples = bytearray()
    try:
        with av.open(BytesIO(content), "r", format="flac") as container:
            for frame in container.decode(audio=0):
                if (frame.format.packed.name, frame.layout.nb_channels) != ("s16", 1):
                    raise ClipError(f"{path} is not mono with 16 bits")
                if frame.sample_rate != meta.rate:
                    raise ClipError(f"{path} has {frame.sample_rate} samples a second")
                samples += bytes(frame.planes[0])[: 2 * frame.samples]
                if len(samples) > 2 * meta.samples:
                    raise ClipError(f"{path} is longer than {META} says")
    except (av.FFmpegError, IndexError) as error:
        raise ClipError(f"{path} cannot be decoded: {error}") from error
    return bytes(samples)
