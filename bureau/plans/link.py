"""A session that came in, beside the plan that it names.

Owns the comparison, and the list of what a session owes in writing (S0§20, S1§12, S4§11). Refuses
to open what is sealed: the desk made the plan and knows what it says; the bytes that the session
carries are compared by their digest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bureau.errors import PlanningError
from bureau.intake.summary import Summary
from bureau.plans.book import PlanBook, Signed
from evidence.plan import Particulars

PLANNED: Final = "planned"
UNPLANNED: Final = "unplanned"
UNKNOWN_PLAN: Final = "unknown_plan"
"""It names a plan that this bureau never signed, or no longer has."""
OTHER_PLAN: Final = "other_plan"
"""What the session says and what the plan says are not the same."""
UNTIMELY: Final = "untimely"
"""By the recorder's clock the plan was not in force when the session began."""
PLAN_STATES: Final = {
    PLANNED: "按计划",
    UNPLANNED: "无计划",
    UNKNOWN_PLAN: "计划不明",
    OTHER_PLAN: "与计划不符",
    UNTIMELY: "不在计划时间内",
}

NO_PLAN: Final = "no_plan"
ODD_PLAN: Final = "plan"
INTERRUPTED: Final = "interrupted"
TOO_FEW: Final = "officers"
OWED: Final = {
    NO_PLAN: "无计划记录的事由",
    ODD_PLAN: "与计划不一致的原因",
    INTERRUPTED: "记录中断的原因",
    TOO_FEW: "执法人员人数不足的原因",
}
"""What a session can owe: code → what the clerk asks for."""

_ORDINARY: Final = frozenset({"officer", "button", "power_off"})
"""How a session ends when the officer ends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What the bureau knows of a session beyond its journal.

    Attributes:
        plan_id: The plan it names, or None.
        state: Code of ``PLAN_STATES``.
        officers: Ids of the officers.
        said: What the plan says under seal; None without a plan of this bureau.
        owes: Codes of ``OWED``.
    """

    plan_id: str | None
    state: str
    officers: tuple[str, ...]
    said: Particulars | None
    owes: tuple[str, ...]

    @property
    def people(self) -> str | None:
        """Names and certificate numbers, for people."""
        if self.said is None:
            return None
        return "、".join(f"{one.name}（{one.certificate}）" for one in self.said.officers)


def link(summary: Summary, book: PlanBook, *, least_officers: int) -> Link:
    """Put a session beside its plan.

    Args:
        summary: Of a verified journal.
        book: The bureau's plans.
        least_officers: What the session's rulebook asks for.
    """
    signed = _named(summary, book)
    state = _state(summary, signed)
    return Link(
        plan_id=summary.plan_id if signed is None else signed.plan.plan_id,
        state=state,
        officers=summary.officers,
        said=None if signed is None else _said(book, signed),
        owes=_owes(summary, state, least_officers),
    )


def _named(summary: Summary, book: PlanBook) -> Signed | None:
    """The bureau's plan that the session names: by id, or by the sealed bytes it carries."""
    if summary.plan_id is not None:
        return book.find(summary.plan_id)
    if summary.plan_sha256 is None:
        return None
    found = (one for one in book.published() if one.plan.sealed_sha256 == summary.plan_sha256)
    return next(found, None)


def _state(summary: Summary, signed: Signed | None) -> str:
    if signed is None:
        nothing = summary.plan_id is None and summary.plan_sha256 is None
        return UNPLANNED if nothing else UNKNOWN_PLAN
    plan = signed.plan
    named = (summary.plan_sha256, summary.activity, set(summary.officers))
    if summary.device not in plan.to or named != (
        plan.sealed_sha256,
        plan.activity,
        set(plan.officers),
    ):
        return OTHER_PLAN
    return PLANNED if plan.is_in_force(summary.started) else UNTIMELY


def _said(book: PlanBook, signed: Signed) -> Particulars | None:
    try:
        return book.draft(signed.plan.plan_id).particulars
    except PlanningError:
        # The clear text was lost; the sealed one is in the session and in the plan.
        return None


def _owes(summary: Summary, state: str, least_officers: int) -> tuple[str, ...]:
    facts = {
        NO_PLAN: state == UNPLANNED,
        ODD_PLAN: state not in (PLANNED, UNPLANNED),
        INTERRUPTED: summary.reason not in _ORDINARY or summary.resumptions > 0,
        TOO_FEW: least_officers > 1 and len(set(summary.officers)) < least_officers,
    }
    return tuple(code for code, is_owed in facts.items() if is_owed)
