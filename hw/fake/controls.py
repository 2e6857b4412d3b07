"""The fake parts that a finger, an eye, the cradle or a screwdriver meets.

Owns the way from a change of the world to an edge, and from a pattern to the world: buttons, lamp,
cradle contact, case switch. Refuses gestures and debouncing: edges are as raw as the world makes
them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from hw.fake.clock import WorldClock
from hw.fake.link import WorldLink
from hw.fake.state import ButtonCondition, WorldState
from hw.ports import Button, Case, Dock, Lamp
from hw.types import ButtonName, Edge, LampPattern, LampReading

_PATTERNS_KEPT = 256


class FakeButton(Button):
    """The button ``name``, pressed by the world."""

    def __init__(self, name: ButtonName, link: WorldLink, clock: WorldClock) -> None:
        self._name = name
        self._link = link
        self._clock = clock

    def on_edge(self, callback: Callable[[Edge], None]) -> None:
        """Call ``callback`` at every edge, stamped when the world made it."""

        def feel(before: WorldState, after: WorldState, at_ns: int) -> None:
            if after.button(self._name) is ButtonCondition.NUMB:
                return
            if before.felt(self._name) is not after.felt(self._name):
                pressed, felt_ns = after.felt(self._name), self._clock.device_ns(at_ns)
                callback(Edge(button=self._name, pressed=pressed, at_ns=felt_ns))

        self._link.watch(feel)

    def pressed(self) -> bool:
        """The level now."""
        return self._link.state().felt(self._name)


class FakeLamp(Lamp):
    """A lamp that the world can see.

    Attributes:
        shown: The last patterns, each change once.
    """

    def __init__(self, link: WorldLink) -> None:
        self._link = link
        self.shown: deque[LampPattern] = deque(maxlen=_PATTERNS_KEPT)

    def show(self, pattern: LampPattern) -> None:
        """Show ``pattern``; the world is told when it is another one."""
        if not self.shown or self.shown[-1] is not pattern:
            self.shown.append(pattern)
            self._link.tell(lamp=pattern.value)

    def read_back(self) -> LampReading:
        """What it was told and what the world sees."""
        asked = self.shown[-1] if self.shown else LampPattern.STARTING
        return LampReading(asked=asked, lit=self._link.state().lamp_seen())


class FakeDock(Dock):
    """The cradle's contact."""

    def __init__(self, link: WorldLink) -> None:
        self._link = link

    def docked(self) -> bool:
        """Whether the contact feels the cradle."""
        return self._link.state().contact_closed()

    def on_change(self, callback: Callable[[bool], None]) -> None:
        """Call ``callback`` when the contact closes or opens."""

        def feel(before: WorldState, after: WorldState, _: int) -> None:
            if before.contact_closed() is not after.contact_closed():
                callback(after.contact_closed())

        self._link.watch(feel)


class FakeCase(Case):
    """The switch under the lid."""

    def __init__(self, link: WorldLink) -> None:
        self._link = link

    def is_open(self) -> bool:
        """Whether the world has the case open."""
        return self._link.state().case_open

    def on_change(self, callback: Callable[[bool], None]) -> None:
        """Call ``callback`` when the case opens or closes."""

        def feel(before: WorldState, after: WorldState, _: int) -> None:
            if before.case_open is not after.case_open:
                callback(after.case_open)

        self._link.watch(feel)
