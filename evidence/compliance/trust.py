"""What the verifier's findings leave of the records' word.

Owns the rule that a record proves nothing in a file that does not verify. Refuses to look for
itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from evidence.compliance.result import Part, Proof, Ruling, State
from evidence.ids import DEVICE_LOG_NAME, JOURNAL_NAME
from evidence.verify import Severity, Verdict

_PAPERS: Final = frozenset(
    {JOURNAL_NAME, DEVICE_LOG_NAME, "receipt-committed.jws", "receipt-stored.jws"}
)


@dataclass(frozen=True, slots=True)
class Broken:
    """The first finding that breaks the evidence."""

    code: str
    proof: Proof


def broken_by(verdict: Verdict) -> Broken | None:
    """The finding that breaks it; None where the evidence verifies."""
    found = next(iter(verdict.of(Severity.BROKEN)), None)
    if found is None:
        return None
    return Broken(found.code, Proof(found.file or JOURNAL_NAME, found.record))


def doubtful_files(verdict: Verdict) -> frozenset[str]:
    """Files whose records prove nothing: a finding without a file casts doubt on all."""
    found: set[str] = set()
    for one in verdict.of(Severity.BROKEN):
        found |= _PAPERS if one.file is None else {one.file}
    return frozenset(found & _PAPERS)


def weigh(ruling: Ruling, doubtful: frozenset[str]) -> Ruling:
    """The ruling, or ``open`` where it is met by a record that proves nothing any more."""
    if ruling.state is not State.MET or not doubtful:
        return ruling
    if ruling.proof is not None and ruling.proof.file not in doubtful:
        return ruling
    return replace(
        ruling,
        state=State.OPEN,
        part=Part.DESK,
        because_en=f"{ruling.because_en}; but that file does not verify",
        because_zh=f"{ruling.because_zh}；但该文件未通过核验",
    )
