"""From what the drivers deliver to packets that can be muxed.

Owns each track's times and losses: pictures keep the camera's own times, sound gets its times from
the microphone's sample clock once ``watch`` is certain of them. Refuses order between the tracks:
``merge`` has that.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from agent.capture.aac import AacEncoder
from agent.capture.gaps import SHORTEST_GAP_NS, Continuity
from agent.capture.media import (
    AUDIO_FRAME,
    AUDIO_FRAME_NS,
    AUDIO_RATE,
    SECOND_NS,
    SURE_NS,
    Cause,
    Doubt,
    Gap,
    MediaPacket,
    Track,
)
from agent.capture.sample_clock import SampleClock
from agent.capture.settling import Settling
from agent.capture.watch import Due, Lost, Watch
from hw.types import AudioBlock, VideoPacket

_SAMPLE_BYTES: Final = 2
_SHORTEST_STEP_NS: Final = AUDIO_FRAME_NS // 2


@dataclass(frozen=True, slots=True)
class _Frame:
    """What is known of 1,024 samples that the encoder has."""

    pts_ns: int
    gap: Gap | None
    doubt: Doubt | None


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

    Where samples are missing, silence fills their packet up to its end: so all sound in a packet
    has the time it says, before the loss and after it.

    Args:
        heard: Takes the samples of every block and the time of the first one.
        encoder: Makes the encoder of a stream.
    """

    def __init__(
        self, heard: Callable[[bytes, int], None], encoder: Callable[[], AacEncoder] = AacEncoder
    ) -> None:
        self._heard = heard
        self._make_encoder = encoder
        self._continuity = Continuity(Track.AUDIO, AUDIO_FRAME_NS, Cause.SAMPLES_LOST)
        self._recording = False
        self._last_ns = 0
        self._begin_stream()

    def _begin_stream(self) -> None:
        self._encoder = self._make_encoder()
        self._clock = SampleClock(AUDIO_RATE)
        self._settling = Settling()
        self._watch = Watch(self._clock)
        self._owed: list[Lost] = []
        self._samples = bytearray()
        self._frames: dict[int, _Frame] = {}
        self._doubted: deque[tuple[int, int, int]] = deque()
        self._hole: Gap | None = None
        self._vanished_ns: int | None = None
        self._found = 0
        self._regretted: Doubt | None = None
        self._encoded = 0

    @property
    def encoder(self) -> AacEncoder:
        """The encoder of the whole session."""
        return self._encoder

    @property
    def due_ns(self) -> int:
        """Where the next packet is due."""
        return self._continuity.due_ns

    @property
    def watched_ns(self) -> int | None:
        """Up to when sound has come that waits to be certain; None where none waits."""
        return self._watch.until_ns

    def record(self, *, on: bool) -> None:
        """While times are given out, the clock's offset creeps; before that it may jump."""
        self._recording = on

    def broke(self, cause: Cause) -> tuple[list[MediaPacket], Gap]:
        """The microphone is gone: what comes back is a new stream with a new clock.

        Returns:
            What waited and what the encoder still held, and the gap that opens after it. Less than
            one packet of samples is part of the gap.
        """
        packets = self.give_up_waiting() + self._timed(self._encoder.drain())
        self._encoder.close()
        self._begin_stream()
        return packets, self._continuity.broke(cause)

    def lost(self, samples: int, cause: Cause) -> None:
        """``samples`` are proven lost before the next block."""
        self._owed.append(Lost(samples, cause))

    def take(self, block: AudioBlock) -> list[MediaPacket]:
        """The packets that are complete and certain by this block."""
        told = [Lost(block.lost_samples, Cause.SAMPLES_LOST)] if block.lost_samples else []
        due, self._owed = Due(block, self._owed + told), []
        if self._clock.settled:
            return self._pass(self._watch.put(due))
        return self._settle(self._settling.put(due))

    def overdue(self, now_ns: int) -> list[MediaPacket]:
        """The packets of what has waited for too long, whether or not more comes."""
        return self._pass(self._watch.overdue(now_ns))

    def give_up_waiting(self) -> list[MediaPacket]:
        """The packets of all that waits: nothing that comes now could make it certain."""
        return self._pass(self._watch.flush())

    def close(self) -> None:
        """Let go of the encoder."""
        self._encoder.close()

    def _settle(self, blocks: list[Due]) -> list[MediaPacket]:
        for due in blocks:
            self._clock.skip(sum(lost.samples for lost in due.lost))
            self._hear(due, free=True)
        return self._encode()

    def _pass(self, blocks: list[Due]) -> list[MediaPacket]:
        packets: list[MediaPacket] = []
        for due in blocks:
            packets += self._miss(due.lost)
            self._hear(due, free=not self._recording)
            packets += self._encode()
        return packets

    def _hear(self, due: Due, *, free: bool) -> None:
        self._clock.hear(due.samples, due.block.arrived_ns, free=free)
        self._heard(due.block.samples, self._clock.time_of(self._clock.heard - due.samples))
        if due.doubt_ns:
            first = self._encoded + self._waiting
            within_ns = SURE_NS + round(due.doubt_ns)
            self._doubted.append((first, first + due.samples, within_ns))
        self._samples += due.block.samples

    def _miss(self, lost: list[Lost]) -> list[MediaPacket]:
        """Silence for those missing samples that would lie in a packet with others."""
        missing = sum(one.samples for one in lost)
        if missing <= 0:
            self._find(-missing)
            return []
        cause = max(lost, key=lambda one: one.samples).cause
        filled = min(missing, -self._waiting % AUDIO_FRAME)
        begin_ns = self._clock.time_of(self._clock.heard)
        self._clock.skip(filled)
        self._samples += bytes(filled * _SAMPLE_BYTES)
        packets = self._encode()
        self._continuity.expect(cause)
        if not self._samples:
            self._continuity.ends_early(_long_ns(filled))
        elif _long_ns(filled) >= SHORTEST_GAP_NS:
            self._hole = Gap(begin_ns, begin_ns + _long_ns(filled), cause, Track.AUDIO)
        self._clock.skip(missing - filled)
        if cause is Cause.SAMPLES_VANISHED:
            self._vanished_ns, self._found = self._clock.time_of(self._clock.heard), 0
        return packets

    def _find(self, samples: int) -> None:
        """So many that were taken for lost come after all: all sound since then stood too late."""
        if samples and self._vanished_ns is not None:
            self._found += samples
            begins_ns, within_ns = self._vanished_ns, SURE_NS + _long_ns(self._found)
            self._regretted = Doubt(begins_ns, begins_ns, within_ns)
        self._clock.skip(-samples)

    @property
    def _waiting(self) -> int:
        """Samples that are not yet enough for a packet."""
        return len(self._samples) // _SAMPLE_BYTES

    def _encode(self) -> list[MediaPacket]:
        packets: list[MediaPacket] = []
        size = AUDIO_FRAME * _SAMPLE_BYTES
        while len(self._samples) >= size:
            self._give_time(self._clock.time_of(self._clock.heard - self._waiting))
            frame = bytes(self._samples[:size])
            del self._samples[:size]
            packets += self._timed(self._encoder.encode(frame))
        return packets

    def _give_time(self, pts_ns: int) -> None:
        # Where too much was taken for lost, time stands still for a moment: it never goes back.
        self._last_ns = max(pts_ns, self._last_ns + _SHORTEST_STEP_NS)
        _, gap = self._continuity.step(self._last_ns)
        hole, self._hole = self._hole, None
        doubt = self._doubt_of(self._last_ns, self._last_ns - pts_ns)
        self._frames[self._encoded] = _Frame(self._last_ns, gap or hole, doubt)
        self._encoded += AUDIO_FRAME

    def _doubt_of(self, pts_ns: int, held_back_ns: int) -> Doubt | None:
        """Which sound up to the end of the next packet, which begins at ``pts_ns``, is in doubt."""
        regretted, self._regretted = self._regretted, None
        if regretted is not None:
            return replace(regretted, to_ns=pts_ns + AUDIO_FRAME_NS)
        if held_back_ns > 0:
            return Doubt(pts_ns, pts_ns + AUDIO_FRAME_NS, SURE_NS + held_back_ns)
        begin, end = self._encoded, self._encoded + AUDIO_FRAME
        spans = [span for span in self._doubted if span[0] < end]
        while self._doubted and self._doubted[0][1] <= end:
            self._doubted.popleft()
        if not spans:
            return None
        return Doubt(
            pts_ns + _long_ns(max(0, spans[0][0] - begin)),
            pts_ns + _long_ns(min(AUDIO_FRAME, spans[-1][1] - begin)),
            max(within_ns for _, _, within_ns in spans),
        )

    def _timed(self, encoded: list[tuple[int, bytes]]) -> list[MediaPacket]:
        """Join packets and times; priming has no time and is left out."""
        return [
            self._packet(content, self._frames.pop(index))
            for index, content in encoded
            if index in self._frames
        ]

    def _packet(self, content: bytes, frame: _Frame) -> MediaPacket:
        return MediaPacket(
            track=Track.AUDIO,
            content=content,
            pts_ns=frame.pts_ns,
            duration_ns=AUDIO_FRAME_NS,
            keyframe=True,
            gap=frame.gap,
            doubt=frame.doubt,
        )


def _long_ns(samples: int) -> int:
    return samples * SECOND_NS // AUDIO_RATE
