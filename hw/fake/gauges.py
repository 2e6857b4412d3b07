"""The fake parts that are read: battery and storage; and the watchdog, which is petted.

Owns readings. Refuses judgement: what is too little is the rulebook's.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hw.errors import BatteryFault, StorageFault
from hw.fake.hang import hang_while
from hw.fake.link import WorldLink
from hw.fake.state import GaugeCondition, MediumCondition, WorldState
from hw.medium import prove_medium, read_medium
from hw.ports import Battery, Clock, Storage, Watchdog
from hw.types import BatteryReading, StorageReading

_EMPTY_MILLIVOLTS = 3_300
_FULL_MILLIVOLTS = 4_200


class FakeBattery(Battery):
    """One lithium cell, as charged as the world says."""

    def __init__(self, link: WorldLink) -> None:
        self._link = link

    def read(self) -> BatteryReading:
        """The state now; raises ``BatteryFault`` when the gauge does not answer."""
        state = hang_while(self._link, lambda state: state.gauge is GaugeCondition.HUNG)
        if not state.battery_answers:
            raise BatteryFault("battery", "the fuel gauge does not answer")
        span = _FULL_MILLIVOLTS - _EMPTY_MILLIVOLTS
        return BatteryReading(
            percent=state.battery_percent if state.battery_says is None else state.battery_says,
            millivolts=_EMPTY_MILLIVOLTS + span * state.battery_percent // 100,
            charging=state.battery_charging,
        )


class FakeStorage(Storage):
    """The real medium under ``folder``, no freer and no better than the world says."""

    def __init__(self, link: WorldLink, folder: Path) -> None:
        self._link = link
        self._folder = folder

    def read(self) -> StorageReading:
        """The state now; raises ``StorageFault`` when the folder cannot be read."""
        state = self._present()
        true = read_medium(self._folder)
        free = true.free_bytes
        return replace(
            true,
            free_bytes=free if state.free_bytes is None else min(free, state.free_bytes),
            writable=state.storage_writable and true.writable,
        )

    def prove(self, path: Path, content: bytes) -> bytes:
        """Write, sync and read back past the kernel's memory.

        Raises:
            StorageFault: The medium is gone, full, read-only or broken.
        """
        hang_while(self._link, lambda state: state.medium is MediumCondition.HUNG)
        state = self._present()
        if not state.storage_writable or state.free_bytes == 0:
            raise StorageFault("storage", "the medium takes nothing: it is read-only or full")
        read = prove_medium(path, content)
        return bytes(len(read)) if state.medium is MediumCondition.LYING else read

    def _present(self) -> WorldState:
        state = self._link.state()
        if state.medium is MediumCondition.GONE:
            raise StorageFault("storage", "the medium does not answer")
        return state


class FakeWatchdog(Watchdog):
    """A watchdog that bites nobody.

    Attributes:
        pets: How often it was petted.
        last_pet_ns: When it was petted last, device time; None before the first time.
        stopped: Why the process said that it ends; None while it has not.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.pets = 0
        self.last_pet_ns: int | None = None
        self.stopped: str | None = None

    def pet(self) -> None:
        """Count."""
        self.pets += 1
        self.last_pet_ns = self._clock.monotonic_ns()

    def stopping(self, why: str) -> None:
        """Remember why."""
        self.stopped = why
