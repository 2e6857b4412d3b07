"""The one loop of the recorder's process.

Owns the order: take an event, ask the machine, perform the effects; between events it looks at
buttons, battery and lamp. Refuses to decide and to remember: every fact is in the ``Session`` that
the machine returns.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event as Signal
from typing import Any, Final, Protocol, assert_never

from agent.indicator import pattern
from agent.session import effects as f
from agent.session import machine
from agent.session.events import Event, Terminated, Ticked, VaultAttached
from agent.session.gauge import Gauge
from agent.session.gestures import Press, feel, pass_time
from agent.session.inbox import Inbox
from agent.session.states import Phase, Session
from agent.vault.messages import AnnouncementRule, NotePress, OpenSession
from hw.ports import RecorderBoard
from hw.types import ButtonName, Edge

_log = logging.getLogger(__name__)

TURN_SECONDS: Final = 0.1
"""The buttons' levels are read again ten times a second."""


class Vault(Protocol):
    """What the loop asks of the vault's link."""

    def open_session(self, request: OpenSession) -> None:
        """Ask for a session."""

    def go_on(self) -> None:
        """The session is open at the vault: send what waits for it."""

    def store_event(self, kind: str, fields: Mapping[str, Any]) -> None:
        """Have an event signed."""

    def close_session(self, reason: str) -> None:
        """Ask for the end."""

    def forget_session(self) -> None:
        """Nothing is owed any more."""

    def note_press(self, note: NotePress) -> None:
        """Have a press without a session signed."""


class Media(Protocol):
    """What the loop asks of capture."""

    def prepare(self, segment_seconds: int) -> None:
        """Warm camera, microphone and encoders up for segments of that length."""

    def is_warm(self) -> bool:
        """Whether camera and microphone deliver, so that a press records at once."""

    def begin(self, number: int, gop: int, pressed_ns: int | None) -> None:
        """Run camera and microphone; media are held until ``let_pass``."""

    def let_pass(self, number: int, gop: int) -> None:
        """The vault takes media, from segment ``number`` on."""

    def replay(self, number: int, gop: int) -> None:
        """Send again, as segment ``number``, what was not acknowledged."""

    def forget(self) -> None:
        """What was captured belongs to no session."""

    def stop(self) -> None:
        """End the last segment; returns when all of it has been handed on."""


class Voice(Protocol):
    """What the loop asks of the announcer."""

    def load(self, announce: Path, rules: tuple[AnnouncementRule, ...]) -> Mapping[str, str]:
        """Read the clips; says what is wrong with which."""

    def play(self, index: int) -> None:
        """Play an announcement."""

    def stop(self) -> None:
        """Give it up."""

    def beep(self, times: int) -> None:
        """Answer a button."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the loop works with.

    Attributes:
        board: The body.
        vault: The link to the vault.
        media: Camera, microphone and the way of their media.
        voice: The announcer.
        request: What to ask of the vault for a session.
        announce: Folder of the clips.
    """

    board: RecorderBoard
    vault: Vault
    media: Media
    voice: Voice
    request: OpenSession
    announce: Path


class Runner:
    """Runs one recorder until it is told to end.

    Args:
        parts: See ``Parts``.
        inbox: Where events come from.
        stop: Set by whoever ends the process.
    """

    def __init__(self, parts: Parts, inbox: Inbox, stop: Signal) -> None:
        self._parts = parts
        self._inbox = inbox
        self._stop = stop
        self._clock = parts.board.clock
        self._gauge = Gauge(parts.board.battery)
        self._presses = {name: Press(name) for name in parts.board.buttons}
        self._asked_to_end = False
        self._ended = False
        self.session = Session()

    def run(self) -> None:
        """Work until told to end.

        Raises:
            AgentError: A vital part failed; the process has to end non-zero.
        """
        for button in self._parts.board.buttons.values():
            button.on_edge(self._inbox.post)
        while not self._ended:
            self._clock.wait(self._inbox.arrived, TURN_SECONDS)
            self.turn()

    def turn(self) -> None:
        """One turn: everything that waits, then what time brings."""
        for event in self._inbox.take_all():
            self._feel(event) if isinstance(event, Edge) else self._take(event)
        self._look()
        self._show()
        self._parts.board.watchdog.pet()

    def _show(self) -> None:
        now_ns, warm = self._clock.monotonic_ns(), self._parts.media.is_warm()
        self._parts.board.lamp.show(pattern(self.session, now_ns, warm=warm))

    def _feel(self, edge: Edge) -> None:
        self._presses[edge.button], gestures = feel(self._presses[edge.button], edge)
        for gesture in gestures:
            self._take(gesture)

    def _look(self) -> None:
        """What nobody tells: levels, holds, the battery, the end, time itself."""
        for name, button in self._parts.board.buttons.items():
            level, now_ns = button.pressed(), self._clock.monotonic_ns()
            if level != self._presses[name].down:
                self._feel(Edge(button=name, pressed=level, at_ns=now_ns))
            self._hold(name, now_ns)
        now_ns = self._clock.monotonic_ns()
        for event in self._gauge.look(now_ns):
            self._take(event)
        if self._stop.is_set() and not self._asked_to_end:
            self._asked_to_end = True
            self._take(Terminated(now_ns))
        self._take(Ticked(now_ns))

    def _hold(self, name: ButtonName, now_ns: int) -> None:
        self._presses[name], gestures = pass_time(self._presses[name], now_ns)
        for gesture in gestures:
            self._take(gesture)

    def _take(self, event: Event) -> None:
        before = self.session
        if isinstance(event, VaultAttached):
            self._prepare(event)
        self.session, effects = machine.step(before, event)
        if effects or self.session.phase is not before.phase:
            _log.info("%s: %s ▸ %s", type(event).__name__, before.phase, self.session.phase)
        for effect in effects:
            self._perform(effect)

    def _prepare(self, event: VaultAttached) -> None:
        """What has to be ready before the next press."""
        parts = self._parts
        for clip, wrong in parts.voice.load(parts.announce, event.announcements).items():
            _log.error("clip %s will not be played: %s", clip, wrong)
        if self.session.phase in {Phase.STARTING, Phase.IDLE}:
            parts.media.prepare(event.segment_seconds)

    def _perform(self, effect: f.Effect) -> None:  # noqa: C901, PLR0912 - one case per effect
        vault, media, voice = self._parts.vault, self._parts.media, self._parts.voice
        match effect:
            case f.OpenVaultSession():
                vault.open_session(self._parts.request)
            case f.BeginCapture(number, gop, pressed_ns):
                media.begin(number, gop, pressed_ns)
            case f.PassMedia(number, gop):
                media.let_pass(number, gop)
                vault.go_on()
            case f.ReplayMedia(number, gop):
                media.replay(number, gop)
                vault.go_on()
            case f.StopCapture():
                media.stop()
            case f.StoreEvent(kind, fields):
                vault.store_event(kind, fields)
            case f.NotePress(button, gesture, at_ns):
                vault.note_press(NotePress(button=button, gesture=gesture, at_ns=at_ns))
            case f.CloseVaultSession(reason):
                vault.close_session(reason)
            case f.ForgetSession():
                media.forget()
                vault.forget_session()
            case f.PlayClip(clip):
                voice.play(clip)
            case f.StopSpeaking():
                voice.stop()
            case f.Beep(times):
                voice.beep(times)
            case f.Quit():
                self._ended = True
            case _:
                assert_never(effect)
