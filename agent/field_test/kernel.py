"""What the kernel says of the machine: heat, throttling, load, memory, watchdog, clock chip.

Owns the files that are read, under a root prefix. Refuses to guess: what is not there is None.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

THROTTLED_NOW: Final = 0b1111
"""Under-voltage, capped, throttled, soft limit: now."""


@dataclass(frozen=True, slots=True)
class Load:
    """Time of all cores so far, in ticks: busy, and all of it."""

    busy: int
    total: int

    def percent_since(self, before: Load) -> int:
        """How busy they were since, of all cores."""
        total = self.total - before.total
        return 0 if total <= 0 else round(100 * (self.busy - before.busy) / total)


class Kernel:
    """Reads the kernel's files.

    Args:
        root: Where ``proc`` and ``sys`` are.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def milli_celsius(self) -> int | None:
        """Temperature of the SoC."""
        return self._number("sys/class/thermal/thermal_zone0/temp")

    def throttled(self) -> int | None:
        """The firmware's word on under-voltage and throttling, bit by bit."""
        text = self._text("sys/devices/platform/soc/soc:firmware/get_throttled")
        return None if text is None else int(text, 16)

    def available_kib(self) -> int | None:
        """Memory that could be had."""
        for line in (self._text("proc/meminfo") or "").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1])
        return None

    def load(self) -> Load | None:
        """Time of all cores so far."""
        first = (self._text("proc/stat") or "").partition("\n")[0].split()[1:]
        ticks = [int(one) for one in first]
        if not ticks:
            return None
        idle = sum(ticks[3:5])
        return Load(sum(ticks) - idle, sum(ticks))

    def watchdog(self) -> tuple[str, str, int] | None:
        """Identity, state and timeout in seconds of the hardware's watchdog."""
        folder = "sys/class/watchdog/watchdog0"
        identity, state = self._text(f"{folder}/identity"), self._text(f"{folder}/state")
        timeout = self._number(f"{folder}/timeout")
        if identity is None or state is None or timeout is None:
            return None
        return identity, state, timeout

    def rtc_seconds(self) -> int | None:
        """Seconds since 1970 by the clock chip."""
        return self._number("sys/class/rtc/rtc0/since_epoch")

    def boots_signed(self) -> bool | None:
        """Whether the boot loader accepts signed systems alone."""
        file = self._root / "proc/device-tree/chosen/bootloader/signed"
        try:
            return any(file.read_bytes())
        except OSError:
            return None

    def release(self) -> str | None:
        """Which kernel runs."""
        return self._text("proc/sys/kernel/osrelease")

    def _number(self, path: str) -> int | None:
        text = self._text(path)
        return None if text is None else int(text)

    def _text(self, path: str) -> str | None:
        try:
            return (self._root / path).read_text(errors="replace").strip() or None
        except OSError:
            return None
