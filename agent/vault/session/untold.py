"""What the end of a session owes to the party: a word about each announcement (C8).

Owns the statement that stands where nobody has made one: the medium filled up, the power went or
the recorder died before its announcement was over. Refuses to call anything verified, and to let a
session end without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Final

from agent.errors import RefusedError
from evidence.canonical import JsonObject
from evidence.rulebook import Announcement, Rulebook

Rules = Callable[[str], tuple[Announcement, ...] | None]
"""The announcements of the rulebook with this digest; None where it is not held any more."""

Event = tuple[str, JsonObject]
"""Kind and fields."""

_UNHEARD: Final = ("heard", "complete", "score_milli", "delay_ns", "drift_ppm", "level_mdb")


def rules_of(book: Callable[[], Rulebook]) -> Rules:
    """Ask the rulebook that is held now, when a session turns out to need it."""

    def rules(sha256: str) -> tuple[Announcement, ...] | None:
        try:
            held = book()
        except RefusedError:
            return None
        return held.announcements if held.sha256 == sha256 else None

    return rules


def untold(
    rules: tuple[Announcement, ...] | None, told: Collection[str], reason: str, at_ns: int
) -> Iterator[Event]:
    """The events that are still owed.

    Args:
        rules: What the session had to announce; None where nobody knows any more.
        told: Ids of the clips that have a statement.
        reason: Why the session is closed.
        at_ns: CLOCK_BOOTTIME now.
    """
    if rules is None:
        if not told:
            detail = "closed without a statement about an announcement; its rulebook is not held"
            yield "check", {"name": "disclosure", "passed": False, "detail": detail}
        return
    for rule in rules:
        if rule.id not in told:
            yield "disclosure", _silence(rule, reason, at_ns)


def _silence(rule: Announcement, reason: str, at_ns: int) -> JsonObject:
    return {
        "clip": rule.id,
        "text_sha256": rule.text_sha256,
        "pcm_sha256": rule.pcm_sha256,
        "announced": False,
        "frames_played": 0,
        "underruns": 0,
        "from_ns": at_ns,
        "to_ns": at_ns,
        "attempt": 1,
        "check": "none",
        **dict.fromkeys(_UNHEARD),
        "missing": [],
        "verdict": "unverified",
        "reason": reason,
    }
