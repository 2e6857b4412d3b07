"""What the loop is to do, as values.

Owns the effects that ``machine`` asks for and ``runner`` performs, in the order given. Refuses
doing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class OpenVaultSession:
    """Ask the vault to open a session."""


@dataclass(frozen=True, slots=True)
class BeginCapture:
    """Run camera and microphone.

    Attributes:
        number: Segment that begins.
        gop: Running number of its first group of pictures in the session.
        pressed_ns: The press that asked for it, if one did.
    """

    number: int
    gop: int
    pressed_ns: int | None = None


@dataclass(frozen=True, slots=True)
class PassMedia:
    """The vault takes the media captured so far, from segment ``number`` on, and what follows."""

    number: int
    gop: int


@dataclass(frozen=True, slots=True)
class ReplayMedia:
    """Send again, as segment ``number``, what the vault may not have on its medium."""

    number: int
    gop: int


@dataclass(frozen=True, slots=True)
class StopCapture:
    """End the last segment and stop camera and microphone."""


@dataclass(frozen=True, slots=True)
class StoreEvent:
    """Have the vault sign an event of the session."""

    kind: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NotePress:
    """Have the vault sign a press without a session."""

    button: str
    gesture: str
    at_ns: int


@dataclass(frozen=True, slots=True)
class CloseVaultSession:
    """Ask the vault to close the session."""

    reason: str


@dataclass(frozen=True, slots=True)
class ForgetSession:
    """Nothing of the session is owed to the vault any more; unsent events of it are void."""


@dataclass(frozen=True, slots=True)
class PlayClip:
    """Play announcement ``clip``, an index in the rulebook's order."""

    clip: int


@dataclass(frozen=True, slots=True)
class StopSpeaking:
    """Give the announcement up; what was played is reported."""


@dataclass(frozen=True, slots=True)
class Beep:
    """Sound ``times`` short tones, unless the announcement is playing."""

    times: int


@dataclass(frozen=True, slots=True)
class Quit:
    """End the loop."""


Effect = (
    OpenVaultSession
    | BeginCapture
    | PassMedia
    | ReplayMedia
    | StopCapture
    | StoreEvent
    | NotePress
    | CloseVaultSession
    | ForgetSession
    | PlayClip
    | StopSpeaking
    | Beep
    | Quit
)
