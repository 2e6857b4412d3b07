"""What the loop is to do, as values.

Owns the effects that ``machine`` asks for and ``runner`` performs, in the order given. Refuses
doing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.vault.messages import CheckResult


@dataclass(frozen=True, slots=True)
class OpenVaultSession:
    """Ask the vault to open a session, by the plan that was chosen."""

    plan_id: str | None = None


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
class NoteFault:
    """Have the vault sign a fault without a session: ``state`` is ``begun`` or ``ended``."""

    part: str
    code: str
    detail: str
    state: str


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
class HushPrompts:
    """Cut what is being said to the officer: a press has come, or it is void."""


@dataclass(frozen=True, slots=True)
class Say:
    """Say a sentence to the officer, after what sounds already."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Beep:
    """Sound ``times`` short tones, unless the announcement is playing."""

    times: int


@dataclass(frozen=True, slots=True)
class RisingBeep:
    """Sound the tone of second ``step`` of a hold: 1, 2, 3, each higher."""

    step: int


@dataclass(frozen=True, slots=True)
class Attend:
    """The officer speaks for ``seconds`` from now: keep what the microphone hears."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Listen:
    """How much of the time from ``from_ns`` to ``to_ns`` was voice? A ``WindowHeard`` follows."""

    template: str
    from_ns: int
    to_ns: int


@dataclass(frozen=True, slots=True)
class TakePhoto:
    """Take a still for the press at ``pressed_ns``; a ``PhotoTaken`` or ``PhotoFailed`` follows."""

    pressed_ns: int


@dataclass(frozen=True, slots=True)
class SendPhoto:
    """Have the vault seal and sign a still."""

    pts_ns: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Check:
    """Check the recorder; a ``PreflightReady`` follows."""

    trigger: str


@dataclass(frozen=True, slots=True)
class Watch:
    """Look at the parts that may lie while something is recorded; a ``Watched`` follows."""


@dataclass(frozen=True, slots=True)
class StorePreflight:
    """Have the vault add its own checks and sign them all."""

    trigger: str
    checks: tuple[CheckResult, ...]


@dataclass(frozen=True, slots=True)
class AskStatus:
    """Ask the vault how it stands."""


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
    | NoteFault
    | CloseVaultSession
    | ForgetSession
    | PlayClip
    | StopSpeaking
    | HushPrompts
    | Say
    | Beep
    | RisingBeep
    | Attend
    | Listen
    | TakePhoto
    | SendPhoto
    | Check
    | Watch
    | StorePreflight
    | AskStatus
    | Quit
)
