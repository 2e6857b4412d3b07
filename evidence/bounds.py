"""Where a session begins and where it ends (记录开始、记录结束), by its rulebook and its activity.

Owns the codes of the two moments and the reading of a bureau's own list of items (S1 Annex), whose
rows say them in words. Refuses to guess: words that nobody knows are the item's own moments, and a
text that says nothing asks nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from evidence.activities import name_of
from evidence.rulebook import Rulebook

BEGINNINGS: Final[Mapping[str, str]] = {
    "before_entering": "进入或接近场所前",  # S0§11
    "on_arrival": "到达现场",  # S1§8, S4§9, S1 Annex
    "hearing_opened": "听证会开始",  # S1 Annex
    "item_begun": "记录事项开始",  # a list of a bureau's own
}
ENDINGS: Final[Mapping[str, str]] = {
    "after_notification": "事项告知完毕",  # S0§11
    "on_leaving": "离开现场",  # S1§8, S1 Annex
    "after_inspection": "检查、办案结束",  # S4§9
    "hearing_closed": "听证会结束",  # S1 Annex
    "item_done": "记录事项结束",
}

UNSTATED: Final = "unstated"
TOLD_BY_MARK: Final = frozenset({"hearing_opened", "item_begun"})
"""Beginnings that come some time after the press; at the others the press itself is the moment."""

_BEGIN_WORDS: Final = {"听证": "hearing_opened", "进入": "on_arrival", "到达": "on_arrival"}
_END_WORDS: Final = {
    "听证": "hearing_closed",
    "离开": "on_leaving",
    "告知": "after_notification",
    "检查结束": "after_inspection",
}


@dataclass(frozen=True, slots=True)
class Bounds:
    """The template of one session.

    Attributes:
        begins: Code of ``BEGINNINGS``, or ``unstated``.
        ends: Code of ``ENDINGS``, or ``unstated``.
        item: Number of the row of the bureau's list that says so; None where the text itself does.
    """

    begins: str = UNSTATED
    ends: str = UNSTATED
    item: int | None = None


def bounds_of(book: Rulebook, activity: str) -> Bounds:
    """The template of a session about ``activity``: by the bureau's list first, then its text."""
    matter = name_of(activity)
    row = next((one for one in book.policy["must_record.items"] if one["matter"] == matter), None)
    if row is None:
        return Bounds(book.word("session.begins"), book.word("session.ends"))
    return read_item(row)


def read_item(row: Mapping[str, Any]) -> Bounds:
    """One row of a list of items: its words as codes."""
    begins = _code(row["begins"], _BEGIN_WORDS, "item_begun")
    return Bounds(begins, _code(row["ends"], _END_WORDS, "item_done"), row["number"])


def _code(text: str, words: Mapping[str, str], unknown: str) -> str:
    if not text.strip():
        return UNSTATED
    return next((code for word, code in words.items() if word in text), unknown)
