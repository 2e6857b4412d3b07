"""Whether those whom a plan sends may use the recorders it is for (A4).

Owns holding a plan against the assignments in force before anything is written or signed: a
recorder keeps a plan of strangers and offers it to nobody, and what was signed is not changed any
more. Refuses to ask what the recorder finds out by itself: repair, faults, its clock.
"""

from __future__ import annotations

from collections.abc import Iterator

from bureau import days
from bureau.errors import PlanningError
from bureau.plans.draft import Draft
from bureau.words.shelf import WordShelf
from evidence.assignment import Assignment


def check_rosters(draft: Draft, words: WordShelf, now: str) -> None:
    """One of the officers, at least, may use each recorder when the plan can first be chosen.

    Raises:
        PlanningError: ``plan_nobody``: a recorder is nobody's; ``plan_roster``: none of the
            officers is on its roster then.
    """
    officers = [one.id for one in draft.particulars.officers]
    at = max(draft.begins, now)
    for device in draft.to:
        word = words.in_force(device)
        if word is None or word.custodian is None:
            raise PlanningError(
                f"{device} is assigned to nobody; next: provision assign", code="plan_nobody"
            )
        if not word.may_use(officers, at):
            raise PlanningError(
                f"{', '.join(officers)} may not use {device} at {days.say(at)}; who may: "
                f"{', '.join(_roster(word))}; next: "
                f"provision keep {device} --officer {officers[0]}",
                code="plan_roster",
            )


def _roster(word: Assignment) -> Iterator[str]:
    for one in word.roster:
        yield one.id if one.until is None else f"{one.id} (until {days.say(one.until)})"
