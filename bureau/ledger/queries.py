"""Which sessions a clerk asks for, and how they are counted.

Owns the filters. Refuses the database: ``bureau.ledger.ledger`` has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Any

from sqlalchemy import Select, or_, select

from bureau.days import begin_of
from bureau.ledger.tables import ExplanationRow, SessionRow


@unique
class Category(StrEnum):
    """By what sessions are counted."""

    OFFICER = "officer"
    ACTIVITY = "activity"
    DEVICE = "device"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which sessions; None means any.

    Attributes:
        device: Device id.
        officer: Officer's id.
        activity: Activity code.
        since: First day in Beijing, ``YYYY-MM-DD``, by start.
        until: Last day, included.
        state: State of the session.
        secrecy: Class of secrecy.
        owing: Only those that owe an explanation nobody has given.
    """

    device: str | None = None
    officer: str | None = None
    activity: str | None = None
    since: str | None = None
    until: str | None = None
    state: str | None = None
    secrecy: str | None = None
    owing: bool = False


@dataclass(frozen=True, slots=True)
class Total:
    """Sessions of one category value: how many, how many bytes, how many late."""

    value: str
    sessions: int
    size: int
    late: int


def narrowed(wanted: Select[Any], query: Query) -> Select[Any]:
    """``wanted``, narrowed to ``query``."""
    for column, value in (
        (SessionRow.device, query.device),
        (SessionRow.activity, query.activity),
        (SessionRow.state, query.state),
        (SessionRow.secrecy, query.secrecy),
    ):
        if value:
            wanted = wanted.where(column == value)
    if query.officer:
        named = ("," + SessionRow.officers + ",").contains(f",{query.officer},", autoescape=True)
        wanted = wanted.where(or_(SessionRow.officer == query.officer, named))
    if query.owing:
        explained = select(ExplanationRow.sid).where(ExplanationRow.device == SessionRow.device)
        wanted = wanted.where(SessionRow.owes != "", SessionRow.sid.not_in(explained))
    if query.since:
        wanted = wanted.where(SessionRow.started >= begin_of(query.since))
    if query.until:
        wanted = wanted.where(SessionRow.started < begin_of(query.until, later=1))
    return wanted
