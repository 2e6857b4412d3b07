"""What a mutation is: one change by one hand, and what it has to be found as.

Owns the registry of kinds and the declaration that every mutation makes beforehand. Refuses to know
the
verifier: nothing here or in the kinds imports it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from evidence import ids, journal
from evidence.journal import NEWLINE
from tests.kits.records import forging
from tests.kits.records.folders import Folder
from tests.tamper.cases import Case

JOURNAL, LOG = ids.JOURNAL_NAME, ids.DEVICE_LOG_NAME
RECEIPTS = ("receipt-committed.jws", "receipt-stored.jws")
RULEBOOK, ROOT = "rulebook.json", "root.json"


@dataclass(frozen=True, slots=True)
class Expected:
    """The finding that has to be there.

    Attributes:
        codes: One of these.
        file: Where.
        record: Which record, or None where it is about a whole file.
        second: Which second of the session, or None where that is not told.
        also: Codes of further broken findings that the same change explains.
        severity: ``broken``, but for what nobody can tell from an interruption.
    """

    codes: frozenset[str]
    file: str
    record: int | None = None
    second: int | None = None
    also: frozenset[str] = frozenset()
    severity: str = "broken"


@dataclass(frozen=True, slots=True)
class Mutation:
    """A folder that was tampered with, and what has to be found."""

    folder: Folder
    expected: Expected


Kind = Callable[[Case, random.Random], Mutation]
KINDS: dict[str, Kind] = {}


def kind(function: Kind) -> Kind:
    """Register one kind of mutation under its name."""
    KINDS[function.__name__] = function
    return function


def found(
    code: str | set[str],
    file: str,
    record: int | None = None,
    *,
    second: int | None = None,
    also: set[str] | None = None,
    severity: str = "broken",
) -> Expected:
    codes = frozenset({code} if isinstance(code, str) else code)
    return Expected(codes, file, record, second, frozenset(also or ()), severity)


def changed(case: Case, name: str, content: bytes) -> Folder:
    return {**case.folder, name: content}


def a_chain(case: Case, dice: random.Random) -> str:
    """One of the two chains: the journal three times out of four."""
    return dice.choice((JOURNAL, JOURNAL, JOURNAL, LOG))


GONE = {"line_missing", "line_malformed"}
"""A record is gone: if a torn line stood before it, that now stands in its place."""


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a chain that is a record: where it stands, its ``i``, its bytes."""

    position: int
    number: int
    line: bytes


def all_places(case: Case, name: str) -> list[Place]:
    """Every line of a chain that is a record."""
    found = []
    for position, line in enumerate(case.lines(name)):
        records = journal.payloads(line + NEWLINE)
        if records:
            found.append(Place(position, records[0]["i"], line))
    return found


def replaced(case: Case, name: str, place: Place, *lines: bytes) -> Folder:
    all_lines = case.lines(name)
    all_lines[place.position : place.position + 1] = lines
    return changed(case, name, forging.join(all_lines))


def beside_torn(case: Case, name: str, place: Place) -> set[str]:
    """A record that cannot be read any more does not explain the torn line before it."""
    lines = case.lines(name)
    torn = place.position > 0 and not is_record(lines[place.position - 1])
    return {"line_malformed"} if torn else set()


def is_record(line: bytes) -> bool:
    return bool(journal.payloads(line + NEWLINE))


def mutate(case: Case, name: str, dice: random.Random) -> Mutation:
    """One mutation of the kind ``name`` that changes at least one byte."""
    while True:
        mutation = KINDS[name](case, dice)
        if mutation.folder != case.folder:
            return mutation


def journal_lines(folder: Folder) -> list[bytes]:
    return [line for line in journal.split(folder[JOURNAL]).complete if is_record(line)]
