"""What can happen to a recording.

Owns the events, frozen values that drivers, the vault's link, capture, voice and ear put into
the loop's inbox. Refuses behaviour: what an event means is for ``machine``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, get_args

from agent.vault.messages import (
    ActiveSession,
    AnnouncementRule,
    CheckResult,
    Conduct,
    PlanChoice,
    Status,
)

if TYPE_CHECKING:
    from agent.disclosure.ear import Heard

NO_CONDUCT: Final = Conduct()
"""A rulebook that has the officer asked for nothing."""

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
class RecordHolding:
    """The record button, down since ``pressed_ns``, has been held for ``seconds``, not enough."""

    pressed_ns: int
    seconds: int
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


@dataclass(frozen=True, slots=True)
class PhotoHeld:
    """The photo button has been held: what is in the picture is a secret."""

    at_ns: int


@dataclass(frozen=True, slots=True)
class PowerTapped:
    """The power button, down since ``pressed_ns``, came up again before a hold."""

    pressed_ns: int
    at_ns: int


@dataclass(frozen=True, slots=True)
class PowerHeld:
    """The power button, down since ``pressed_ns``, has been held."""

    pressed_ns: int
    at_ns: int


# --- the vault


@dataclass(frozen=True, slots=True)
class VaultAttached:
    """The vault is there.

    Attributes:
        session: What it holds open.
        announcements: What a session says, in order.
        segment_seconds: How long a segment is.
        conduct: What the rulebook has the officer asked.
        plans: Session plans that can be chosen, by number.
        docked: Whether the recorder sits on the cradle.
        refused: What would refuse a start now, if anything would.
    """

    session: ActiveSession | None
    announcements: tuple[AnnouncementRule, ...]
    segment_seconds: int = 10
    conduct: Conduct = NO_CONDUCT
    plans: tuple[PlanChoice, ...] = ()
    docked: bool = False
    refused: str | None = None


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
    """The vault's space has another level, or its medium is caught at a lie, or well again."""

    level: str
    minutes: int
    intact: bool = True


@dataclass(frozen=True, slots=True)
class StatusTold:
    """The vault says how it stands."""

    status: Status


@dataclass(frozen=True, slots=True)
class DockChanged:
    """The recorder was put on the cradle, or taken off it."""

    docked: bool


@dataclass(frozen=True, slots=True)
class PlansChanged:
    """The session plans that can be chosen now, by number."""

    plans: tuple[PlanChoice, ...]


# --- the check before use


@dataclass(frozen=True, slots=True)
class PreflightReady:
    """The recorder's own checks are done; the vault adds its own."""

    trigger: str
    checks: tuple[CheckResult, ...]


@dataclass(frozen=True, slots=True)
class PreflightStored:
    """All checks are in the device log, in the record with that digest."""

    trigger: str
    checks: tuple[CheckResult, ...]
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Watched:
    """Parts that may lie were looked at while something is recorded."""

    checks: tuple[CheckResult, ...]


# --- capture


@dataclass(frozen=True, slots=True)
class FirstFrame:
    """The first picture since capture began was muxed; ``pts_ns`` is its capture time."""

    pts_ns: int


@dataclass(frozen=True, slots=True)
class PartFailed:
    """``camera``, ``microphone``, ``speaker`` or ``battery`` is gone; the others go on."""

    part: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class PartRecovered:
    """A part that had failed delivers again."""

    part: str


@dataclass(frozen=True, slots=True)
class PhotoTaken:
    """The still that was asked for at ``pressed_ns``, a picture of ``pts_ns``, as JPEG."""

    pressed_ns: int
    pts_ns: int
    content: bytes


@dataclass(frozen=True, slots=True)
class PhotoStored:
    """A still is sealed and signed."""


@dataclass(frozen=True, slots=True)
class PhotoFailed:
    """There is no still, and why; ``pressed_ns`` is None where the vault would not take it."""

    pressed_ns: int | None
    code: str
    detail: str


# --- the voice and the ear


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
        hearing: What the microphone heard of it; None where nobody could listen.
    """

    clip: int
    frames_played: int
    underruns: int
    from_ns: int
    to_ns: int
    reason: str | None
    hearing: Heard | None = None


@dataclass(frozen=True, slots=True)
class Spoken:
    """A prompt is over, spoken or given up."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WindowHeard:
    """What was said while the officer was to speak.

    Attributes:
        template: What was asked for.
        from_ns: CLOCK_BOOTTIME when the window began.
        to_ns: CLOCK_BOOTTIME when it ended.
        voiced_ms: How much of it was voice; None where nobody could listen.
    """

    template: str
    from_ns: int
    to_ns: int
    voiced_ms: int | None


# --- time, power, the process (steps of the wall clock are the vault's to notice and sign)


@dataclass(frozen=True, slots=True)
class Ticked:
    """A tenth of a second has passed."""

    at_ns: int


@dataclass(frozen=True, slots=True)
class BatteryRead:
    """The fuel gauge said something worth a record.

    Attributes:
        percent: 0 to 100.
        millivolts: Of the cell; 0 where the gauge does not tell.
        charging: Whether it is being charged.
        minutes: Recording that it is good for; None where nobody can tell.
        at_ns: When.
    """

    percent: int
    millivolts: int
    charging: bool
    minutes: int | None = None
    at_ns: int = 0


@dataclass(frozen=True, slots=True)
class Terminated:
    """The process was asked to end."""

    at_ns: int


Event = (
    RecordPressed
    | RecordTapped
    | RecordHolding
    | RecordHeld
    | MarkTapped
    | MarkHeld
    | PhotoPressed
    | PhotoHeld
    | PowerTapped
    | PowerHeld
    | VaultAttached
    | VaultLost
    | SessionOpened
    | SessionRefused
    | MediaTaken
    | MediaAdvanced
    | SessionClosed
    | StorageChanged
    | StatusTold
    | DockChanged
    | PlansChanged
    | PreflightReady
    | PreflightStored
    | Watched
    | FirstFrame
    | PartFailed
    | PartRecovered
    | PhotoTaken
    | PhotoStored
    | PhotoFailed
    | ClipEnded
    | Spoken
    | WindowHeard
    | Ticked
    | BatteryRead
    | Terminated
)

EVENT_TYPES: Final[tuple[type, ...]] = get_args(Event)
"""Every kind of event: the columns of the table."""
