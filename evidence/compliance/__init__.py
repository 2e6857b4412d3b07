"""One session against every row of the rules: met, not met, not applicable, or open.

A bureau's rulebook decides which rows apply; the records decide how they stand. ``assess`` gives
each of the 104 rows a state, the reason in two languages, and the record that proves it. A row that
records cannot answer is ``open`` and names the part that will: hardware, provisioning or desk.
Nothing here opens a recording: what was said and shown is for whoever looks at it. A row without
a key of its own applies to every bureau.

Judged is what verified records say. In a file that does not verify no record proves anything: what
it would have proved is open again.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from evidence.assignment import Assignment
from evidence.compliance import (
    a_custody,
    b_preflight,
    c_arrival,
    d_content,
    e_continuity,
    g_integrity,
    h_handin,
    i_papers,
    j_keeping,
    m_upkeep,
)
from evidence.compliance.reading import Reading
from evidence.compliance.result import Facts, Judge, Part, Proof, RowResult, State
from evidence.compliance.rows import ROWS, Row
from evidence.compliance.trust import doubtful_files, weigh
from evidence.plan import Particulars
from evidence.rulebook import Rulebook
from evidence.verify import Bundle, Verdict

__all__ = ["JUDGES", "ROWS", "Part", "Proof", "Row", "RowResult", "State", "assess"]

JUDGES: Final[Mapping[str, Judge]] = MappingProxyType(
    {
        row: judge
        for part in (
            a_custody,
            b_preflight,
            c_arrival,
            d_content,
            e_continuity,
            g_integrity,
            h_handin,
            i_papers,
            j_keeping,
            m_upkeep,
        )
        for row, judge in part.RULES.items()
    }
)
"""Row → who judges it."""


def assess(
    bundle: Bundle,
    verdict: Verdict,
    rulebook: Rulebook,
    plan_facts: Particulars | None = None,
    *,
    now: str | None = None,
    assignment: Assignment | None = None,
) -> list[RowResult]:
    """Judge one session by every row.

    Args:
        bundle: The session, as it was verified.
        verdict: What verifying it gave.
        rulebook: The rulebook to judge by: the one it was opened under, or another to compare.
        plan_facts: What the session plan says under its seal; None where it was not opened.
        now: UTC; None where nothing is to be called late that may still come in.
        assignment: The bureau's word whose number the session names, read from its signed form;
            None where it is not at hand.

    Returns:
        One result for each row of ``ROWS``, in order.
    """
    facts = Facts(
        reading=Reading(bundle),
        verdict=verdict,
        book=rulebook,
        plan=plan_facts,
        now=now,
        assignment=assignment,
    )
    doubtful = doubtful_files(verdict)
    results = []
    for row in ROWS:
        one = weigh(JUDGES[row](facts), doubtful)
        results.append(
            RowResult(row, one.state, one.proof, one.because_en, one.because_zh, one.part)
        )
    return results
