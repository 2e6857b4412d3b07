"""A recording of many virtual hours: true times known, parts imperfect, every packet judged.

A *take* drives capture's engine by hand. The microphone's crystal is off and wanders, its blocks
come late, in bursts after the machine was busy, and some of its samples are lost: the driver says
how many, or only that some were, or nothing at all. The camera has a crystal of its own and drops
pictures. The wall clock is stepped. What comes out is demuxed and held against what truly sounded.
"""

from __future__ import annotations

import math
import random
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum, unique
from io import BytesIO
from itertools import pairwise
from typing import Final

import av
import numpy as np

from agent.capture.aac import AacEncoder
from agent.capture.engine import Asks, Engine
from agent.capture.media import (
    AUDIO_FRAME,
    AUDIO_FRAME_NS,
    AUDIO_RATE,
    SECOND_NS,
    CaptureRules,
    Doubt,
    Gap,
    Progress,
    Track,
)
from hw.types import AudioBlock, VideoPacket
from tests.kits.media.capture import BLOCK, FRAME_NS, Ear, block_at, pictures

BOOTED_NS: Final = 12 * 86_400 * SECOND_NS
"""The device has been up for twelve days: large numbers are part of the task."""
WARM_NS: Final = 3 * SECOND_NS
FILE_TICK_NS: Final = SECOND_NS // AUDIO_RATE
GAP_NS: Final = 20_000_000
MOST_IN_DOUBT: Final = 10_000
"""At most one of so many seconds of sound may be in doubt."""
COURSES: Final[dict[str, Callable[[float], float]]] = {
    "fast": lambda _: 100.0,
    "slow": lambda _: -100.0,
    "wandering": lambda seconds: 100 * math.sin(seconds / 600),
}
"""The microphone's crystal, parts per million at a second of a take."""
_NEAR_NS: Final = 4 * FILE_TICK_NS
"""Times that are the same but for rounding."""
SETTLES_WITHIN_NS: Final = 10 * SECOND_NS
"""How far from a loss its consequences may reach."""
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


@dataclass
class Judged:
    """What came out, against the truth.

    Sound is judged in pieces: the samples of one block that stand in one packet. Within a piece
    nothing is missing, so that all of it is off by the same.

    Attributes:
        at_ns: Time of each piece in the file, in order.
        samples: How long each is.
        errors_ns: That time less when it truly sounded.
        stamps_ns: Time of each packet of sound, as it stands in the file.
        picture_errors: The largest of any picture, nanoseconds.
        seen: Seconds in which there are pictures.
        gaps: As the sink got them.
        doubts: As the sink got them.
        packets: Audio packets.
        pictures: Video packets.
        segments: Files.
        filled: Packets that the device completed with silence.
    """

    at_ns: array[int] = field(default_factory=lambda: array("q"))
    samples: array[int] = field(default_factory=lambda: array("H"))
    errors_ns: array[int] = field(default_factory=lambda: array("q"))
    stamps_ns: array[int] = field(default_factory=lambda: array("q"))
    picture_errors: int = 0
    seen: set[int] = field(default_factory=set)
    gaps: list[Gap] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    packets: int = 0
    pictures: int = 0
    segments: int = 0
    filled: int = 0

    def pieces(self) -> Iterator[tuple[int, int, int]]:
        """Begin and end of each piece in the file, and by how much that is wrong."""
        for at_ns, samples, error_ns in zip(self.at_ns, self.samples, self.errors_ns, strict=True):
            yield at_ns, at_ns + samples * SECOND_NS // AUDIO_RATE, error_ns


Pieces = list[tuple[int, int, int]]
"""Of a packet: offset in it, number of the first delivered sample there, and how many."""


class Scribe(AacEncoder):
    """An encoder that notes which of the delivered samples it was given.

    Args:
        notes: Takes a note for each packet.
    """

    def __init__(self, notes: deque[Pieces]) -> None:
        super().__init__()
        self._notes = notes
        self._delivered = 0
        self.index = 0

    def encode(self, samples: bytes) -> list[tuple[int, bytes]]:
        self.note(samples)
        return super().encode(samples)

    def note(self, samples: bytes) -> None:
        """Which delivered samples the next packet holds, and where."""
        there = np.flatnonzero(np.frombuffer(samples, "<i2"))
        pieces: Pieces = []
        for run in np.split(there, np.flatnonzero(np.diff(there) > 1) + 1):
            pieces += self._pieces(int(run[0]), len(run))
        self._notes.append(pieces)

    def _pieces(self, offset: int, count: int) -> Iterator[tuple[int, int, int]]:
        while count:
            held = min(count, BLOCK - self._delivered % BLOCK)
            yield offset, self._delivered, held
            offset, count, self._delivered = offset + held, count - held, self._delivered + held


class _Truth:
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


