"""What capture hands over: packets, progress, gaps, and the two interfaces of its consumers.

Owns the values and the order in which a sink is called. Refuses behaviour.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final, Protocol

from hw.errors import HardwareFault

SECOND_NS: Final = 1_000_000_000
AUDIO_RATE: Final = 48_000
"""Samples each second, as the microphone's port promises."""
AUDIO_FRAME: Final = 1_024
"""Samples in one AAC packet."""
AUDIO_FRAME_NS: Final = AUDIO_FRAME * SECOND_NS // AUDIO_RATE
SURE_NS: Final = 5_000_000
"""How far from its true time any sound is at most, but for gaps and doubts that are signed."""


@unique
class Track(StrEnum):
    """The two tracks of a recording."""

    VIDEO = "video"
    AUDIO = "audio"


@unique
class Cause(StrEnum):
    """Why media is missing: the ``cause`` of a signed gap."""

    CAMERA_GONE = "camera_gone"
    MICROPHONE_GONE = "microphone_gone"
    FRAMES_LOST = "frames_lost"
    """The camera's timestamps jumped."""
    SAMPLES_LOST = "samples_lost"
    """The microphone's driver said so."""
    SAMPLES_VANISHED = "samples_vanished"
    """Nobody said so; the arrivals of the blocks after it prove it."""
    QUEUE_FULL = "queue_full"
    LATE = "late"
    """It came after its segment had ended."""
    SILENT = "silent"
    """The part was there and delivered nothing."""
    VAULT_AWAY = "vault_away"
    """The vault was away for longer than capture can remember."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Media known to be missing.

    Attributes:
        from_ns: End of what came before, CLOCK_BOOTTIME.
        to_ns: Begin of what came after; None while the gap is open. An open gap is reported once
            more, with the same ``from_ns`` and ``cause``, when it closes.
        cause: Why.
        track: Which track.
    """

    from_ns: int
    to_ns: int | None
    cause: Cause
    track: Track


@dataclass(frozen=True, slots=True)
class Doubt:
    """Sound whose time is less certain than that of all other sound.

    Arrivals cannot tell whether it was made before a loss or after it.

    Attributes:
        from_ns: Its begin as it stands in the recording, CLOCK_BOOTTIME.
        to_ns: Its end there.
        within_ns: By how much its times may be wrong at most, either way; all other sound is
            within ``SURE_NS`` of its time.
    """

    from_ns: int
    to_ns: int
    within_ns: int


