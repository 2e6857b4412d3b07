"""Imperfect parts in virtual time: when what was delivered truly happened, and what was lost.

The microphone's crystal is off and wanders, its blocks come late, in bursts after the machine was
busy, and some of its samples are lost: the driver says how many, or only that some were, or nothing
at all. The camera has a crystal of its own and drops pictures.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, unique
from typing import Final

import numpy as np

from agent.capture.media import AUDIO_RATE, SECOND_NS
from hw.types import AudioBlock, VideoPacket
from tests.kits.media.capture import BLOCK, FRAME_NS, block_at, pictures

BOOTED_NS: Final = 12 * 86_400 * SECOND_NS
"""The device has been up for twelve days: large numbers are part of the task."""
WARM_NS: Final = 3 * SECOND_NS
COURSES: Final[dict[str, Callable[[float], float]]] = {
    "fast": lambda _: 100.0,
    "slow": lambda _: -100.0,
    "wandering": lambda seconds: 100 * math.sin(seconds / 600),
}
"""The microphone's crystal, parts per million at a second of a take."""
_CAMERA_PPM: Final = -30
_TONE: Final = np.frombuffer(block_at(0).samples, "<i2").clip(min=1).astype("<i2").tobytes()
"""Without a zero: what is zero in a packet was filled in by the device."""


@unique
class Mishap(Enum):
    """What happens to samples."""

    TOLD = "told"
    """The driver says how many it lost."""
    UNSURE = "unsure"
    """The driver says that it lost some."""
    QUEUE = "queue"
    """Our own queue was full."""
    VANISHED = "vanished"
    """Nobody says anything."""
    PICTURES = "pictures"
    """The camera drops pictures."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What was lost in truth.

    Attributes:
        mishap: How.
        at_ns: When.
        long_ns: How much.
    """

    mishap: Mishap
    at_ns: int
    long_ns: int


@dataclass(kw_only=True)
class Conditions:
    """How imperfect the parts are.

    Attributes:
        ppm: The microphone's crystal at a second of the take.
        seed: Of everything random.
        loss_every_seconds: Mean distance of two mishaps; at least 12 s apart.
        stall_every_seconds: Mean distance of two moments in which the machine is busy.
    """

    ppm: Callable[[float], float]
    seed: int | str
    loss_every_seconds: float
    stall_every_seconds: float


class Truth:
    """When each delivered sample truly sounded."""

    def __init__(self) -> None:
        self._blocks: deque[tuple[int, float, float]] = deque()
        self._delivered = 0

    def add(self, begins_ns: float, period_ns: float) -> None:
        self._blocks.append((self._delivered, begins_ns, period_ns))
        self._delivered += BLOCK

    def sounded(self, index: int) -> float:
        """When delivered sample ``index`` sounded. Ask in rising order."""
        while len(self._blocks) > 1 and self._blocks[1][0] <= index:
            self._blocks.popleft()
        first, begins_ns, period_ns = self._blocks[0]
        return begins_ns + (index - first) * period_ns


