"""A session judged under each of the five rulebooks.

A scenario is a session and what the rows it touches come to, text by text. Every other row comes to
what it does on a good day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from evidence.compliance import RowResult, assess
from evidence.verify import Bundle, Verdict, verify
from tests.kits.records.folders import Folder, bundle
from tests.kits.rules import rulebooks
from tests.kits.rules.days import Day, bureau_of

TEXTS: Final = tuple(rulebooks.NAMES)
BOOKS: Final = {text: rulebooks.read(text) for text in TEXTS}
MET, NOT, BESIDE, OPEN = "met", "not_met", "not_applicable", "open"
Expected = Mapping[str, Mapping[str, str]]
"""Text → row → what it comes to."""


def day(**opening: object) -> Day:
    """A day that has begun well."""
    one = Day(**opening)  # type: ignore[arg-type]
    one.arrive()
    one.still(400)
    one.work()
    return one


def good() -> Folder:
    return day().finish()


def under_all(**rows: str) -> Expected:
    return dict.fromkeys(TEXTS, rows)


def under(**texts: Mapping[str, str]) -> Expected:
    return texts


def plus(*parts: Expected) -> Expected:
    return {t: {r: s for part in parts for r, s in part.get(t, {}).items()} for t in TEXTS}


def judge(folder: Folder, ca_text: str = "S0") -> tuple[Bundle, Verdict]:
    judged = bundle(folder)
    return judged, verify(judged, bureau_of(ca_text).ca)


def states(results: list[RowResult]) -> dict[str, str]:
    return {one.row: one.state.value for one in results}


GOOD = {text: states(assess(*judge(good()), BOOKS[text])) for text in TEXTS}


@cache
def _judged(build: Callable[[], Folder]) -> tuple[Bundle, Verdict]:
    """Once for all texts."""
    return judge(build())


@dataclass(frozen=True)
class Scenario:
    """A session, what is different from a good day under each text, and when the report is."""

    build: Callable[[], Folder]
    expected: Expected = field(default_factory=dict)
    now: str | None = None

    def judged(self) -> tuple[Bundle, Verdict]:
        """The session and its verdict, for whoever assesses it."""
        return _judged(self.build)

    def check(self, text: str, found: list[RowResult]) -> None:
        """What is met has its proof, what is open its part; every row comes to what it should."""
        assert states(found) == {**GOOD[text], **self.expected.get(text, {})}
        for one in found:
            assert (one.state == MET) <= (one.proof is not None), one
            assert (one.state == OPEN) == (one.part is not None), one
            assert one.because_en, one
            assert one.because_zh, one
