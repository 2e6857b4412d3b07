"""Time on a Raspberry Pi.

Owns every reading of a clock and every wait of the real body, and how far the wall clock is to be
trusted: what disciplines it (the kernel knows), else whether the battery-backed clock agrees.
Refuses to set any clock, and to call a time good that nobody vouches for.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from evidence.moments import RELEASED_NS
from hw.ports import Clock
from hw.types import ClockQuality

_SECOND_NS = 1_000_000_000
_STA_UNSYNC = 0x0040
_TIME_ERROR = 5
_AGREES_NS = 2_000_000_000
"""The clock chip tells whole seconds."""
_ROOT = Path("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Discipline:
    """What the kernel says of its wall clock.

    Attributes:
        synchronised: Whether a time source steers it now.
        max_error_us: The kernel's bound of its error, microseconds; it grows while nobody steers.
    """

    synchronised: bool
    max_error_us: int


class PiClock(Clock):
    """The machine's clock.

    Args:
        root: Where ``sys`` is; a folder in tests.
        discipline: Asks the kernel.
    """

    def __init__(
        self, root: Path = _ROOT, discipline: Callable[[], Discipline] | None = None
    ) -> None:
        self._rtc = root / "sys" / "class" / "rtc"
        self._discipline = discipline or ask_kernel

    def utc_ns(self) -> int:
        """The wall clock."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """CLOCK_BOOTTIME."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    def quality(self) -> ClockQuality:
        """``ntp`` with the kernel's bound, else ``rtc`` or ``last_known`` or ``none``, unbounded.

        chrony needs its directive ``rtcsync`` for the kernel to know; systemd-timesyncd tells it
        always.
        """
        kernel = self._discipline()
        if kernel.synchronised:
            return ClockQuality(source="ntp", error_ms=-(-kernel.max_error_us // 1000))
        if self.utc_ns() < RELEASED_NS:
            return ClockQuality(source="none", error_ms=None)
        source = "rtc" if self._agrees_with_rtc() else "last_known"
        return ClockQuality(source=source, error_ms=None)

    def wait(self, event: Event, seconds: float) -> bool:
        """Wait for ``event`` in real time."""
        return event.wait(max(0.0, seconds))

    def _agrees_with_rtc(self) -> bool:
        """Whether a clock chip says the same; one whose battery failed says nothing.

        Raspberry Pi's kernels do not set the time from the chip, and do not note who did.
        """
        told = [_seconds(rtc) for rtc in sorted(self._rtc.glob("rtc*/since_epoch"))]
        utc_ns = self.utc_ns()
        return any(
            seconds is not None and abs(utc_ns - seconds * _SECOND_NS) <= _AGREES_NS
            for seconds in told
        )


def _seconds(file: Path) -> int | None:
    try:
        return int(file.read_text("ascii"))
    except (OSError, ValueError):
        return None


class _Timex(ctypes.Structure):
    """``struct timex`` of ``adjtimex(2)``, up to what is read here."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def ask_kernel() -> Discipline:
    """Read the kernel's clock discipline (``adjtimex(2)`` with no mode set changes nothing)."""
    timex = _Timex()
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    steered = 0 <= state < _TIME_ERROR and not timex.status & _STA_UNSYNC
    return Discipline(synchronised=steered, max_error_us=timex.maxerror)
