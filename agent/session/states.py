"""What the loop knows about a recording.

Owns the phases and the one immutable value that holds every fact the machine decides by. Refuses
deciding.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, unique

from agent.vault.messages import AnnouncementRule


@unique
class Phase(StrEnum):
    """Where a recording stands: the rows of the table."""

    STARTING = "starting"
    """The process has begun; the vault has not answered yet."""
    IDLE = "idle"
    """Nothing is recorded."""
    OPENING = "opening"
    """Pressed: capture runs, the vault has not admitted the session yet."""
    ANNOUNCING = "announcing"
    """Recording; the announcement is about to play, or plays."""
    RECORDING = "recording"
    """Recording; the announcement is over."""
    CONFIRMING = "confirming"
    """Recording; a hold asks for the end, a press within 5 s confirms it."""
    STOPPING = "stopping"
    """Capture has ended; the vault is closing the session."""


CAPTURING = frozenset({Phase.OPENING, Phase.ANNOUNCING, Phase.RECORDING, Phase.CONFIRMING})
"""Phases in which camera and microphone run."""


@unique
class Speech(Enum):
    """How far the announcement is."""

    SILENT = "silent"
    """Nothing is to be said now."""
    AWAITED = "awaited"
    """It plays as soon as the vault has taken the first key frame and audio packet."""
    PLAYING = "playing"
    """The loudspeaker has it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A part that does not work now."""

    part: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The facts. A process begins with none of them.

    Attributes:
        phase: See ``Phase``.
        attached: Whether the vault is connected.
        rules: What a session announces, in the rulebook's order.
        sid: The session's id, once the vault has opened it.
        pressed_ns: When the press that began it happened; None where another process felt it.
        first_frame_ns: Capture time of its first picture in this process; 0 before it.
        lost_from_ns: End of the last frame before a gap whose end is not known yet.
        speech: See ``Speech``.
        awaited_ns: Since when the announcement waits for media; 0 until the next tick.
        clip: Index of the clip that plays.
        attempt: Which attempt at it, from 1.
        again: Whether all of it is to be played once more afterwards.
        unannounced: Whether a clip of the last round was not played whole.
        confirm_until_ns: Until when a press ends the recording.
        closing: Why it ends.
        quitting: Whether the process ends with it.
        faults: Parts that do not work now.
        storage: The vault's last word about space in this session.
        battery_percent: Of the last reading.
        heartbeat_ns: When media last reached the medium; 0 while none did.
        trouble: Stable code of what went wrong with the last session or start.
    """

    phase: Phase = Phase.STARTING
    attached: bool = False
    rules: tuple[AnnouncementRule, ...] = ()
    sid: str | None = None
    pressed_ns: int | None = None
    first_frame_ns: int = 0
    lost_from_ns: int | None = None
    speech: Speech = Speech.SILENT
    awaited_ns: int = 0
    clip: int = 0
    attempt: int = 1
    again: bool = False
    unannounced: bool = False
    confirm_until_ns: int = 0
    closing: str = ""
    quitting: bool = False
    faults: tuple[Fault, ...] = ()
    storage: str = "ok"
    battery_percent: int = 100
    heartbeat_ns: int = 0
    trouble: str | None = None
