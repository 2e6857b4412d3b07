"""Assignments that nobody has signed yet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evidence.assignment import Assignment, Standing


def a_word(**changes: Any) -> Assignment:
    """The bureau's word under which a day of ``rules.days`` begins: whose the recorder is."""
    honest = Assignment(
        device="REC-0001",
        number=4,
        standing=Standing.ASSIGNED,
        custodian="o-1",
        keeper="k-1",
        leader="l-1",
        approval="a-1",
        issued="2026-11-01T00:00:00.000000Z",
    )
    return replace(honest, **changes)
