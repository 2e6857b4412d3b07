"""Segments in which the announcement really sounds: AAC in MP4, at the device's own times."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from agent.capture.aac import AacEncoder
from agent.capture.media import AUDIO_FRAME, AUDIO_FRAME_NS, MediaPacket, Track
from agent.capture.muxer import Muxer
from evidence.canonical import JsonObject
from evidence.digests import sha256_hex

ANNOUNCE: Final = Path(__file__).parents[3] / "provisioning" / "files" / "announce"
RATE: Final = 48_000

_FRAME_NS: Final = 40_000_000
_NS: Final = 1_000_000_000

Pcm = NDArray[np.int16]


@lru_cache(maxsize=1)
def clip() -> Pcm:
    """The built-in announcement, 48,000 samples a second."""
    with av.open(str(ANNOUNCE / "zh-CN" / "audio.flac")) as file:
        return np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])


def named() -> JsonObject:
    """The announcement as a rulebook names it."""
    text = (ANNOUNCE / "zh-CN" / "text.txt").read_text(encoding="utf-8")
    return {
        "id": "zh-cn",
        "lang": "zh-CN",
        "text": text,
        "text_sha256": sha256_hex(text.encode()),
        "pcm_sha256": sha256_hex(clip().tobytes()),
        "samples": clip().size,
        "rate": RATE,
    }


def room(seconds: float, said: Pcm, at: float, seed: int = 1) -> Pcm:
    """A quiet room in which ``said`` begins to sound after ``at`` seconds."""
    sound = np.random.default_rng(seed).normal(0, 60, round(seconds * RATE))
    begin = round(at * RATE)
    part = said[: max(0, sound.size - begin)] * 0.4
    sound[begin : begin + part.size] += part
    return np.clip(sound, -32_768, 32_767).astype(np.int16)


def film(sound: Pcm, first_ns: int) -> bytes:
    """A segment with this sound from ``first_ns`` on, as the recorder encodes and writes it."""
    encoder = AacEncoder()
    muxer = Muxer(None, encoder.template, _FRAME_NS)
    content = bytearray(muxer.init)
    for begin in range(0, sound.size - AUDIO_FRAME + 1, AUDIO_FRAME):
        packets = encoder.encode(sound[begin : begin + AUDIO_FRAME].tobytes())
        content += _written(muxer, packets, first_ns)
    content += _written(muxer, encoder.drain(), first_ns)
    content += b"".join(fragment for fragment, _ in muxer.close())
    encoder.close()
    return bytes(content)


def _written(muxer: Muxer, packets: list[tuple[int, bytes]], first_ns: int) -> bytes:
    for index, packet in packets:
        if index >= 0:
            pts_ns = first_ns + index * _NS // RATE
            muxer.write(MediaPacket(Track.AUDIO, packet, pts_ns, AUDIO_FRAME_NS, keyframe=True))
    return b"".join(fragment for fragment, _ in muxer.take())
