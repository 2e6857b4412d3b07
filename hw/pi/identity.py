"""Which board, card, camera and microphone this recorder is made of (A9).

Owns where the kernel says so. Refuses to make up a serial number: a part that has none is named by
its model and where it is plugged in, and says that it has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hw.ports import Identity
from hw.types import Part, PartName

_ROOT = Path("/")


class PiIdentity(Identity):
    """The parts as the kernel names them.

    Args:
        root: Where ``proc`` and ``sys`` are; a folder in tests.
    """

    def __init__(self, root: Path = _ROOT) -> None:
        self._tree = root / "proc" / "device-tree"
        self._sys = root / "sys"
        self._sound = root / "proc" / "asound"

    def parts(self) -> tuple[Part, ...]:
        """What is there now, in the order of ``PartName``; a part that is missing is not in it."""
        return (*self._board(), *self._card(), *self._camera(), *self._microphone())

    def _board(self) -> Iterator[Part]:
        model = _text(self._tree / "model")
        if model:
            serial = _text(self._tree / "serial-number") or None
            yield Part(name=PartName.BOARD, model=model, serial=serial)

    def _card(self) -> Iterator[Part]:
        """The card that the system runs from: its CID holds maker, product, serial and date."""
        device = self._sys / "block" / "mmcblk0" / "device"
        cid = _text(device / "cid")
        if cid:
            yield Part(name=PartName.CARD, model=_text(device / "name"), serial=cid)

    def _camera(self) -> Iterator[Part]:
        """Sensors of the usual modules have no serial number that the kernel could read."""
        for name in sorted((self._sys / "class" / "video4linux").glob("v4l-subdev*/name")):
            sensor = _text(name)
            if _is_on_i2c(sensor):
                yield Part(name=PartName.CAMERA, model=sensor, serial=None)
                return

    def _microphone(self) -> Iterator[Part]:
        """The first sound card that records; a USB one has a serial number, an I2S one none."""
        for card in sorted(self._sound.glob("card*")):
            if not any(card.glob("pcm*c")):
                continue
            usb = self._sys / "class" / "sound" / card.name / "device" / ".." / "serial"
            yield Part(
                name=PartName.MICROPHONE, model=_text(card / "id"), serial=_text(usb) or None
            )
            return


def _is_on_i2c(sensor: str) -> bool:
    """Sensors are named ``imx708 10-001a``: model, bus and address."""
    _, _, place = sensor.partition(" ")
    bus, _, address = place.partition("-")
    return bus.isdigit() and len(address) == len("001a")


def _text(file: Path) -> str:
    """A device tree's strings end with a zero, the kernel's other files with a line end."""
    try:
        return file.read_text("utf-8").rstrip("\0\n ")
    except (OSError, UnicodeDecodeError):
        return ""
