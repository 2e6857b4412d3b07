"""What a clerk can do to people and devices, each as lines for the ledger.

A move looks at the state and says what has to be written so that it holds; where it holds already,
nothing. ``rules`` judges every line before it is written; no move knows files or keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from evidence.canonical import JsonObject
from provisioning.custody import lines, rules
from provisioning.custody.docked import Docked
from provisioning.custody.errors import CustodyError
from provisioning.custody.lines import Kind
from provisioning.custody.rules import Circumstances, Signatory
from provisioning.custody.state import Custody, State, advance


@dataclass(frozen=True, slots=True)
class Entry:
    """A line to be written: what it says, and by whose key."""

    kind: Kind
    fields: JsonObject
    by: Signatory = Signatory.CLERK


class Holdings(Protocol):
    """What the desk holds of devices."""

    def docked(self, device: str) -> Docked:
        """What it holds of one, verified."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a move is made under.

    Attributes:
        utc: When.
        asks_training: Whether the rulebook in force asks for valid training (A8).
        desk: What it holds of devices.
    """

    utc: str
    asks_training: bool
    desk: Holdings


class Move(Protocol):
    """One thing a clerk wants to be so."""

    def entries(self, state: State, around: Around) -> Sequence[Entry]:
        """The lines that make it so; none where it is so already.

        Raises:
            CustodyError: It cannot be asked for like this.
        """


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would be written, and what would be so then.

    Attributes:
        entries: Lines, in order.
        state: After them.
        refused: Row of what was asked → why not.
    """

    entries: tuple[Entry, ...]
    state: State
    refused: dict[int, CustodyError] = field(default_factory=dict)


def propose(state: State, rows: Iterable[Sequence[Move]], around: Around) -> Proposal:
    """What has to be written so that every row holds; a row holds whole or is refused whole."""
    written: list[Entry] = []
    refused = {}
    for number, row in enumerate(rows):
        try:
            state, entries = _row(state, row, around)
        except CustodyError as error:
            refused[number] = error
        else:
            written += entries
    return Proposal(tuple(written), state, refused)


def _row(state: State, row: Sequence[Move], around: Around) -> tuple[State, list[Entry]]:
    written = []
    for move in row:
        for entry in move.entries(state, around):
            lines.check_fields(entry.kind, entry.fields)
            circumstances = Circumstances(
                utc=around.utc, by=entry.by, asks_training=around.asks_training
            )
            rules.judge(state, entry.kind, entry.fields, circumstances)
            state = advance(state, {**entry.fields, "t": str(entry.kind), "utc": around.utc})
            written.append(entry)
    return state, written


def custody_of(state: State, device: str) -> Custody:
    """One device.

    Raises:
        CustodyError: ``unknown_device``: it is not enrolled.
    """
    custody = state.devices.get(device)
    if custody is None or custody.enrolled is None:
        raise CustodyError(f"{device} is not enrolled", code="unknown_device")
    return custody
