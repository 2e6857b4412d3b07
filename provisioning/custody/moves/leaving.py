"""Somebody leaves the bureau (离任、调离).

Owns the one line by which they have no recorder and are on no roster any more. Refuses to touch
recorders one by one: what follows for each of them is the line's replay, so that a command that was
cut short is finished by any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from provisioning.custody.errors import CustodyError
from provisioning.custody.lines import Kind
from provisioning.custody.moves import Around, Entry
from provisioning.custody.moves.repairing import noted
from provisioning.custody.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Somebody is no longer of the bureau.

    Attributes:
        id: Who.
        note: Why, or where to.
    """

    id: str
    note: str

    def entries(self, state: State, around: Around) -> Sequence[Entry]:
        """One line, or none where they have left already."""
        del around
        known = state.people.get(self.id)
        if known is None:
            raise CustodyError(
                f"{self.id[:40]!r} is not among the bureau's people", code="unknown_person"
            )
        if known.left is not None:
            return ()
        return (Entry(Kind.LEFT, {"id": self.id, "note": noted(self.note)}),)