@dataclass(frozen=True, slots=True)
class MediaPacket:
    """One encoded packet on its way into a segment.

    Attributes:
        track: Which track it belongs to.
        content: H.264 Annex B or a raw AAC frame.
        pts_ns: Time of its first sample, CLOCK_BOOTTIME.
        duration_ns: How long it lasts if nothing is missing.
        keyframe: Whether the picture is an IDR frame; True for audio.
        missing: Frames known to be missing just before it.
        gap: What is missing just before it, if it is worth a record.
        doubt: Which of its sound may have another time than it says.
    """

    track: Track
    content: bytes
    pts_ns: int
    duration_ns: int
    keyframe: bool
    missing: int = 0
    gap: Gap | None = None
    doubt: Doubt | None = None

    @property
    def end_ns(self) -> int:
        """Where the next packet is due."""
        return self.pts_ns + self.duration_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What the bytes of a segment handed over so far hold; everything counts within the segment.

    Attributes:
        frames: Video frames.
        samples: Audio samples.
        dropped: Frames known to be missing.
        first_pts_ns: Capture time of the first video frame; 0 while there is none.
        last_pts_ns: End of the last video frame.
        audio_first_pts_ns: Time of the first sample; 0 while there is none.
        audio_last_pts_ns: End of the last sample.
        gop_first: Running number of the segment's first group of pictures in the session.
        gop_count: Groups of pictures.
    """

    frames: int = 0
    samples: int = 0
    dropped: int = 0
    first_pts_ns: int = 0
    last_pts_ns: int = 0
    audio_first_pts_ns: int = 0
    audio_last_pts_ns: int = 0
    gop_first: int = 0
    gop_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The first key frame and the first audio packet have been handed to the sink.

    Attributes:
        number: Segment that holds them.
        plaintext_offset: Bytes of that segment up to their end: once the vault has acknowledged
            these, the announcement may begin.
        video_ns: Capture time of the key frame; None without a camera.
        audio_ns: Time of the first sample; None without a microphone.
    """

    number: int
    plaintext_offset: int
    video_ns: int | None
    audio_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """From the press to the first picture, all on CLOCK_BOOTTIME in nanoseconds.

    Attributes:
        pressed_ns: The button's edge.
        captured_ns: Capture time of the first recorded picture.
        encoded_ns: When the encoder had delivered it.
        muxed_ns: When its fragment had been handed to the sink.
    """

    pressed_ns: int
    captured_ns: int
    encoded_ns: int
    muxed_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How capture is now.

    Attributes:
        recording: Whether packets are on their way into a segment.
        muxed_ns: End of the last packet handed to the sink, CLOCK_BOOTTIME; 0 before the first.
        camera: Whether pictures are coming.
        microphone: Whether sound is coming.
    """

    recording: bool
    muxed_ns: int
    camera: bool
    microphone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureRules:
    """The numbers capture works by.

    Attributes:
        frames_per_second: As asked of the camera, 1 to 60.
        segment_seconds: Length of a segment, 2 to 60 (the rulebook's ``segment.seconds``).
        queue_seconds: Media a driver may be ahead of the mux thread before something is lost.
        patience_seconds: Real seconds that a full queue may hold a driver's thread. 0 for hardware,
            which waits for nobody; a fake body in accelerated time is held back by it.
        memory_seconds: Media kept for a vault that comes back; at least 5.
        memory_bytes: The most that this may take.
    """

    frames_per_second: int = 25
    segment_seconds: int = 10
    queue_seconds: int = 5
    patience_seconds: float = 0.0
    memory_seconds: int = 60
    memory_bytes: int = 48 * 1024 * 1024

    @property
    def frame_ns(self) -> int:
        """From one picture to the next."""
        return SECOND_NS // self.frames_per_second


class SegmentSink(Protocol):
    """Takes the segments' bytes. Called from the mux thread alone; it must not block for long.

    Each segment is one ``begin``, any number of ``fragment`` and one ``end``; after a replay the
    segment that was open gets no ``end``. While the vault is away a sink lets media go by (replay
    sends it again) but keeps gaps and doubts. What a sink raises ends the capture.
    """

    @abstractmethod
    def begin(self, number: int, init: bytes) -> None:
        """Segment ``number`` begins with ``init``, its ftyp and moov."""

    @abstractmethod
    def fragment(self, number: int, content: bytes, progress: Progress, *, keyframe: bool) -> None:
        """Whole moof and mdat boxes, or a free box; ``progress`` includes them."""

    @abstractmethod
    def end(self, number: int, facts: Progress) -> None:
        """Segment ``number`` is complete."""

    @abstractmethod
    def gap(self, gap: Gap) -> None:
        """Media is missing. Each gap is said once: the sink keeps it until it is signed."""

    @abstractmethod
    def doubt(self, doubt: Doubt) -> None:
        """The times of some sound are less certain. Said once, and kept, as gaps are."""


class CaptureListener(Protocol):
    """Hears what happens to capture. Called from capture's threads; it must only enqueue."""

    @abstractmethod
    def first_frame(self, latency: Latency) -> None:
        """The first picture since ``begin`` or ``replay`` has been handed to the sink."""

    @abstractmethod
    def started(self, started: Started) -> None:
        """See ``Started``; again after each replay."""

    @abstractmethod
    def part_failed(self, fault: HardwareFault) -> None:
        """``fault.part`` (camera or microphone) is gone; the other goes on; it is being retried."""

    @abstractmethod
    def part_recovered(self, part: str) -> None:
        """A part that had failed delivers again."""

    @abstractmethod
    def heard(self, samples: bytes, first_ns: int) -> None:
        """Every block of the microphone, also while nothing is recorded.

        Args:
            samples: Mono, signed 16 bit little endian, ``AUDIO_RATE``.
            first_ns: When the first of them sounded, CLOCK_BOOTTIME, by the sample clock.
        """

    @abstractmethod
    def failed(self, error: Exception) -> None:
        """Capture itself has died; the process has to end and be started again."""
