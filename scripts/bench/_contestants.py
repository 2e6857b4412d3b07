"""What is compared in ``scripts.bench.capture``: the same work, done three ways.

python -m scripts.bench._contestants capture|encoders FOLDER SECONDS
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from agent.capture import CaptureListener, CaptureRules, Doubt, Gap, Latency, Progress, Started
from agent.capture.aac import AacEncoder
from agent.capture.engine import Asks, Engine
from agent.capture.media import SegmentSink
from hw.errors import HardwareFault
from hw.fake.scene import open_scene
from hw.types import AudioBlock, VideoPacket

WIDTH, HEIGHT, RATE = 1_280, 720, 25
LOOP = 25
"""Pictures in the raw file, over and over: one second, 35 MB."""
FRAME_BYTES = WIDTH * HEIGHT * 3 // 2
BLOCK = 960
BITS = 4_000_000
X264 = "scenecut=0:repeat-headers=1:bframes=0:force-cfr=1"
SECOND_NS = 1_000_000_000


# --- the common source


def make_source(folder: Path) -> None:
    """One second of raw pictures and of sound."""
    scene = open_scene("moving", WIDTH, HEIGHT)
    luma = np.empty((HEIGHT, WIDTH), np.uint8)
    chroma = np.full(WIDTH * HEIGHT // 2, 128, np.uint8)
    with (folder / "video.yuv").open("wb") as file:
        for index in range(LOOP):
            scene.paint(luma, index)
            file.write(luma.tobytes() + chroma.tobytes())
    noise = np.random.default_rng(1).standard_normal(48_000) * 1_000
    (folder / "audio.pcm").write_bytes(noise.astype("<i2").tobytes())


def frames(folder: Path, count: int) -> Iterator[av.VideoFrame]:
    """The raw pictures, read anew from the file each time, as ffmpeg does."""
    with (folder / "video.yuv").open("rb", buffering=0) as file:
        for index in range(count):
            if index % LOOP == 0:
                file.seek(0)
            raw = np.frombuffer(file.read(FRAME_BYTES), np.uint8)
            picture = raw.reshape(HEIGHT * 3 // 2, WIDTH)
            frame = av.VideoFrame.from_numpy_buffer(picture, format="yuv420p")
            frame.pts = index
            yield frame


def x264() -> av.VideoCodecContext:
    """The encoder, at the settings that the fake camera uses."""
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    codec.time_base, codec.framerate = Fraction(1, RATE), Fraction(RATE)
    codec.bit_rate, codec.gop_size, codec.thread_count = BITS, RATE, 1
    codec.options = {
        "preset": "superfast",
        "tune": "zerolatency",
        "forced-idr": "1",
        "x264-params": X264,
        "maxrate": str(BITS),
        "bufsize": str(BITS),
    }
    return codec


# --- the three contestants, each a process of its own


class FileSink(SegmentSink):
    """Writes segments to files, as ffmpeg does."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = (folder / "none").open("wb")
        self.reached = (0, 0)

    def begin(self, number: int, init: bytes) -> None:
        """Open the next file."""
        self._file.close()
        self._file = (self._folder / f"{number:06d}.mp4").open("wb")
        self._file.write(init)
        self.reached = (number, len(init))

    def fragment(self, number: int, content: bytes, progress: Progress, *, keyframe: bool) -> None:
        """Write through, a fragment at a time."""
        del progress, keyframe
        self._file.write(content)
        self._file.flush()
        self.reached = (number, self.reached[1] + len(content))

    def end(self, number: int, facts: Progress) -> None:
        """Close the file."""
        del number, facts
        self._file.close()

    def gap(self, gap: Gap) -> None:
        """A benchmark that loses something is void."""
        raise RuntimeError(f"the benchmark lost {gap}")

    def doubt(self, doubt: Doubt) -> None:
        """One that lost nothing has no doubts."""
        raise RuntimeError(f"the benchmark may have lost something: {doubt}")


