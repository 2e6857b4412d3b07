"""The end of a recorder: lost, revoked, retired.

Owns what is asked before one goes. Refuses to undo it: an id that ended is never used again. What
the device recorded before stays valid; it is the bureau that no longer takes from it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from evidence.assignment import Standing
from provisioning.custody.errors import CustodyError
from provisioning.custody.lines import Kind
from provisioning.custody.moves import Around, Entry, custody_of
from provisioning.custody.moves.assigning import emptied
from provisioning.custody.moves.repairing import noted
from provisioning.custody.rules import Signatory
from provisioning.custody.state import Custody, State

_REASON: Final = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,63}")


def _ended(custody: Custody, because: str | None = None) -> bool:
    last = custody.ended
    return last is not None and because in (None, last.because)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lose:
    """The device is lost (遗失): from now on nobody believes it."""

    device: str
    note: str

    def entries(self, state: State, around: Around) -> Sequence[Entry]:
        """One line, or none where it is lost already."""
        del around
        custody = custody_of(state, self.device)
        if _ended(custody, Kind.LOST):
            return ()
        fields = {"device": self.device, "number": custody.number + 1, "note": noted(self.note)}
        return (Entry(Kind.LOST, fields),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoke:
    """The device's keys are no longer trusted.

    Attributes:
        device: Device id.
        reason: A lower-case code.
    """

    device: str
    reason: str

    def entries(self, state: State, around: Around) -> Sequence[Entry]:
        """One line, or none where its days are over already, for whatever reason."""
        del around
        if _REASON.fullmatch(self.reason) is None:
            raise CustodyError(
                "--reason is a lower-case code, for example compromised", code="reason"
            )
        custody = custody_of(state, self.device)
        if _ended(custody):
            return ()
        fields = {"device": self.device, "number": custody.number + 1, "reason": self.reason}
        return (Entry(Kind.REVOKED, fields),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retire:
    """The device is taken out of service (报废), after its return.

    Attributes:
        device: Device id.
        left: Why it goes though nobody could empty it; the head signs that. None where it was
            emptied, or never used.
    """

    device: str
    left: str | None = None

    def entries(self, state: State, around: Around) -> Sequence[Entry]:
        """One line, or none where it is retired already."""
        custody = custody_of(state, self.device)
        if _ended(custody, Kind.RETIRED):
            return ()
        fields: dict[str, Any] = {
            "device": self.device,
            "number": custody.number + 1,
            "docked": None,
            "left": None if self.left is None else noted(self.left),
        }
        by = Signatory.CLERK if self.left is None else Signatory.HEAD
        free = custody.custodian is None and custody.standing is not Standing.ENDED
        if free and custody.intervals and self.left is None:
            fields["docked"] = emptied(custody, around.desk.docked(self.device))
        return (Entry(Kind.RETIRED, fields, by),)
