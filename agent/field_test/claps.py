"""Flashes in pictures and beeps in sound, by the recorder's own stamps.

Owns finding both and pairing them. Refuses to know what made them: a clapperboard, a telephone that
flashes and beeps, a lamp with a click.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from agent.capture.media import AUDIO_RATE
from hw.types import VideoPacket

_TILES: Final = 8
_BRIGHTER: Final = 50
"""Levels by which a part of the picture gets brighter from one frame to the next."""
_WINDOW: Final = AUDIO_RATE // 200
"""5 ms."""
_LOUDER: Final = 8.0
"""Times the room's own level."""
_QUIET_WINDOWS: Final = 40
"""200 ms: what comes within them is the same beep."""
_PAIR_NS: Final = 400_000_000
_SECOND_NS: Final = 1_000_000_000


def flashes(packets: Sequence[VideoPacket]) -> list[int]:
    """Capture times of frames in which a part of the picture has become much brighter."""
    found: list[int] = []
    before: NDArray[np.float64] | None = None
    for pts_ns, luma in _decoded(packets):
        tiles = _tiles(luma)
        if before is not None and float((tiles - before).max()) > _BRIGHTER:
            found.append(pts_ns)
        before = tiles
    return found


def beeps(blocks: Sequence[tuple[int, bytes]]) -> list[int]:
    """When a sound much louder than the room began, CLOCK_BOOTTIME."""
    if not blocks:
        return []
    sound = np.frombuffer(b"".join(samples for _, samples in blocks), "<i2").astype(np.float64)
    starts = np.cumsum([0, *(len(samples) // 2 for _, samples in blocks)])
    count = sound.size // _WINDOW
    level = np.sqrt(np.mean(np.square(sound[: count * _WINDOW].reshape(count, _WINDOW)), axis=1))
    loud = np.flatnonzero(level > _LOUDER * max(1.0, float(np.median(level))))
    found, last = [], -_QUIET_WINDOWS
    for window in loud:
        if window - last >= _QUIET_WINDOWS:
            found.append(_time_of(_onset(sound, int(window)), starts, blocks))
        last = int(window)
    return found


def offsets_ns(seen: Sequence[int], heard: Sequence[int]) -> list[int]:
    """By how much each beep is later than its flash; flashes without a beep are left out."""
    apart = [min((beep - flash for beep in heard), key=abs, default=_PAIR_NS) for flash in seen]
    return [one for one in apart if abs(one) < _PAIR_NS]


def _onset(sound: NDArray[np.float64], window: int) -> int:
    """The first sample of the beep that is heard: a third of its height."""
    first = max(0, (window - 1) * _WINDOW)
    piece = np.abs(sound[first : (window + 3) * _WINDOW])
    return first + int(np.argmax(piece > piece.max() / 3))


def _time_of(sample: int, starts: NDArray[np.int64], blocks: Sequence[tuple[int, bytes]]) -> int:
    block = int(np.searchsorted(starts, sample, side="right")) - 1
    return blocks[block][0] + (sample - int(starts[block])) * _SECOND_NS // AUDIO_RATE


def _decoded(packets: Sequence[VideoPacket]) -> list[tuple[int, NDArray[np.uint8]]]:
    """Pictures and their capture times; the encoder reorders none."""
    codec = av.CodecContext.create("h264", "r")
    if not isinstance(codec, av.VideoCodecContext):
        raise TypeError("h264 is a codec of pictures")
    stamps = [one.pts_ns for one in packets]
    pictures = [frame for one in packets for frame in codec.decode(av.Packet(one.data))]
    pictures += codec.decode(None)
    return [(at, _luma(frame)) for at, frame in zip(stamps, pictures, strict=False)]


def _luma(frame: av.VideoFrame) -> NDArray[np.uint8]:
    plane = frame.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: frame.height, : frame.width].copy()


def _tiles(luma: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Mean brightness of parts of the middle: numbers may be burnt in at the edges."""
    middle = luma[luma.shape[0] * 45 // 100 : luma.shape[0] * 90 // 100]
    high, wide = middle.shape[0] // _TILES, middle.shape[1] // _TILES
    cut = middle[: high * _TILES, : wide * _TILES].reshape(_TILES, high, _TILES, wide)
    means: NDArray[np.float64] = cut.mean(axis=(1, 3))
    return means
