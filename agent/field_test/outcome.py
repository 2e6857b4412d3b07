"""What came of a step.

Owns the three states and the measures that go into the report. Refuses words for people: a cause is
a stable code, and ``words`` has it in Chinese.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique

Measure = int | str | bool
Measures = Mapping[str, Measure]


@unique
class State(StrEnum):
    """How a step ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a step.

    Attributes:
        state: See ``State``.
        cause: Why it failed or was not made, a code; None where it passed.
        detail: For people who read the report's JSON, English.
        measures: Whole numbers with their unit in their name, texts, facts.
    """

    state: State
    cause: str | None = None
    detail: str = ""
    measures: Measures = field(default_factory=dict)


def passed(**measures: Measure) -> Outcome:
    """It is as it should be."""
    return Outcome(State.PASSED, measures=measures)


def failed(cause: str, detail: str = "", /, **measures: Measure) -> Outcome:
    """It is not."""
    return Outcome(State.FAILED, cause, detail, measures)


def skipped(cause: str) -> Outcome:
    """It was not made."""
    return Outcome(State.SKIPPED, cause)
