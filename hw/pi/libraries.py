"""Loading the third-party drivers, late and with an answer where one is missing.

Owns the table of what each library is for and how a person gets it. Refuses to go on without one:
there is no half a driver.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any, TypeAlias

from hw.errors import MissingPartFault

Foreign: TypeAlias = Any
"""An object of a library that has no types."""

_FROM_APT = {
    "gpiozero": ("buttons", "python3-gpiozero"),
    "gpiozero.pins.lgpio": ("buttons", "python3-lgpio"),
    "picamera2": ("camera", "python3-picamera2"),
    "picamera2.encoders.h264_encoder": ("camera", "python3-picamera2"),
    "picamera2.encoders.encoder": ("camera", "python3-picamera2"),
    "picamera2.outputs": ("camera", "python3-picamera2"),
    "picamera2.request": ("camera", "python3-picamera2"),
    "pyaudio": ("speaker", "python3-pyaudio"),
    "sounddevice": ("microphone", "libportaudio2 python3-sounddevice"),
}
"""Module: the part that needs it, and Debian's packages that bring it."""


def library(name: str) -> ModuleType:
    """Import the third-party module ``name``.

    Raises:
        MissingPartFault: It is not installed, or what it stands on is not.
    """
    part, packages = _FROM_APT[name]
    try:
        return import_module(name)
    except (ImportError, OSError) as error:
        raise MissingPartFault(
            part, f"the library {name} cannot be loaded ({error}); next: apt install {packages}"
        ) from error
