"""Looking at the switch under the lid (A9).

Owns when a lid that is lifted or put back is worth an event. Refuses every flutter of a worn
switch: an opening is told at once, the next one after ten seconds.
"""

from __future__ import annotations

from typing import Final

from agent.preflight.case import OPEN
from agent.session.events import Event, PartFailed, PartRecovered
from hw.ports import Case

PART: Final = "case"
RESTS_NS: Final = 10_000_000_000
"""So long a lid that was open counts as open."""


class Lid:
    """Looks at ``case``.

    Args:
        case: The switch.
    """

    def __init__(self, case: Case) -> None:
        self._case = case
        self._open = False
        self._told_ns = 0

    def look(self, now_ns: int) -> tuple[Event, ...]:
        """What is worth an event at ``now_ns``."""
        is_open = self._case.is_open()
        if is_open is self._open or (self._open and now_ns - self._told_ns < RESTS_NS):
            return ()
        self._open, self._told_ns = is_open, now_ns
        if is_open:
            return (PartFailed(PART, OPEN, "nothing presses the switch under the lid"),)
        return (PartRecovered(PART),)
