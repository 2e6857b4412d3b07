"""Watching the room that is left while a session is open.

Owns the levels at which the officer is told and the session is closed cleanly. Refuses to make
room: nothing recorded is ever given up for something new.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agent.vault.store.medium import Medium
from evidence.rulebook import Rulebook
from hw.errors import HardwareFault, StorageFault

OK: Final = "ok"
UNKNOWN: Final = "unknown"
_LOOK_EVERY_NS: Final = 5 * 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceChange:
    """The level has changed.

    Attributes:
        level: ``ok``, ``warn``, ``alarm``, ``close`` or ``full`` (what is left of the reserve is
            for the end); ``unknown`` where the medium does not say, or says that it takes nothing.
        free_bytes: What the medium says.
        minutes: Of recording at the expected rate.
        fault: Why it is not known.
    """

    level: str
    free_bytes: int = 0
    minutes: int = 0
    fault: HardwareFault | None = None

    @property
    def ends_session(self) -> bool:
        """Whether the session has to be closed while it still can be closed cleanly."""
        return self.level in ("close", "full")


class SpaceWatch:
    """Looks every 5 s, and at every beat once the reserve was touched.

    Args:
        medium: Knows the room.
        book: Gives the levels in minutes.
        bits_per_second: Expected rate of the media.

    Attributes:
        now: What the last look found.
    """

    def __init__(self, medium: Medium, book: Rulebook, bits_per_second: int) -> None:
        self._medium = medium
        self._bits_per_second = bits_per_second
        self._segment_seconds = book.number("segment.seconds")
        self._levels = [
            (book.number(f"storage.{level}_minutes"), level) for level in ("close", "alarm", "warn")
        ]
        self.now = SpaceChange(level=OK)
        self._looked_ns: int | None = None

    def look(self, now_ns: int) -> SpaceChange | None:
        """The change since the last look, or None."""
        recently = self._looked_ns is not None and now_ns - self._looked_ns < _LOOK_EVERY_NS
        if recently and not self._medium.gave_reserve:
            return None
        self._looked_ns = now_ns
        before, self.now = self.now, self._read()
        return None if self.now.level == before.level else self.now

    def _read(self) -> SpaceChange:
        try:
            if not self._medium.is_writable():
                raise StorageFault("storage", "the medium says that it takes nothing")
            self._medium.keep_chains_going()
            space = self._medium.space(self._bits_per_second, self._segment_seconds)
        except HardwareFault as fault:
            return SpaceChange(level=UNKNOWN, fault=fault)
        level = "full" if self._medium.reserve_is_low else self._level_of(space.minutes)
        return SpaceChange(level=level, free_bytes=space.free_bytes, minutes=space.minutes)

    def _level_of(self, minutes: int) -> str:
        return next((level for least, level in self._levels if minutes < least), OK)
