"""Faults, repair and care: what stops a recorder and what lets it go on (S0§18, S2§10, M1–M3).

Owns freezing, clearing and the keeper's notes. Refuses anybody's clearance but the keeper's:
``rules`` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from evidence.assignment import Standing
from provisioning.custody.days import day_of
from provisioning.custody.errors import CustodyError
from provisioning.custody.lines import Kind
from provisioning.custody.moves import Around, Entry, custody_of
from provisioning.custody.moves.people import tidy
from provisioning.custody.state import Care, State

REPAIR: Final = "repair"
FAULT: Final = "fault"
_LONGEST_NOTE: Final = 500


def noted(note: str) -> str:
    """What the clerk says of it.

    Raises:
        CustodyError: ``note``: nothing, or more than 500 characters.
    """
    told = tidy(note)
    if not 0 < len(told) <= _LONGEST_NOTE:
        raise CustodyError(f"--note has 1 to {_LONGEST_NOTE} characters", code="note")
    return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """The device is not used: it is at fault, or in repair.

    Attributes:
        device: Device id.
        because: ``fault`` or ``repair``.
        note: What happened, or where it went.
    """

    device: str
    because: str
    note: str

    def entries(self, state: State, around: Around) -> Sequence[Entry]:
        """One line, or none where that is what it is frozen for."""
        del around
        custody = custody_of(state, self.device)
        because = custody.words[-1].because if custody.words else None
        said = (custody.standing, because, custody.note)
        if said == (Standing.FROZEN, self.because, noted(self.note)):
            return ()
        fields = {
            "device": self.device,
            "number": custody.number + 1,
            "because": self.because,
            "note": noted(self.note),
        }
        return (Entry(Kind.FROZEN, fields),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clear:
    """The keeper says that it is in order again; whoever had it has it again.

    Attributes:
        device: Device id.
        keeper: Who says so.
        note: What was done.
    """

    device: str
    keeper: str
    note: str

    def entries(self, state: State, around: Around) -> Sequence[Entry]:
        """One line; none where neither bureau nor device has stopped it since it was cleared."""
        custody = custody_of(state, self.device)
        stopped = around.desk.docked(self.device).stopped
        latched = stopped is not None and custody.cleared <= stopped.assignment
        if custody.standing in _RUNNING and custody.cleared == custody.number and not latched:
            return ()
        fields = {
            "device": self.device,
            "number": custody.number + 1,
            "keeper": self.keeper,
            "note": noted(self.note),
        }
        return (Entry(Kind.CLEARED, fields),)


_RUNNING: Final = (Standing.ASSIGNED, Standing.UNASSIGNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintain:
    """The keeper looked after it (M3): charged, cleaned, checked.

    Attributes:
        device: Device id.
        keeper: Who.
        note: What was done.
    """

    device: str
    keeper: str
    note: str

    def entries(self, state: State, around: Around) -> Sequence[Entry]:
        """One line, or none where it says so for today already."""
        custody = custody_of(state, self.device)
        care = Care(day_of(around.utc), self.keeper, noted(self.note))
        if custody.maintained == care:
            return ()
        fields = {"device": self.device, **asdict(care)}
        return (Entry(Kind.MAINTAINED, fields),)