class Judge:
    """A sink that demuxes every segment, judges it and lets it go."""

    def __init__(self, truth: _Truth, notes: deque[Pieces], seen: deque[int]) -> None:
        self.judged = Judged()
        self._truth = truth
        self._notes = notes
        self._captured = seen
        self._content = bytearray()

    def begin(self, number: int, init: bytes) -> None:
        assert number == self.judged.segments
        self._content = bytearray(init)

    def fragment(self, number: int, content: bytes, progress: Progress, *, keyframe: bool) -> None:
        self._content += content

    def end(self, number: int, facts: Progress) -> None:
        self.judged.segments += 1
        with av.open(BytesIO(self._content), "r") as file:
            for packet in file.demux():
                if packet.pts is not None and packet.size:
                    at_ns = round(packet.pts * (packet.time_base or 0) * SECOND_NS)
                    if packet.stream.type == "video":
                        self._picture(at_ns)
                    else:
                        self.sound(at_ns)

    def gap(self, gap: Gap) -> None:
        self.judged.gaps.append(gap)

    def doubt(self, doubt: Doubt) -> None:
        self.judged.doubts.append(doubt)

    def _picture(self, at_ns: int) -> None:
        while self._captured and self._captured[0] < at_ns - FRAME_NS // 2:
            self._captured.popleft()
        error = abs(self._captured.popleft() - at_ns)
        self.judged.pictures += 1
        self.judged.picture_errors = max(self.judged.picture_errors, error)
        self.judged.seen.add(at_ns // SECOND_NS)

    def sound(self, at_ns: int) -> None:
        """A packet whose time in the file is ``at_ns``."""
        judged = self.judged
        while not judged.packets and self._is_before(at_ns):
            self._notes.popleft()
        judged.packets += 1
        judged.stamps_ns.append(at_ns)
        pieces = self._notes.popleft()
        for offset, first, count in pieces:
            placed_ns = at_ns + offset * SECOND_NS // AUDIO_RATE
            judged.at_ns.append(placed_ns)
            judged.samples.append(count)
            judged.errors_ns.append(placed_ns - round(self._truth.sounded(first)))
        judged.filled += sum(count for _, _, count in pieces) < AUDIO_FRAME

    def _is_before(self, at_ns: int) -> bool:
        """Whether the next packet that was encoded is one from before the recording."""
        _, first, _ = self._notes[0][0]
        return self._truth.sounded(first) < at_ns - AUDIO_FRAME_NS // 2


class _Quiet(Ear):
    """A listener that does not keep hours of sound."""

    def heard(self, samples: bytes, first_ns: int) -> None:
        """Let it go by."""


class Take:
    """One recording.

    Args:
        conditions: How imperfect the parts are.
        seconds: How long it is.
        each_second: Called once for every second of device time, with it.
    """

    def __init__(
        self,
        conditions: Conditions,
        seconds: int,
        each_second: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._conditions = conditions
        self.end_ns = BOOTED_NS + WARM_NS + seconds * SECOND_NS
        self._dice = random.Random(conditions.seed)
        self._each_second = each_second
        self.truth = _Truth()
        self._captured: deque[int] = deque()
        notes: deque[Pieces] = deque()
        self._judge = Judge(self.truth, notes, self._captured)
        self._film = pictures(250)
        self._now_ns = BOOTED_NS
        self._stall = (BOOTED_NS, BOOTED_NS)
        self.losses: list[Loss] = []
        self.ear = _Quiet()
        self._engine = Engine(
            rules=CaptureRules(segment_seconds=10, memory_seconds=5),
            sink=self._judge,
            listener=self.ear,
            asks=Asks(keyframe=lambda: None, restart=lambda _: None),
            now_ns=lambda: self._now_ns,
            encoder=lambda: Scribe(notes),
        )

    def run(self) -> Judged:
        """Record from the beginning to the end."""
        for track in Track:
            self._engine.part_started(track)
        sounds, sights = self.sounds(), self._sights()
        sound, sight = next(sounds), next(sights)
        begun, second_ns = False, BOOTED_NS + SECOND_NS
        while self._now_ns < self.end_ns:
            if sound[0] <= sight[0]:
                self._come_to(sound[0])
                self._hear(sound[1])
                sound = next(sounds)
            else:
                self._come_to(sight[0])
                self._engine.picture(sight[1], self._now_ns)
                sight = next(sights)
            self._engine.advance(self._now_ns)
            if not begun and self._now_ns >= BOOTED_NS + WARM_NS:
                self._engine.begin(0, self._now_ns, 0)
                begun = True
            if self._now_ns >= second_ns:
                self._each_second(self._now_ns)
                second_ns += SECOND_NS
        self._finish()
        return self._judge.judged

    def _finish(self) -> None:
        self._engine.stop(self._now_ns)
        self._now_ns += SECOND_NS
        self._engine.advance(self._now_ns)
        self._engine.close()

    def _come_to(self, at_ns: float) -> None:
        self._now_ns = max(self._now_ns, round(at_ns))

    def _hear(self, delivery: AudioBlock | int) -> None:
        if isinstance(delivery, int):
            self._engine.overflowed(Track.AUDIO, delivery)
        else:
            self._engine.sound(delivery)

    # The microphone.

    def sounds(self) -> Iterator[tuple[float, AudioBlock | int]]:
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

    # The camera.

    def _sights(self) -> Iterator[tuple[float, VideoPacket]]:
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
            self._captured.append(round(at_ns))
            packet = VideoPacket(data=content, pts_ns=round(at_ns), keyframe=keyframe)
            yield at_ns + self._dice.uniform(8e6, 25e6), packet

    def _next_drop(self, after_ns: float) -> float:
        mean = self._conditions.loss_every_seconds
        return after_ns + (5 + self._dice.expovariate(1 / mean)) * SECOND_NS


def steps_not_told(judged: Judged) -> list[int]:
    """Where the sound jumps by 20 ms or more without a gap of that begin and end."""
    told = {
        (gap.from_ns // _NEAR_NS, gap.to_ns // _NEAR_NS)
        for gap in judged.gaps
        if gap.track is Track.AUDIO and gap.to_ns is not None
    }
    found = []
    for (_, ended_ns, _), (begins_ns, _, _) in pairwise(judged.pieces()):
        if begins_ns - ended_ns >= GAP_NS + 2 * FILE_TICK_NS:
            ends, begins = ended_ns // _NEAR_NS, begins_ns // _NEAR_NS
            around = {(ends + a, begins + b) for a in (-1, 0, 1) for b in (-1, 0, 1)}
            if not around & told:
                found.append(ended_ns)
    return found