class Parts:
    """Microphone and camera of one take.

    Args:
        conditions: How imperfect they are.

    Attributes:
        truth: When the samples sounded.
        captured: When the pictures were taken that nobody has judged yet.
        losses: What was lost.
    """

    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions
        self._dice = random.Random(conditions.seed)
        self._film = pictures(250)
        self._stall = (BOOTED_NS, BOOTED_NS)
        self.truth = Truth()
        self.captured: deque[int] = deque()
        self.losses: list[Loss] = []

    def sounds(self) -> Iterator[tuple[float, AudioBlock | int]]:
        """What the microphone delivers and when: a block, or how many samples were lost."""
        at_ns, arrived_ns = float(BOOTED_NS), 0.0
        mishaps = self._mishaps()
        mishap, due_ns = next(mishaps)
        while True:
            seconds = (at_ns - BOOTED_NS) / SECOND_NS
            period_ns = SECOND_NS / (AUDIO_RATE * (1 + self._conditions.ppm(seconds) * 1e-6))
            told, unsure = 0, False
            if at_ns >= due_ns:
                lost = self._how_much(mishap)
                long_ns = lost * period_ns
                self.losses.append(Loss(mishap, round(at_ns), round(long_ns)))
                if mishap is Mishap.QUEUE:
                    yield arrived_ns, lost
                told = lost if mishap is Mishap.TOLD else 0
                unsure = mishap is Mishap.UNSURE
                at_ns += long_ns
                mishap, due_ns = next(mishaps)
            self.truth.add(at_ns, period_ns)
            at_ns += BLOCK * period_ns
            arrived_ns = max(arrived_ns, self._arrival(at_ns))
            yield (
                arrived_ns,
                AudioBlock(
                    samples=_TONE,
                    rate=AUDIO_RATE,
                    arrived_ns=round(arrived_ns),
                    overflowed=unsure or told > 0,
                    lost_samples=told,
                ),
            )

    def _mishaps(self) -> Iterator[tuple[Mishap, float]]:
        """The next mishap of the sound, and when; always far enough apart to be told apart."""
        at_ns = float(BOOTED_NS + WARM_NS)
        kinds = [Mishap.TOLD, Mishap.UNSURE, Mishap.QUEUE, Mishap.VANISHED]
        while True:
            self._dice.shuffle(kinds)
            for kind in kinds:
                more = self._dice.expovariate(1 / self._conditions.loss_every_seconds)
                at_ns += (12 + more) * SECOND_NS
                yield kind, at_ns

    def _how_much(self, mishap: Mishap) -> int:
        """Samples: from a fifth of a block to 1.2 s, never about 20 ms."""
        if mishap is Mishap.QUEUE:
            return BLOCK * self._dice.randrange(2, 50)
        if mishap in {Mishap.TOLD, Mishap.VANISHED} and self._dice.random() < 0.25:
            return self._dice.randrange(BLOCK // 5, BLOCK * 3 // 4)
        return round(AUDIO_RATE * math.exp(self._dice.uniform(math.log(0.03), math.log(1.2))))

    def _arrival(self, ended_ns: float) -> float:
        """Never early, often late; what ends while the machine is busy comes in a burst."""
        natural_ns = ended_ns + min(30e6, self._dice.expovariate(1 / 2.5e6))
        begin_ns, end_ns = self._stall
        if natural_ns > end_ns:
            mean = self._conditions.stall_every_seconds
            begin_ns = round(natural_ns + self._dice.expovariate(1 / mean) * SECOND_NS)
            end_ns = begin_ns + self._dice.randrange(SECOND_NS // 20, SECOND_NS * 9 // 20)
            self._stall = begin_ns, end_ns
        return end_ns if begin_ns <= natural_ns <= end_ns else natural_ns

    def sights(self) -> Iterator[tuple[float, VideoPacket]]:
        """What the camera delivers, and when."""
        step_ns = FRAME_NS * (1 + _CAMERA_PPM * 1e-6)
        at_ns, number = float(BOOTED_NS), 0
        drop_ns = self._next_drop(at_ns + WARM_NS)
        while True:
            at_ns += step_ns
            if at_ns >= drop_ns:
                dropped = self._dice.randrange(1, 20)
                begun_ns, long_ns = round(at_ns), round(dropped * step_ns)
                self.losses.append(Loss(Mishap.PICTURES, begun_ns, long_ns))
                at_ns += dropped * step_ns
                drop_ns = self._next_drop(at_ns)
            content, keyframe = self._film[number % len(self._film)]
            number += 1
            self.captured.append(round(at_ns))
            packet = VideoPacket(data=content, pts_ns=round(at_ns), keyframe=keyframe)
            yield at_ns + self._dice.uniform(8e6, 25e6), packet

    def _next_drop(self, after_ns: float) -> float:
        mean = self._conditions.loss_every_seconds
        return after_ns + (5 + self._dice.expovariate(1 / mean)) * SECOND_NS
