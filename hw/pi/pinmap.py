"""Which line of the 40-pin header is what.

Owns the numbers (BCM), the names that the kernel shows for them, their pulls and which level means
yes. ``overlays/recorder.dts`` says the same to the kernel, and a test compares the two. Refuses to
drive the white light: it hangs on the camera's own supply, out of every program's reach.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Final

from hw.types import ButtonName


@unique
class Pull(StrEnum):
    """What holds an open line."""

    UP = "up"
    NONE = "none"


@unique
class Claim(StrEnum):
    """Who asks the kernel for a line."""

    RECORDER = "recorder"
    DOCK = "dock"
    KERNEL = "kernel"
    """A driver named in the overlay; no process can have the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line.

    Attributes:
        bcm: Its number on the SoC, as ``GPIO17``.
        name: What ``gpioinfo`` shows.
        pull: What holds it while nothing drives it.
        output: Whether the Pi drives it.
        active_low: Whether a low level means yes.
        claim: Who uses it.
    """

    bcm: int
    name: str
    pull: Pull = Pull.UP
    output: bool = False
    active_low: bool = True
    claim: Claim


@unique
class Colour(StrEnum):
    """The three lights in the status lamp."""

    RED = "red"
    GREEN = "green"
    BLUE = "blue"


BUTTONS: Final[Mapping[ButtonName, Line]] = MappingProxyType(
    {
        ButtonName.RECORD: Line(bcm=17, name="BTN_RECORD", claim=Claim.RECORDER),
        ButtonName.MARK: Line(bcm=27, name="BTN_MARK", claim=Claim.RECORDER),
        ButtonName.PHOTO: Line(bcm=22, name="BTN_PHOTO", claim=Claim.RECORDER),
        ButtonName.POWER: Line(bcm=4, name="BTN_POWER", claim=Claim.RECORDER),
    }
)


def _drive(bcm: int, name: str, claim: Claim) -> Line:
    return Line(bcm=bcm, name=name, pull=Pull.NONE, output=True, active_low=False, claim=claim)


LAMP: Final[Mapping[Colour, Line]] = MappingProxyType(
    {
        Colour.RED: _drive(23, "LAMP_RED", Claim.RECORDER),
        Colour.GREEN: _drive(24, "LAMP_GREEN", Claim.RECORDER),
        Colour.BLUE: _drive(25, "LAMP_BLUE", Claim.RECORDER),
    }
)
"""What lights each colour."""

LAMP_SENSE: Final[Mapping[Colour, Line]] = MappingProxyType(
    {
        Colour.RED: Line(bcm=5, name="LAMP_RED_SENSE", claim=Claim.RECORDER),
        Colour.GREEN: Line(bcm=6, name="LAMP_GREEN_SENSE", claim=Claim.RECORDER),
        Colour.BLUE: Line(bcm=12, name="LAMP_BLUE_SENSE", claim=Claim.RECORDER),
    }
)
"""What is low while current flows through each colour: a broken light draws none."""

DOCK: Final = Line(bcm=16, name="DOCK_SENSE", claim=Claim.DOCK)
"""Low on the cradle."""

CASE: Final = Line(bcm=26, name="CASE_CLOSED", claim=Claim.RECORDER)
"""Low while the case is closed: a cut wire counts as an open case."""

KERNEL_LINES: Final = (
    Line(bcm=7, name="CHARGER_POWER_GOOD", claim=Claim.KERNEL),
    Line(bcm=8, name="CHARGER_CHARGING", claim=Claim.KERNEL),
    _drive(9, "AMPLIFIER_ON", Claim.KERNEL),
    _drive(13, "CAMERA_POWER", Claim.KERNEL),
)
"""Lines of drivers in the kernel: gpio-charger, max98357a, regulator-fixed."""

BUSES: Final[Mapping[int, str]] = MappingProxyType(
    {2: "I2C_SDA", 3: "I2C_SCL", 18: "I2S_CLOCK", 19: "I2S_FRAME", 20: "I2S_IN", 21: "I2S_OUT"}
)
"""Lines of the two buses, by BCM number."""

LINES: Final = (*BUTTONS.values(), *LAMP.values(), *LAMP_SENSE.values(), DOCK, CASE, *KERNEL_LINES)
"""Every line that is no bus."""
