"""The status lamp of a Raspberry Pi: three colours, each with a line that feels its current.

Owns how each pattern looks and what is read back from the lines. Refuses darkness: every pattern
lights something, and no call puts the lamp out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Event, Lock, Thread
from types import MappingProxyType
from typing import Final

from hw.errors import LampFault
from hw.pi.libraries import Foreign, library
from hw.pi.pinmap import LAMP, LAMP_SENSE, Colour
from hw.ports import Clock, Lamp
from hw.types import LampPattern, LampReading

_HALF_PERIOD_SECONDS: Final = 0.125
"""Of blinking: four times a second."""
_SETTLE_SECONDS: Final = 0.002
"""From driving a colour until its line feels the current."""


@dataclass(frozen=True, slots=True)
class Look:
    """Attributes: lit: the colours; blinking: whether they blink."""

    lit: frozenset[Colour]
    blinking: bool = False


def _of(*lit: Colour, blinking: bool = False) -> Look:
    return Look(frozenset(lit), blinking)


LOOKS: Final[Mapping[LampPattern, Look]] = MappingProxyType(
    {
        LampPattern.STARTING: _of(Colour.RED, Colour.GREEN, Colour.BLUE),
        LampPattern.READY: _of(Colour.GREEN),
        LampPattern.CAPTURING: _of(Colour.RED),
        LampPattern.UNVERIFIED: _of(Colour.RED, Colour.GREEN),
        LampPattern.LOW: _of(Colour.RED, Colour.GREEN, blinking=True),
        LampPattern.FAULT: _of(Colour.RED, Colour.BLUE),
        LampPattern.DOCKED: _of(Colour.BLUE),
    }
)
"""White, green, red, amber, amber blinking fast, purple, blue."""
_PATTERNS: Final = MappingProxyType({look: pattern for pattern, look in LOOKS.items()})


class PiLamp(Lamp):
    """The lamp, shown by a thread of its own that also feels whether it is lit.

    Args:
        factory: gpiozero's way to the pins.
        clock: Paces the blinking.
    """

    def __init__(self, factory: Foreign, clock: Clock) -> None:
        gpiozero = library("gpiozero")
        self._lights = {
            colour: gpiozero.DigitalOutputDevice(line.bcm, pin_factory=factory)
            for colour, line in LAMP.items()
        }
        self._senses = {
            colour: gpiozero.DigitalInputDevice(line.bcm, pull_up=True, pin_factory=factory)
            for colour, line in LAMP_SENSE.items()
        }
        self._clock = clock
        self._lock = Lock()
        self._asked = LampPattern.STARTING
        self._felt: dict[bool, frozenset[Colour]] = {}
        self._changed, self._ended = Event(), Event()
        self._drive(LOOKS[self._asked].lit)
        self._thread = Thread(target=self._blink, name="lamp", daemon=True)
        self._thread.start()

    def show(self, pattern: LampPattern) -> None:
        """Light ``pattern`` at once and until told otherwise."""
        with self._lock:
            if pattern is self._asked:
                return
            self._asked = pattern
            self._felt = {}
            self._drive(LOOKS[pattern].lit)
        self._changed.set()

    def read_back(self) -> LampReading:
        """The pattern whose colours draw current.

        Raises:
            LampFault: What is lit is no pattern at all: a colour is broken or its line is.
        """
        with self._lock:
            asked, felt = self._asked, dict(self._felt)
            if not LOOKS[asked].blinking:
                self._settle()
                felt = {True: self._feel()}
        if LOOKS[asked].blinking and len(felt) < len((True, False)):
            return LampReading(asked=asked, lit=None)
        return LampReading(asked=asked, lit=_seen(felt, asked))

    def close(self) -> None:
        """End the thread and give the lines back; only for whoever opened the board."""
        self._ended.set()
        self._changed.set()
        self._thread.join()
        for device in (*self._lights.values(), *self._senses.values()):
            device.close()

    def _blink(self) -> None:
        """Drive the dark half of a blinking pattern and the light one, and feel both."""
        lit = True
        while not self._ended.is_set():
            self._changed.clear()
            with self._lock:
                look = LOOKS[self._asked]
                if look.blinking:
                    self._felt[lit] = self._feel()
                    lit = not lit
                    self._drive(look.lit if lit else frozenset())
                else:
                    lit = True
            self._clock.wait(self._changed, _HALF_PERIOD_SECONDS if look.blinking else 1.0)

    def _settle(self) -> None:
        self._clock.wait(Event(), _SETTLE_SECONDS)

    def _drive(self, lit: frozenset[Colour]) -> None:
        for colour, light in self._lights.items():
            light.value = colour in lit

    def _feel(self) -> frozenset[Colour]:
        return frozenset(colour for colour, sense in self._senses.items() if sense.value)


def _seen(felt: Mapping[bool, frozenset[Colour]], asked: LampPattern) -> LampPattern | None:
    """The pattern of what was felt in the light half and, where it blinks, in the dark one."""
    light, dark = felt[True], felt.get(False, felt[True])
    if not light and not dark:
        return None
    look = Look(light | dark, blinking=light != dark)
    if look not in _PATTERNS:
        colours = ", ".join(sorted(look.lit))
        raise LampFault("lamp", f"it shows {colours} where it was told {asked.value}")
    return _PATTERNS[look]
