"""From what the drivers deliver to packets that can be muxed.

Owns each track's times and losses: pictures keep the camera's own times, sound gets its times from
the microphone's sample clock. Refuses order between the tracks: ``merge`` has that.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from agent.capture.aac import AacEncoder
from agent.capture.gaps import Continuity
from agent.capture.media import (
    AUDIO_FRAME,
    AUDIO_FRAME_NS,
    AUDIO_RATE,
    SECOND_NS,
    Cause,
    Gap,
    MediaPacket,
    Track,
)
from agent.capture.sample_clock import SETTLING_NS, SampleClock
from hw.types import AudioBlock, VideoPacket

_SAMPLE_BYTES: Final = 2
_LEAST_SUSPECTED: Final = AUDIO_RATE // 200
"""A suspected loss below 5 ms is within what arrivals can tell: no step."""
_PACE_NS: Final = SECOND_NS // 10
"""Sound that has come at its pace: then a backlog has been worked off."""
_JITTER_NS: Final = 2_000_000
_LONGEST_WATCH_NS: Final = 2 * SECOND_NS


class VideoTrack:
    """The camera's packets.

    Args:
        frame_ns: From one picture to the next.
    """

    def __init__(self, frame_ns: int) -> None:
        self._frame_ns = frame_ns
        self._continuity = Continuity(Track.VIDEO, frame_ns, Cause.FRAMES_LOST)
        self._needs_keyframe = True

    @property
    def due_ns(self) -> int:
        """Where the next picture is due."""
        return self._continuity.due_ns

    @property
    def needs_keyframe(self) -> bool:
        """Whether pictures are useless until the next IDR frame."""
        return self._needs_keyframe

    def broke(self, cause: Cause) -> Gap:
        """The camera is gone."""
        self._needs_keyframe = True
        return self._continuity.broke(cause)

    def lost(self, cause: Cause) -> None:
        """A packet got lost between driver and track: those that build on it are useless."""
        self._needs_keyframe = True
        self._continuity.expect(cause)

    def take(self, packet: VideoPacket) -> MediaPacket | None:
        """The packet with its place in the recording; None if it cannot be decoded there."""
        if self.due_ns and packet.pts_ns <= self.due_ns - self._frame_ns:
            self.lost(Cause.FRAMES_LOST)
            return None
        if self._needs_keyframe and not packet.keyframe:
            return None
        self._needs_keyframe = False
        missing, gap = self._continuity.step(packet.pts_ns)
        return MediaPacket(
            track=Track.VIDEO,
            content=packet.data,
            pts_ns=packet.pts_ns,
            duration_ns=self._frame_ns,
            keyframe=packet.keyframe,
            missing=missing,
            gap=gap,
        )


class AudioTrack:
    """The microphone's blocks: timed, cut into frames of 1,024 samples, encoded.

    Args:
        heard: Takes the samples of every block and the time of the first one.
    """

    def __init__(self, heard: Callable[[bytes, int], None]) -> None:
        self._heard = heard
        self._encoder = AacEncoder()
        self._continuity = Continuity(Track.AUDIO, AUDIO_FRAME_NS, Cause.SAMPLES_LOST)
        self._clock = SampleClock(AUDIO_RATE)
        self._waiting: deque[AudioBlock] = deque()
        self._samples = bytearray()
        self._times: dict[int, tuple[int, Gap | None]] = {}
        self._encoded = 0
        self._recording = False

    @property
    def encoder(self) -> AacEncoder:
        """The encoder of the whole session."""
        return self._encoder

    @property
    def due_ns(self) -> int:
        """Where the next packet is due."""
        return self._continuity.due_ns

    def record(self, *, on: bool) -> None:
        """While times are given out, the clock's offset creeps; before that it may jump."""
        self._recording = on

    def broke(self, cause: Cause) -> tuple[list[MediaPacket], Gap]:
        """The microphone is gone: what comes back is a new stream with a new clock.

        Returns:
            What the encoder still held, and the gap that opens after it. Less than one packet of
            samples is part of the gap.
        """
        packets = self._timed(self._encoder.drain())
        self._encoder.close()
        self._encoder = AacEncoder()
        self._clock = SampleClock(AUDIO_RATE)
        self._waiting.clear()
        self._samples.clear()
        self._times.clear()
        self._encoded = 0
        return packets, self._continuity.broke(cause)

    def lost(self, samples: int, cause: Cause) -> None:
        """``samples`` are proven lost before the next block."""
        self._clock.skip(samples)
        self._continuity.expect(cause)

    def take(self, block: AudioBlock) -> list[MediaPacket]:
        """The packets that this block completes."""
        self._waiting.append(block)
        packets: list[MediaPacket] = []
        while self._waiting and not self._must_wait():
            self._prove_loss()
            unsettled = not self._clock.settled
            for due in self._next_blocks():
                self._hear(due, free=unsettled or not self._recording)
            packets += self._encode()
        return packets

    def close(self) -> None:
        """Let go of the encoder."""
        self._encoder.close()

    def _must_wait(self) -> bool:
        """After a loss of unknown size, and at first, arrivals must be watched for a moment."""
        heard_ns = sum(map(_samples_of, self._waiting)) * SECOND_NS // AUDIO_RATE
        first = self._waiting[0]
        unsure = first.overflowed and first.lost_samples == 0
        if not unsure and self._clock.settled:
            return False
        return heard_ns < SETTLING_NS or (heard_ns < _LONGEST_WATCH_NS and not self._is_steady())

    def _is_steady(self) -> bool:
        """Whether blocks come at their pace: a busy machine works a backlog off in a burst."""
        lateness: list[int] = []
        heard = 0
        for number, block in enumerate(self._waiting):
            heard += _samples_of(block) + (block.lost_samples if number else 0)
            lateness.append(block.arrived_ns - heard * SECOND_NS // AUDIO_RATE)
        last = -(-_PACE_NS * AUDIO_RATE // (SECOND_NS * _samples_of(self._waiting[-1])))
        before, after = lateness[:-last], lateness[-last:]
        return bool(before) and min(before) <= min(after) + _JITTER_NS

    def _next_blocks(self) -> list[AudioBlock]:
        """The next block; before the clock has settled, all that it may settle on."""
        blocks = [self._waiting.popleft()]
        while self._waiting and not self._clock.settled and not self._waiting[0].overflowed:
            blocks.append(self._waiting.popleft())
        return blocks

    def _prove_loss(self) -> None:
        first = self._waiting[0]
        if not first.overflowed or first.lost_samples or not self._clock.settled:
            return
        lost = self._clock.lost_before(
            [(_samples_of(block), block.arrived_ns) for block in self._waiting]
        )
        if lost >= _LEAST_SUSPECTED:
            self.lost(lost, Cause.SAMPLES_LOST)

    def _hear(self, block: AudioBlock, *, free: bool) -> None:
        if block.lost_samples:
            self.lost(block.lost_samples, Cause.SAMPLES_LOST)
        vanished = self._clock.take_vanished()
        if vanished:
            self.lost(vanished, Cause.SAMPLES_VANISHED)
        count = _samples_of(block)
        self._clock.hear(count, block.arrived_ns, free=free)
        self._heard(block.samples, self._clock.time_of(self._clock.heard - count))
        self._samples += block.samples

    def _encode(self) -> list[MediaPacket]:
        packets: list[MediaPacket] = []
        size = AUDIO_FRAME * _SAMPLE_BYTES
        while len(self._samples) >= size:
            first = self._clock.heard - len(self._samples) // _SAMPLE_BYTES
            self._give_time(self._clock.time_of(first))
            frame = bytes(self._samples[:size])
            del self._samples[:size]
            packets += self._timed(self._encoder.encode(frame))
        return packets

    def _give_time(self, pts_ns: int) -> None:
        _, gap = self._continuity.step(pts_ns)
        self._times[self._encoded] = (pts_ns, gap)
        self._encoded += AUDIO_FRAME

    def _timed(self, encoded: list[tuple[int, bytes]]) -> list[MediaPacket]:
        """Join packets and times; priming has no time and is left out."""
        return [
            self._packet(content, *self._times.pop(index))
            for index, content in encoded
            if index in self._times
        ]

    def _packet(self, content: bytes, pts_ns: int, gap: Gap | None) -> MediaPacket:
        return MediaPacket(
            track=Track.AUDIO,
            content=content,
            pts_ns=pts_ns,
            duration_ns=AUDIO_FRAME_NS,
            keyframe=True,
            gap=gap,
        )


def _samples_of(block: AudioBlock) -> int:
    return len(block.samples) // _SAMPLE_BYTES
