"""Time on the fake board: the machine's own, or time that jumps.

Owns every reading of a clock and every wait of the fake body. Refuses opinion: how wrong the wall
clock is and how far it is to be trusted comes from the world.
"""

from __future__ import annotations

import time
from threading import Condition, Event
from typing import Protocol, runtime_checkable

from hw.fake.link import WorldLink
from hw.ports import Clock
from hw.types import ClockQuality

_JUMPING_UTC_NS = 1_767_578_400_000_000_000  # 2026-01-05 02:00 UTC, a Monday morning in China
_JUMPING_BOOT_NS = 60_000_000_000
_POLL_SECONDS = 0.002
_NTP = ClockQuality(source="ntp", error_ms=50)


def boottime_ns() -> int:
    """CLOCK_BOOTTIME of the machine, nanoseconds: the same in all processes."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


@runtime_checkable
class PacedClock(Clock, Protocol):
    """A clock that also paces the sources of media: camera, microphone, loudspeaker.

    A source joins, reaches one device time after the other, and leaves.
    """

    def join(self, source: str) -> None:
        """``source`` takes part from now on."""

    def leave(self, source: str) -> None:
        """``source`` no longer takes part. Idempotent."""

    def reach(self, source: str, at_ns: int, stop: Event) -> bool:
        """Wait until device time ``at_ns``; False when ``stop`` was set before."""


class SystemClock(PacedClock):
    """The machine's clock. A source is paced by real time alone."""

    def utc_ns(self) -> int:
        """The machine's wall clock."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """The machine's CLOCK_BOOTTIME."""
        return boottime_ns()

    def quality(self) -> ClockQuality:
        """That of a machine on the network; the world says otherwise through ``WorldClock``."""
        return _NTP

    def wait(self, event: Event, seconds: float) -> bool:
        """Wait for ``event`` in real time."""
        return event.wait(max(0.0, seconds))

    def join(self, source: str) -> None:
        """Real time needs no agreement between sources."""

    def leave(self, source: str) -> None:
        """Real time needs no agreement between sources."""

    def reach(self, source: str, at_ns: int, stop: Event) -> bool:
        """Wait in real time."""
        return not stop.wait(max(0.0, (at_ns - self.monotonic_ns()) / 1e9))


class JumpingClock(PacedClock):
    """Time that passes only because somebody waits for it.

    With no source of media running, a wait jumps to its end at once. While sources run, device
    time is that of the slowest of them: a source that asks for a later time is held until all
    others have come as far, so that pictures and sound stay together however fast or slow the
    encoder is.

    Args:
        settle_seconds: Real seconds that a jumping wait first gives other threads to set its event.
            0 for tests of a single thread.
    """

    def __init__(
        self,
        *,
        utc_ns: int = _JUMPING_UTC_NS,
        monotonic_ns: int = _JUMPING_BOOT_NS,
        settle_seconds: float = 0.0,
    ) -> None:
        self._now_ns = monotonic_ns
        self._utc_minus_monotonic_ns = utc_ns - monotonic_ns
        self._settle_seconds = settle_seconds
        self._sources: dict[str, int] = {}
        self._moved = Condition()

    def utc_ns(self) -> int:
        """Wall clock, running beside the monotonic one."""
        return self.monotonic_ns() + self._utc_minus_monotonic_ns

    def monotonic_ns(self) -> int:
        """Device time."""
        with self._moved:
            return self._now_ns

    def quality(self) -> ClockQuality:
        """Good, unless a world says otherwise through ``WorldClock``."""
        return _NTP

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass."""
        with self._moved:
            self._now_ns += round(seconds * 1e9)
            self._moved.notify_all()

    def wait(self, event: Event, seconds: float) -> bool:
        """Jump to the end of the wait, or let the running sources bring time there."""
        if event.is_set() or event.wait(self._settle_seconds):
            return True
        deadline_ns = self.monotonic_ns() + round(max(0.0, seconds) * 1e9)
        while not self._has_come(deadline_ns):
            if event.wait(_POLL_SECONDS):
                return True
        return event.is_set()

    def _has_come(self, deadline_ns: int) -> bool:
        with self._moved:
            if not self._sources:
                self._now_ns = max(self._now_ns, deadline_ns)
                self._moved.notify_all()
            return self._now_ns >= deadline_ns

    def join(self, source: str) -> None:
        """Hold time for ``source`` from now on."""
        with self._moved:
            self._sources[source] = self._now_ns

    def leave(self, source: str) -> None:
        """Hold time for ``source`` no longer."""
        with self._moved:
            self._sources.pop(source, None)
            self._follow_slowest()

    def reach(self, source: str, at_ns: int, stop: Event) -> bool:
        """Say how far ``source`` wants to be, and wait until all others are as far."""
        with self._moved:
            self._sources[source] = at_ns
            self._follow_slowest()
            while self._now_ns < at_ns and not stop.is_set():
                self._moved.wait(0.05)
        return not stop.is_set()

    def _follow_slowest(self) -> None:
        if self._sources:
            self._now_ns = max(self._now_ns, min(self._sources.values()))
        self._moved.notify_all()


class WorldClock(PacedClock):
    """The recorder's clock: ``source`` as the world lets the recorder see it.

    The zero of device time is fixed when the board is opened: a process does not live through a
    power cut.
    """

    def __init__(self, source: PacedClock, link: WorldLink) -> None:
        self._source = source
        self._link = link
        self._zero_ns = link.state().booted_at_ns

    def utc_ns(self) -> int:
        """The wall clock, as wrong as the world has made it."""
        state = self._link.state()
        stands_at_ns = state.clock_stands_at_ns
        now_ns = self._source.utc_ns() if stands_at_ns is None else stands_at_ns
        return now_ns + state.clock_offset_ns

    def monotonic_ns(self) -> int:
        """Nanoseconds since the recorder's boot."""
        return self._source.monotonic_ns() - self._zero_ns

    def device_ns(self, machine_ns: int) -> int:
        """The recorder's time of a stamp that the world made."""
        return machine_ns - self._zero_ns

    def quality(self) -> ClockQuality:
        """What the world says."""
        state = self._link.state()
        return ClockQuality(source=state.clock_source, error_ms=state.clock_error_ms)

    def wait(self, event: Event, seconds: float) -> bool:
        """Wait as the source does."""
        return self._source.wait(event, seconds)

    def join(self, source: str) -> None:
        """Join the source's pace."""
        self._source.join(source)

    def leave(self, source: str) -> None:
        """Leave the source's pace."""
        self._source.leave(source)

    def reach(self, source: str, at_ns: int, stop: Event) -> bool:
        """Wait until device time ``at_ns``."""
        return self._source.reach(source, at_ns + self._zero_ns, stop)
