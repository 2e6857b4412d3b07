"""What the microphone heard last, with its times.

Owns the bound of that memory and where its gaps are. Refuses to keep sound from before the recorder
spoke: unless somebody attends, only the last few seconds are held, and nothing here is ever written
anywhere. No recording begins before its press.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agent.capture.media import AUDIO_RATE, SECOND_NS
from evidence import hearing

HELD_NS: Final = 130 * SECOND_NS
"""While somebody attends: a statement's window of up to two minutes, and what is around it."""
IDLE_NS: Final = 5 * SECOND_NS
"""Otherwise: enough to say how loud it is."""
MOST_BLOCKS: Final = 20_000

_SAMPLE_BYTES: Final = 2
_JUMP_NS: Final = 10_000_000
"""Times creep; blocks whose times differ by more than this do not follow one another."""


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive samples, and when the first one sounded."""

    samples: bytes
    first_ns: int

    @property
    def end_ns(self) -> int:
        """When the next sample is due."""
        return self.first_ns + len(self.samples) // _SAMPLE_BYTES * SECOND_NS // AUDIO_RATE


@dataclass(frozen=True, slots=True)
class Stretch:
    """Sound from one time to another.

    Attributes:
        samples: 16,000 a second; zeros where nothing was captured.
        lost: [from, to) samples that were not captured.
    """

    samples: NDArray[np.int16]
    lost: tuple[tuple[int, int], ...]

    @property
    def captured(self) -> int:
        """Samples that were captured."""
        return self.samples.size - sum(end - begin for begin, end in self.lost)


class Ring:
    """The last blocks. One thread holds, any thread cuts."""

    def __init__(self) -> None:
        self._blocks: deque[Block] = deque()
        self._attended_ns = 0
        self._lock = Lock()

    @property
    def newest_ns(self) -> int:
        """Up to when sound has come; 0 before the first."""
        with self._lock:
            return self._blocks[-1].end_ns if self._blocks else 0

    def attend(self, until_ns: int) -> None:
        """Keep what is heard for longer, until CLOCK_BOOTTIME ``until_ns``."""
        with self._lock:
            self._attended_ns = max(self._attended_ns, until_ns)

    def hold(self, samples: bytes, first_ns: int) -> None:
        """A block came."""
        block = Block(samples, first_ns)
        with self._lock:
            self._blocks.append(block)
            held_ns = HELD_NS if block.end_ns < self._attended_ns else IDLE_NS
            while (
                self._blocks[0].end_ns < block.end_ns - held_ns or len(self._blocks) > MOST_BLOCKS
            ):
                self._blocks.popleft()

    def cut(self, from_ns: int, to_ns: int) -> Stretch:
        """What was heard from ``from_ns`` to ``to_ns``, whether it has come or not."""
        with self._lock:
            blocks = [
                block for block in self._blocks if block.end_ns > from_ns and block.first_ns < to_ns
            ]
        size = max(0, _index(to_ns - from_ns))
        samples, there = np.zeros(size, np.int16), np.zeros(size, bool)
        for run in _runs(blocks):
            sound = np.frombuffer(b"".join(block.samples for block in run), "<i2")
            heard = hearing.to_16k(sound.astype(np.int16), AUDIO_RATE)
            start = _index(run[0].first_ns - from_ns)
            low, high = max(0, start), min(size, start + heard.size)
            if low < high:
                samples[low:high] = heard[low - start : high - start]
                there[low:high] = True
        return Stretch(samples, _lost(there))


def _index(span_ns: int) -> int:
    return round(span_ns * hearing.RATE / SECOND_NS)


def _runs(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    """Blocks that follow one another, resampled as one: a border between them is not heard."""
    run: list[Block] = []
    for block in blocks:
        if run and abs(block.first_ns - run[-1].end_ns) > _JUMP_NS:
            yield run
            run = []
        run.append(block)
    if run:
        yield run


def _lost(there: NDArray[np.bool_]) -> tuple[tuple[int, int], ...]:
    edges = np.flatnonzero(np.diff(np.concatenate(([True], there, [True])).astype(np.int8)))
    return tuple((int(begin), int(end)) for begin, end in edges.reshape(-1, 2))
