"""One event's rows: one for each phase, none left out.

Owns the shape and the reasons why an event may change nothing. Refuses an event without a row: the
type checker sees one that is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, assert_never

from agent.session.moves.steps import Step
from agent.session.states import Phase, Session

Move = Callable[[Session, Any], Step]


@dataclass(frozen=True, slots=True)
class Ignored:
    """The event changes nothing, and ``because`` says why."""

    because: str


Row = Move | Ignored


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What one event does in each phase."""

    starting: Row
    idle: Row
    opening: Row
    announcing: Row
    recording: Row
    confirming: Row
    stopping: Row

    def of(self, phase: Phase) -> Row:  # noqa: PLR0911 - one answer for each phase
        """The row of ``phase``."""
        match phase:
            case Phase.STARTING:
                return self.starting
            case Phase.IDLE:
                return self.idle
            case Phase.OPENING:
                return self.opening
            case Phase.ANNOUNCING:
                return self.announcing
            case Phase.RECORDING:
                return self.recording
            case Phase.CONFIRMING:
                return self.confirming
            case Phase.STOPPING:
                return self.stopping
            case _:
                assert_never(phase)


NO_SESSION: Final = Ignored("nothing is recorded")
LATER: Final = Ignored("the tap or the hold that follows says what is meant")
ENDED: Final = Ignored("the recording has ended; only its closing is awaited")
UNASKED: Final = Ignored("no question of this process is open")
NOTHING_SENT: Final = Ignored("no media has gone to the vault yet")
NOTHING_AWAITED: Final = Ignored("nothing waits for it")
NOBODY_ASKED: Final = Ignored("the officer is asked for nothing")
SILENT: Final = Ignored("nothing is being announced")
BEFORE: Final = Ignored("it speaks of the session before")
BOUNCE: Final = Ignored("it belongs to the press that asked for the end")
NO_VAULT: Final = Ignored("no vault has answered that could say so")
NO_STILL: Final = Ignored("the session that the still belongs to has ended")
