"""Small synthetic sources for capture's tests: real H.264 and sound, without threads."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from io import BytesIO
from itertools import pairwise

import av
import numpy as np
from av.video.frame import PictureType

from agent.capture.engine import Asks, Engine
from agent.capture.media import (
    SECOND_NS,
    CaptureRules,
    Doubt,
    Gap,
    Latency,
    Progress,
    Started,
    Track,
)
from hw.errors import CameraFault, HardwareFault, MicrophoneFault
from hw.types import AudioBlock, VideoPacket

WIDTH, HEIGHT, FPS = 64, 64, 25
FRAME_NS = SECOND_NS // FPS
BLOCK = 960
BLOCK_NS = BLOCK * SECOND_NS // 48_000
CAMERA_GONE = CameraFault("camera", "the cable is off")
MICROPHONE_GONE = MicrophoneFault("microphone", "the cable is off")


@lru_cache(maxsize=8)
def pictures(count: int, gop: int = 25, size: int = WIDTH) -> tuple[tuple[bytes, bool], ...]:
    """H.264 packets of ``count`` grey frames that grow lighter."""
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = size, HEIGHT, "yuv420p"
    codec.time_base, codec.framerate, codec.gop_size = Fraction(1, FPS), Fraction(FPS), gop
    codec.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "forced-idr": "1",
        "x264-params": "scenecut=0:repeat-headers=1",
    }
    packets = []
    for index in range(count):
        planes = np.full((HEIGHT * 3 // 2, size), 128, np.uint8)
        planes[:HEIGHT] = 16 + index % 200
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts = index
        frame.pict_type = PictureType.I if index % gop == 0 else PictureType.NONE
        packets += codec.encode(frame)
    return tuple((bytes(packet), packet.is_keyframe) for packet in packets)


def block_at(
    end_ns: int, *, late_ns: int = 0, lost: int = 0, overflowed: bool = False
) -> AudioBlock:
    """20 ms of a tone that end at ``end_ns`` and arrive ``late_ns`` later."""
    wave = 3_000 * np.sin(np.arange(BLOCK) * 2 * np.pi * 1_000 / 48_000)
    return AudioBlock(
        samples=wave.astype("<i2").tobytes(),
        rate=48_000,
        arrived_ns=end_ns + late_ns,
        overflowed=overflowed or lost > 0,
        lost_samples=lost,
    )


class Shelf:
    """A sink that keeps everything."""

    def __init__(self) -> None:
        self.segments: dict[int, bytearray] = {}
        self.progress: dict[int, Progress] = {}
        self.ended: dict[int, Progress] = {}
        self.gaps: list[Gap] = []
        self.doubts: list[Doubt] = []
        self.fragments: list[tuple[int, int, int]] = []

    def begin(self, number: int, init: bytes) -> None:
        assert number not in self.segments
        self.segments[number] = bytearray(init)

    def fragment(self, number: int, content: bytes, progress: Progress, *, keyframe: bool) -> None:
        self.segments[number] += content
        self.progress[number] = progress
        end_ns = max(progress.last_pts_ns, progress.audio_last_pts_ns)
        self.fragments.append((number, len(self.segments[number]), end_ns))

    def end(self, number: int, facts: Progress) -> None:
        self.ended[number] = facts

    def gap(self, gap: Gap) -> None:
        self.gaps.append(gap)

    def doubt(self, doubt: Doubt) -> None:
        self.doubts.append(doubt)

    def video_ticks(self, number: int) -> list[int]:
        """Times of the decoded pictures of a segment, in 90,000ths."""
        with av.open(BytesIO(self.segments[number]), "r") as file:
            return [frame.pts or 0 for frame in file.decode(video=0)]

    def audio_ticks(self, number: int) -> list[int]:
        """Times of the decoded blocks of 1,024 samples of a segment, in samples."""
        with av.open(BytesIO(self.segments[number]), "r") as file:
            frames = list(file.decode(audio=0))
        assert all(frame.samples == 1_024 for frame in frames)
        return [frame.pts or 0 for frame in frames]

    def all_video(self) -> list[int]:
        """``video_ticks`` of one segment after the other."""
        return [tick for number in sorted(self.segments) for tick in self.video_ticks(number)]

    def all_audio(self) -> list[int]:
        """``audio_ticks`` of one segment after the other."""
        return [tick for number in sorted(self.segments) for tick in self.audio_ticks(number)]

    def gaps_in(self, track: Track) -> list[Gap]:
        return [gap for gap in self.gaps if gap.track is track]


def steps(ticks: list[int]) -> set[int]:
    """How far apart they are."""
    return {second - first for first, second in pairwise(ticks)}


def lasted(gap: Gap) -> int:
    """How long a gap is that has ended, in nanoseconds."""
    assert gap.to_ns is not None
    return gap.to_ns - gap.from_ns


class Ear:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.first: list[Latency] = []
        self.starts: list[Started] = []
        self.faults: list[HardwareFault] = []
        self.recovered: list[str] = []
        self.errors: list[Exception] = []
        self.blocks: list[tuple[int, int]] = []

    def first_frame(self, latency: Latency) -> None:
        self.first.append(latency)

    def started(self, started: Started) -> None:
        self.starts.append(started)

    def part_failed(self, fault: HardwareFault) -> None:
        self.faults.append(fault)

    def part_recovered(self, part: str) -> None:
        self.recovered.append(part)

    def heard(self, samples: bytes, first_ns: int) -> None:
        self.blocks.append((first_ns, len(samples) // 2))

    def failed(self, error: Exception) -> None:
        self.errors.append(error)


class Bench:
    """An engine on a bench: its parts are worked by hand, its time is a number."""

    def __init__(self, *, segment_seconds: int = 2, memory_seconds: int = 60) -> None:
        self.now_ns = 100 * SECOND_NS
        self.shelf, self.ear = Shelf(), Ear()
        self.keyframes_asked = 0
        self.restarts: list[Track] = []
        self.camera = self.microphone = True
        self.late_ns = 0
        self.engine = Engine(
            rules=CaptureRules(segment_seconds=segment_seconds, memory_seconds=memory_seconds),
            sink=self.shelf,
            listener=self.ear,
            asks=Asks(keyframe=self._keyframe, restart=self.restarts.append),
            now_ns=lambda: self.now_ns,
        )
        self.film = pictures(250)
        self.frame = 0
        for track in Track:
            self.engine.part_started(track)

    def _keyframe(self) -> None:
        """Count what was asked; the film has its own IDR frames."""
        self.keyframes_asked += 1

    def run(self, seconds: float) -> None:
        """Let both parts deliver for so long, in steps of 20 ms."""
        for _ in range(round(seconds * 50)):
            self.now_ns += BLOCK_NS
            self.step()

    def step(self) -> None:
        """20 ms: a block of sound, and every second time a picture."""
        if self.microphone:
            self.engine.sound(block_at(self.now_ns - self.late_ns, late_ns=self.late_ns))
        if self.now_ns % FRAME_NS == 0:
            if self.camera:
                self.picture()
            self.frame += 1
        self.engine.advance(self.now_ns)

    def picture(self) -> None:
        content, keyframe = self.film[self.frame % len(self.film)]
        packet = VideoPacket(data=content, pts_ns=self.now_ns, keyframe=keyframe)
        self.engine.picture(packet, self.now_ns)

    def to_keyframe(self) -> None:
        """Let the camera's next packet be an IDR frame."""
        self.frame += -self.frame % 25

    @classmethod
    def recording(cls, seconds: float, **rules: int) -> Bench:
        """A bench that has recorded for so long."""
        bench = cls(**rules)
        bench.start()
        bench.run(seconds)
        return bench

    def start(self) -> None:
        """Warm up for a second, then begin a recording."""
        self.run(1)
        self.engine.begin(0, self.now_ns, 0)

    def stop(self) -> None:
        """Stop now, and let what was captured come."""
        self.engine.stop(self.now_ns)
        self.run(0.6)
