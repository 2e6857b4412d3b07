"""What can happen to a recording.

Owns the events, frozen values that drivers, the vault's link, capture and the announcer put into
the loop's inbox. Refuses behaviour: what an event means is for ``machine``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, get_args

from agent.vault.messages import ActiveSession, AnnouncementRule

# --- the officer's buttons (``gestures`` makes them from edges)


@dataclass(frozen=True, slots=True)
class RecordPressed:
    """The record button went down, at ``at_ns``."""

    at_ns: int


@dataclass(frozen=True, slots=True)
class RecordTapped:
    """The record button, down since ``pressed_ns``, came up again before a hold."""

    pressed_ns: int
    at_ns: int


@dataclass(frozen=True, slots=True)
class RecordHeld:
    """The record button, down since ``pressed_ns``, has been held."""

    pressed_ns: int
    at_ns: int


@dataclass(frozen=True, slots=True)
class MarkTapped:
    """The mark button was pressed shortly."""

    at_ns: int


@dataclass(frozen=True, slots=True)
class MarkHeld:
    """The mark button has been held: a new party has come."""

    at_ns: int


@dataclass(frozen=True, slots=True)
class PhotoPressed:
    """The photo button went down."""

    at_ns: int


# --- the vault


@dataclass(frozen=True, slots=True)
class VaultAttached:
    """The vault is there.

    Attributes:
        session: What it holds open.
        announcements: What a session says, in order.
        segment_seconds: How long a segment is.
    """

    session: ActiveSession | None
    announcements: tuple[AnnouncementRule, ...]
    segment_seconds: int = 10


@dataclass(frozen=True, slots=True)
class VaultLost:
    """The connection to the vault broke; it is being sought."""


@dataclass(frozen=True, slots=True)
class SessionOpened:
    """The ``open`` record is on the medium."""

    session: ActiveSession


@dataclass(frozen=True, slots=True)
class SessionRefused:
    """The vault refused the start and has signed why."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class MediaTaken:
    """The vault has the first key frame and audio packet since capture began, or began again."""


@dataclass(frozen=True, slots=True)
class MediaAdvanced:
    """More media is on the medium under a signed record: the writer's heartbeat."""

    at_ns: int


@dataclass(frozen=True, slots=True)
class SessionClosed:
    """The ``close`` record is on the medium, asked for or not."""

    sid: str
    reason: str


@dataclass(frozen=True, slots=True)
class StorageChanged:
    """The vault's space has another level."""

    level: str
    minutes: int


# --- capture


@dataclass(frozen=True, slots=True)
class FirstFrame:
    """The first picture since capture began was muxed; ``pts_ns`` is its capture time."""

    pts_ns: int


@dataclass(frozen=True, slots=True)
class PartFailed:
    """``camera`` or ``microphone`` is gone; the other goes on."""

    part: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class PartRecovered:
    """A part that had failed delivers again."""

    part: str


# --- the announcer


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipEnded:
    """One attempt at one clip is over, as a fact.

    Attributes:
        clip: Index in the rulebook's order.
        frames_played: Samples handed to the loudspeaker.
        underruns: How often it ran dry.
        from_ns: CLOCK_BOOTTIME when it began.
        to_ns: CLOCK_BOOTTIME when it ended or was given up.
        reason: None where all of it was played; else ``clip``, ``speaker`` or ``stopped``.
    """

    clip: int
    frames_played: int
    underruns: int
    from_ns: int
    to_ns: int
    reason: str | None


# --- time, power, the process (steps of the wall clock are the vault's to notice and sign)


@dataclass(frozen=True, slots=True)
class Ticked:
    """A tenth of a second has passed."""

    at_ns: int


@dataclass(frozen=True, slots=True)
class BatteryRead:
    """The fuel gauge said something worth a record."""

    percent: int
    millivolts: int
    charging: bool


@dataclass(frozen=True, slots=True)
class Terminated:
    """The process was asked to end."""

    at_ns: int


Event = (
    RecordPressed
    | RecordTapped
    | RecordHeld
    | MarkTapped
    | MarkHeld
    | PhotoPressed
    | VaultAttached
    | VaultLost
    | SessionOpened
    | SessionRefused
    | MediaTaken
    | MediaAdvanced
    | SessionClosed
    | StorageChanged
    | FirstFrame
    | PartFailed
    | PartRecovered
    | ClipEnded
    | Ticked
    | BatteryRead
    | Terminated
)

EVENT_TYPES: Final[tuple[type, ...]] = get_args(Event)
"""Every kind of event: the columns of the table."""
