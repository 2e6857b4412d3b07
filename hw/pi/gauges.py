"""The parts that are read on a Raspberry Pi: battery, storage, temperature.

Owns where the kernel says what. Refuses judgement: what is too little or too hot is the
rulebook's.
"""

from __future__ import annotations

from pathlib import Path

from hw.errors import BatteryFault, HardwareFault
from hw.medium import prove_medium, read_medium
from hw.ports import Battery, Storage
from hw.types import BatteryReading, StorageReading

_ROOT = Path("/")
_CHARGING = frozenset({"Charging", "Full"})
_KNOWN = _CHARGING | {"Discharging", "Not charging"}


class PiBattery(Battery):
    """The fuel gauge, whatever its chip: the kernel's power supplies are told apart by type.

    Args:
        root: Where ``sys`` is; a folder in tests.
    """

    def __init__(self, root: Path = _ROOT) -> None:
        self._supplies = root / "sys" / "class" / "power_supply"

    def read(self) -> BatteryReading:
        """The state now.

        Charging is what the gauge or the charger says; a gauge of neither word (MAX17048) is
        charging while something feeds the recorder.

        Raises:
            BatteryFault: No gauge is there, or it does not answer.
        """
        gauge = self._gauge()
        return BatteryReading(
            percent=max(0, min(100, _number(gauge / "capacity"))),
            millivolts=_number(gauge / "voltage_now") // 1000,
            charging=self._charging(gauge),
        )

    def _gauge(self) -> Path:
        found = [supply for supply in self._of_type("Battery") if not _of_a_device(supply)]
        if not found:
            raise BatteryFault(
                "battery",
                f"no fuel gauge among {self._supplies}/*/type; is the overlay loaded"
                " (dtoverlay=recorder) and the gauge on the I2C bus (i2cdetect -y 1: 36)?",
            )
        return found[0]

    def _charging(self, gauge: Path) -> bool:
        chargers = self._of_type("Mains", "USB")
        for supply in (gauge, *chargers):
            if (status := _text(supply / "status")) in _KNOWN:
                return status in _CHARGING
        return any(_text(supply / "online") == "1" for supply in chargers)

    def _of_type(self, *types: str) -> list[Path]:
        supplies = sorted(self._supplies.glob("*"))
        return [supply for supply in supplies if _text(supply / "type") in types]


class PiStorage(Storage):
    """The medium under ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self) -> StorageReading:
        """The state now; raises ``StorageFault`` when the folder cannot be read."""
        return read_medium(self._folder)

    def prove(self, path: Path, content: bytes) -> bytes:
        """Write, sync and read back past the kernel's memory.

        Raises:
            StorageFault: The medium is gone, full, read-only or broken.
        """
        return prove_medium(path, content)


def temperature_millicelsius(root: Path = _ROOT) -> int:
    """The SoC's temperature, thousandths of a degree.

    Raises:
        HardwareFault: The kernel shows none.
    """
    zones = root / "sys" / "class" / "thermal"
    for zone in sorted(zones.glob("thermal_zone*")):
        if _text(zone / "type").startswith("cpu"):
            return _number(zone / "temp", HardwareFault)
    raise HardwareFault("temperature", f"no zone of the CPU among {zones}/thermal_zone*/type")


def _of_a_device(supply: Path) -> bool:
    """Whether it is the battery of a mouse or the like."""
    return _text(supply / "scope") == "Device"


def _text(file: Path) -> str:
    """What the kernel says there; nothing where it says nothing."""
    try:
        return file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _number(file: Path, fault: type[HardwareFault] = BatteryFault) -> int:
    try:
        return int(file.read_text("ascii"))
    except (OSError, ValueError) as error:
        raise fault(fault.code, f"{file} does not answer: {error}") from error