class Silence(CaptureListener):
    """Has nothing to say, unless something is wrong."""

    def first_frame(self, latency: Latency) -> None:
        """Of no interest here."""

    def started(self, started: Started) -> None:
        """Of no interest here."""

    def part_failed(self, fault: HardwareFault) -> None:
        """A benchmark with a broken part is void."""
        raise fault

    def part_recovered(self, part: str) -> None:
        """Nothing was broken."""

    def heard(self, samples: bytes, first_ns: int) -> None:
        """Nobody listens here."""

    def failed(self, error: Exception) -> None:
        """A benchmark that died is void."""
        raise error


def run_capture(folder: Path, seconds: int) -> None:
    """Encode and capture, in one thread, as fast as it goes."""
    now, sink = [0], FileSink(folder)
    engine = Engine(
        rules=CaptureRules(frames_per_second=RATE, segment_seconds=10),
        sink=sink,
        listener=Silence(),
        asks=Asks(keyframe=lambda: None, restart=lambda _: None),
        now_ns=lambda: now[0],
    )
    codec, sound = x264(), _blocks(folder)
    heard_ns = 0
    engine.begin(0, 0, 0)
    for index, frame in enumerate(frames(folder, seconds * RATE)):
        now[0] = SECOND_NS + index * SECOND_NS // RATE
        for packet in codec.encode(frame):
            picture = VideoPacket(data=bytes(packet), pts_ns=now[0], keyframe=packet.is_keyframe)
            engine.picture(picture, now[0])
        while heard_ns <= now[0]:
            heard_ns += BLOCK * SECOND_NS // 48_000
            block = AudioBlock(samples=next(sound), rate=48_000, arrived_ns=heard_ns)
            engine.sound(block)
        engine.advance(now[0])
        if index % (RATE // 2) == 0:
            engine.durable(*sink.reached)
    engine.stop(now[0])
    engine.advance(now[0] + SECOND_NS)
    engine.close()


def run_encoders(folder: Path, seconds: int) -> None:
    """The two encoders and nothing else."""
    codec, encoder, sound = x264(), AacEncoder(), _blocks(folder)
    waiting = bytearray()
    for frame in frames(folder, seconds * RATE):
        codec.encode(frame)
        for _ in range(2):
            waiting += next(sound)
        while len(waiting) >= 2_048:
            encoder.encode(bytes(waiting[:2_048]))
            del waiting[:2_048]


def _blocks(folder: Path) -> Iterator[bytes]:
    sound = (folder / "audio.pcm").read_bytes()
    while True:
        for start in range(0, len(sound), BLOCK * 2):
            yield sound[start : start + BLOCK * 2]


def ffmpeg_command(folder: Path, seconds: int) -> list[str]:
    """The same work by ffmpeg."""
    return [
        *("ffmpeg", "-nostdin", "-v", "error", "-y"),
        *("-stream_loop", "-1", "-f", "rawvideo", "-pix_fmt", "yuv420p"),
        *("-s", f"{WIDTH}x{HEIGHT}", "-r", str(RATE), "-i", str(folder / "video.yuv")),
        *("-stream_loop", "-1", "-f", "s16le", "-ar", "48000", "-ac", "1"),
        *("-i", str(folder / "audio.pcm"), "-t", str(seconds)),
        *("-c:v", "libx264", "-preset", "superfast", "-tune", "zerolatency", "-threads", "1"),
        *("-forced-idr", "1", "-g", str(RATE), "-x264-params", X264),
        *("-b:v", str(BITS), "-maxrate", str(BITS), "-bufsize", str(BITS)),
        *("-c:a", "aac", "-b:a", "64k", "-f", "segment", "-segment_time", "10"),
        *("-segment_format", "mp4", str(folder / "%06d.mp4")),
    ]


if __name__ == "__main__":
    work = {"capture": run_capture, "encoders": run_encoders}[sys.argv[1]]
    work(Path(sys.argv[2]), int(sys.argv[3]))
