"""The values that cross a port: readings, packets, edges, patterns.

Owns immutable values with their units in their names. Refuses behaviour.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, unique


@unique
class Role(StrEnum):
    """Which process opens the board; each sees its own ports only."""

    RECORDER = "recorder"
    VAULT = "vault"
    DOCK = "dock"


@unique
class ButtonName(StrEnum):
    """The officer's three buttons, and the one that switches the recorder off."""

    RECORD = "record"
    MARK = "mark"
    PHOTO = "photo"
    POWER = "power"


@unique
class PartName(StrEnum):
    """The parts that a recorder may not lose or change (A9)."""

    BOARD = "board"
    CARD = "card"
    CAMERA = "camera"
    MICROPHONE = "microphone"


@unique
class LampPattern(Enum):
    """What the status lamp can show.

    There is no "off": no setting or call can hide that the recorder records (S2§9, rule row C10).
    """

    STARTING = "starting"
    READY = "ready"
    CAPTURING = "capturing"
    UNVERIFIED = "unverified"
    LOW = "low"
    FAULT = "fault"
    DOCKED = "docked"


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSettings:
    """What the camera is asked for.

    Attributes:
        width: Pixels, even.
        height: Pixels, even.
        frames_per_second: Frames each second, 1 to 60.
        bits_per_second: Target of the encoder.
        keyframe_interval: Frames from one IDR frame to the next, at most.
    """

    width: int = 1280
    height: int = 720
    frames_per_second: int = 25
    bits_per_second: int = 4_000_000
    keyframe_interval: int = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoPacket:
    """One encoded picture.

    Attributes:
        data: H.264 Annex B; SPS and PPS stand before every IDR frame.
        pts_ns: Capture time of the picture on CLOCK_BOOTTIME, nanoseconds.
        keyframe: Whether the picture is an IDR frame.
    """

    data: bytes
    pts_ns: int
    keyframe: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioBlock:
    """Consecutive microphone samples.

    Attributes:
        samples: Mono, signed 16 bit little endian.
        rate: Samples each second, as the device claims (48,000).
        arrived_ns: CLOCK_BOOTTIME when the last sample of the block had been delivered,
            nanoseconds. Never early, often late: the drift model takes the minima.
        overflowed: Whether samples were lost just before this block.
        lost_samples: How many, where the driver can prove it; 0 where it cannot tell.
    """

    samples: bytes
    rate: int
    arrived_ns: int
    overflowed: bool = False
    lost_samples: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A sound to be played: mono, signed 16 bit little endian."""

    clip_id: str
    samples: bytes
    rate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A change of a button's level, as felt.

    Attributes:
        button: Which one.
        pressed: The level after the change.
        at_ns: CLOCK_BOOTTIME, nanoseconds.
    """

    button: ButtonName
    pressed: bool
    at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryReading:
    """Attributes: percent 0 to 100; millivolts; charging."""

    percent: int
    millivolts: int
    charging: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LampReading:
    """What the status lamp was told, and what is read back from it.

    Attributes:
        asked: The pattern it was told last; ``STARTING`` before the first one.
        lit: The pattern that it shows; None where it is dark.
    """

    asked: LampPattern
    lit: LampPattern | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageReading:
    """What the store's medium says of itself.

    Attributes:
        free_bytes: For whoever asks; another user may have more or less.
        total_bytes: Of all of it.
        writable: Whether it takes anything at all.
        free_files: How many more files it can name; None where it does not count them.
    """

    free_bytes: int
    total_bytes: int
    writable: bool
    free_files: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockQuality:
    """How far the wall clock is to be trusted.

    Attributes:
        source: ``bureau``, ``ntp``, ``rtc``, ``last_known`` or ``none``.
        error_ms: Bound of the error in milliseconds; None where nobody can tell.
    """

    source: str
    error_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of this recorder.

    Attributes:
        name: Which one.
        model: As the part or the kernel calls it.
        serial: Its serial number; None where the part has none that can be read.
    """

    name: PartName
    model: str
    serial: str | None
