"""The parts of a Raspberry Pi that a finger, an eye, the cradle or a screwdriver meets.

Owns buttons, cradle contact and case switch on lines of the header. Refuses gestures and
debouncing: gpiozero's own loses edges, so it is off, and every edge goes on as raw as it came. A
handler stamps and enqueues, nothing else.
"""

from __future__ import annotations

from collections.abc import Callable

from hw.pi.libraries import Foreign, library
from hw.pi.pinmap import Line
from hw.ports import Button, Case, Clock, Dock
from hw.types import ButtonName, Edge


class Contact:
    """A line that something closes and opens.

    Args:
        line: Which one, and which level means closed.
        factory: gpiozero's way to the pins.
    """

    def __init__(self, line: Line, factory: Foreign) -> None:
        self._input = library("gpiozero").DigitalInputDevice(
            line.bcm, pull_up=line.active_low, bounce_time=None, pin_factory=factory
        )

    def closed(self) -> bool:
        """The level now, read from the line."""
        return bool(self._input.value)

    def on_change(self, callback: Callable[[bool], None]) -> None:
        """Call ``callback(closed)`` from gpiozero's thread at every edge."""
        self._input.when_activated = lambda: callback(True)  # noqa: FBT003 - the level
        self._input.when_deactivated = lambda: callback(False)  # noqa: FBT003 - the level

    def close(self) -> None:
        """Give the line back."""
        self._input.close()


class PiButton(Button):
    """The button ``name`` on ``contact``."""

    def __init__(self, name: ButtonName, contact: Contact, clock: Clock) -> None:
        self._name = name
        self._contact = contact
        self._clock = clock

    def on_edge(self, callback: Callable[[Edge], None]) -> None:
        """Call ``callback`` at every edge, stamped on arrival."""

        def feel(pressed: bool) -> None:  # noqa: FBT001 - the level
            at_ns = self._clock.monotonic_ns()
            callback(Edge(button=self._name, pressed=pressed, at_ns=at_ns))

        self._contact.on_change(feel)

    def pressed(self) -> bool:
        """The level now."""
        return self._contact.closed()


class PiDock(Dock):
    """The cradle's contact."""

    def __init__(self, contact: Contact) -> None:
        self._contact = contact

    def docked(self) -> bool:
        """Whether the contact is closed."""
        return self._contact.closed()

    def on_change(self, callback: Callable[[bool], None]) -> None:
        """Call ``callback`` when the contact closes or opens."""
        self._contact.on_change(callback)


class PiCase(Case):
    """The switch under the lid: closed while the lid presses it."""

    def __init__(self, contact: Contact) -> None:
        self._contact = contact

    def is_open(self) -> bool:
        """Whether nothing presses the switch."""
        return not self._contact.closed()

    def on_change(self, callback: Callable[[bool], None]) -> None:
        """Call ``callback`` when the lid is lifted or put back."""
        self._contact.on_change(lambda closed: callback(not closed))
