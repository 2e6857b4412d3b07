"""The one loop of the recorder's process.

Owns the order: take an event, ask the machine, perform the effects; between events it looks at
buttons, battery and lamp. Refuses to decide and to remember: every fact is in the ``Session`` that
the machine returns.
"""

from __future__ import annotations

import logging
from threading import Event as Signal
from typing import Final

from agent.indicator import pattern
from agent.session import effects as f
from agent.session import machine
from agent.session.events import Event, Terminated, Ticked, VaultAttached
from agent.session.gauge import Gauge
from agent.session.gestures import Press, feel, pass_time
from agent.session.inbox import Inbox
from agent.session.lid import Lid
from agent.session.parts import Parts
from agent.session.performing import perform
from agent.session.states import CAPTURING, Phase, Session
from hw.types import ButtonName, Edge

_log = logging.getLogger(__name__)

TURN_SECONDS: Final = 0.1
"""The buttons' levels are read again ten times a second."""


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
        self._gauge = Gauge(parts.board.battery, parts.endurance)
        self._lid = Lid(parts.board.case)
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
        self._parts.board.watchdog.stopping("switched off" if self.switched_off else "asked to end")

    @property
    def switched_off(self) -> bool:
        """Whether the officer, or an empty battery, has switched the recorder off."""
        return self._ended and self.session.switching_off

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
        """What nobody tells: levels, holds, the lid, the battery, the end, time itself."""
        for name, button in self._parts.board.buttons.items():
            level, now_ns = button.pressed(), self._clock.monotonic_ns()
            if level != self._presses[name].down:
                self._feel(Edge(button=name, pressed=level, at_ns=now_ns))
            self._hold(name, now_ns)
        now_ns = self._clock.monotonic_ns()
        for event in self._lid.look(now_ns):
            self._take(event)
        for event in self._gauge.look(now_ns, recording=self.session.phase in CAPTURING):
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
            if isinstance(effect, f.Quit):
                self._ended = True
            else:
                perform(self._parts, effect)

    def _prepare(self, event: VaultAttached) -> None:
        """What has to be ready before the next press."""
        parts = self._parts
        for clip, wrong in parts.voice.load(parts.announce, event.announcements).items():
            _log.error("clip %s will not be played: %s", clip, wrong)
        if self.session.phase in {Phase.STARTING, Phase.IDLE}:
            parts.media.prepare(event.segment_seconds)
