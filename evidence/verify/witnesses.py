"""What others say of the journal: the device log and the bureau's receipts.

Owns weighing them against the journal at hand. Refuses to name one change twice: a journal that was
already found broken is not broken again by each witness.
"""

from __future__ import annotations

from dataclasses import dataclass

from evidence.ids import DEVICE_LOG_NAME, JOURNAL_NAME
from evidence.verify.findings import Findings


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalFacts:
    """The journal as it is, or as a witness says it was closed.

    Attributes:
        sha256: Of the whole file.
        size: Bytes; None where the witness does not say.
        root: Merkle root; None where it could not be learnt.
        counter: Device counter; None where it could not be learnt.
    """

    sha256: str
    size: int | None = None
    root: str | None = None
    counter: int | None = None

    def differs(self, other: JournalFacts) -> list[str]:
        """What both say, and differently."""
        names = ("sha256", "size", "root", "counter")
        pairs = [(name, getattr(self, name), getattr(other, name)) for name in names]
        return [n for n, mine, theirs in pairs if None not in (mine, theirs) and mine != theirs]


@dataclass(frozen=True, slots=True)
class Witness:
    """One witness: the file it stands in, the record there, and what it says."""

    file: str
    record: int | None
    facts: JournalFacts


def weigh(
    journal: JournalFacts,
    witnesses: list[Witness],
    findings: Findings,
    *,
    sound: bool,
    closed: bool,
    last: int | None,
) -> bool:
    """Compare the journal with every witness.

    Args:
        journal: As it is.
        witnesses: Those that could be verified.
        findings: Takes what is found.
        sound: Whether nothing was found broken in the journal itself.
        closed: Whether it has its close record.
        last: Number of its last line.

    Returns:
        Whether the journal's end is known to be cut off.
    """
    odd = [(one, differs) for one in witnesses if (differs := journal.differs(one.facts))]
    if not odd:
        return False
    names = ", ".join(one.file for one, _ in odd)
    if not sound:
        findings.add("also_differs", names, file=JOURNAL_NAME)
    elif not closed:
        findings.add("journal_truncated", f"by {names}", file=JOURNAL_NAME, record=last)
        return True
    elif len(odd) == len(witnesses) and _agree([one.facts for one, _ in odd]):
        findings.add("journal_differs", f"by {names}", file=JOURNAL_NAME)
    else:
        for one, differs in odd:
            code = "log_differs" if one.file == DEVICE_LOG_NAME else "receipt_differs"
            findings.add(code, ", ".join(differs), file=one.file, record=one.record)
    return False


def _agree(facts: list[JournalFacts]) -> bool:
    return all(not one.differs(facts[0]) for one in facts)
