"""Parts that do not answer.

Owns the wait of a call into a part that hangs: it returns when the part answers again, and not
before. Refuses device time: a hang is real, whatever the recorder's clock does.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

from hw.fake.link import WorldLink
from hw.fake.state import WorldState

_LOOK_SECONDS = 0.02


def hang_while(link: WorldLink, hangs: Callable[[WorldState], bool]) -> WorldState:
    """Do not return while ``hangs``; then say how the world is.

    Raises:
        MissingPartFault: The world has ended.
    """
    never = Event()
    while hangs(state := link.state()):
        never.wait(_LOOK_SECONDS)
    return state
