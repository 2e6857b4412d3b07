"""What the loop works with: one small interface a part.

Owns what the loop asks of the vault's link, of capture, of the voice, of the ear and of the check
before use. Refuses anything that could keep the loop waiting: every member returns at once, but for
``Media.stop``, which returns when the last of the media has been handed on.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from agent.preflight.endurance import Endurance
from agent.vault.messages import (
    AnnouncementRule,
    NoteFault,
    NotePress,
    OpenSession,
    StorePreflight,
)
from hw.ports import RecorderBoard


class Vault(Protocol):
    """What the loop asks of the vault's link."""

    @abstractmethod
    def open_session(self, request: OpenSession) -> None:
        """Ask for a session."""

    @abstractmethod
    def go_on(self) -> None:
        """The session is open at the vault: send what waits for it."""

    @abstractmethod
    def store_event(self, kind: str, fields: Mapping[str, Any]) -> None:
        """Have an event signed."""

    @abstractmethod
    def store_photo(self, pts_ns: int, content: bytes) -> None:
        """Have a still sealed and signed."""

    @abstractmethod
    def close_session(self, reason: str) -> None:
        """Ask for the end."""

    @abstractmethod
    def forget_session(self) -> None:
        """Nothing is owed any more."""

    @abstractmethod
    def note(self, note: NotePress | NoteFault) -> None:
        """Have something signed that happened without a session."""

    @abstractmethod
    def store_preflight(self, preflight: StorePreflight) -> None:
        """Have a check before use completed and signed."""

    @abstractmethod
    def ask_status(self) -> None:
        """Ask how the vault stands."""


class Media(Protocol):
    """What the loop asks of capture."""

    @abstractmethod
    def prepare(self, segment_seconds: int) -> None:
        """Warm camera, microphone and encoders up for segments of that length."""

    @abstractmethod
    def is_warm(self) -> bool:
        """Whether camera and microphone deliver, so that a press records at once."""

    @abstractmethod
    def begin(self, number: int, gop: int, pressed_ns: int | None) -> None:
        """Run camera and microphone; media are held until ``let_pass``."""

    @abstractmethod
    def let_pass(self, number: int, gop: int) -> None:
        """The vault takes media, from segment ``number`` on."""

    @abstractmethod
    def replay(self, number: int, gop: int) -> None:
        """Send again, as segment ``number``, what was not acknowledged."""

    @abstractmethod
    def take_photo(self, pressed_ns: int) -> None:
        """Take a still; a ``PhotoTaken`` or ``PhotoFailed`` follows."""

    @abstractmethod
    def forget(self) -> None:
        """What was captured belongs to no session."""

    @abstractmethod
    def stop(self) -> None:
        """End the last segment; returns when all of it has been handed on."""


class Voice(Protocol):
    """What the loop asks of the loudspeaker's queue."""

    @abstractmethod
    def load(self, announce: Path, rules: Sequence[AnnouncementRule]) -> Mapping[str, str]:
        """Read the clips; says what is wrong with which."""

    @abstractmethod
    def play(self, index: int) -> None:
        """Play an announcement; a ``ClipEnded`` follows."""

    @abstractmethod
    def stop(self) -> None:
        """Give it up."""

    @abstractmethod
    def say(self, words: tuple[str, ...]) -> None:
        """Say a sentence to the officer; a ``Spoken`` follows."""

    @abstractmethod
    def hush(self) -> None:
        """Cut what is being said to the officer, and what waits to be."""

    @abstractmethod
    def beep(self, times: int) -> None:
        """Answer a button."""

    @abstractmethod
    def rising_beep(self, step: int) -> None:
        """Sound second ``step`` of a hold."""


class Listener(Protocol):
    """What the loop asks of the ear."""

    @abstractmethod
    def attend(self, seconds: int) -> None:
        """Keep what is heard from now on."""

    @abstractmethod
    def listen(self, template: str, from_ns: int, to_ns: int) -> None:
        """How much of it was voice? A ``WindowHeard`` follows."""


class Checker(Protocol):
    """What the loop asks of the check before use."""

    @abstractmethod
    def check(self, trigger: str) -> None:
        """Check; a ``PreflightReady`` follows."""

    @abstractmethod
    def watch(self) -> None:
        """Look at the parts that may lie while recording; a ``Watched`` follows."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the loop works with.

    Attributes:
        board: The body.
        vault: The link to the vault.
        media: Camera, microphone and the way of their media.
        voice: The loudspeaker's queue.
        listener: The ear.
        checker: The check before use.
        request: What to ask of the vault for a session; the plan is put in at the start.
        announce: Folder of the clips.
        endurance: Knows how long the battery lasts.
    """

    board: RecorderBoard
    vault: Vault
    media: Media
    voice: Voice
    listener: Listener
    checker: Checker
    request: OpenSession
    announce: Path
    endurance: Endurance
