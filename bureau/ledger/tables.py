"""The ledger's tables, row by row.

Owns columns and keys. Refuses queries: ``bureau.ledger.ledger`` asks them.
"""

from __future__ import annotations

from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """The ledger's tables."""


class SessionRow(Base):
    """One session (执法记录).

    Times are RFC 3339 in UTC, which sorts as text. ``officers`` are the plan's ids, ``people`` the
    names and certificate numbers behind them; ``plan_state`` and ``owes`` hold codes of
    ``bureau.plans.link``; ``previous`` is the session that this one resumes; ``explain_by`` is when
    what it owes is due. ``secrecy`` is the highest class marked (``evidence.marks.SECRECY``), empty
    where none was, and None in rows that were entered before the desk read it. ``docking`` are the
    codes of what was wrong with the recorder at the dock and not settled when it was received.
    """

    __tablename__ = "sessions"

    device: Mapped[str] = mapped_column(primary_key=True)
    sid: Mapped[str] = mapped_column(primary_key=True)
    counter: Mapped[int]
    officer: Mapped[str | None] = mapped_column(index=True)
    custodian: Mapped[str | None]
    activity: Mapped[str] = mapped_column(index=True)
    started: Mapped[str] = mapped_column(index=True)
    ended: Mapped[str]
    reason: Mapped[str]
    segments: Mapped[int]
    interruptions: Mapped[int]
    disclosure: Mapped[str]
    files: Mapped[int]
    size: Mapped[int]
    state: Mapped[str]
    verdict: Mapped[str | None]
    deadline: Mapped[str | None]
    stored: Mapped[str | None]
    officers: Mapped[str] = mapped_column(default="")
    plan_id: Mapped[str | None] = mapped_column(default=None, index=True)
    plan_state: Mapped[str] = mapped_column(default="")
    matter: Mapped[str | None] = mapped_column(default=None)
    party: Mapped[str | None] = mapped_column(default=None)
    place: Mapped[str | None] = mapped_column(default=None)
    people: Mapped[str | None] = mapped_column(default=None)
    previous: Mapped[str | None] = mapped_column(default=None)
    owes: Mapped[str] = mapped_column(default="")
    explain_by: Mapped[str | None] = mapped_column(default=None)
    secrecy: Mapped[str | None] = mapped_column(default=None)
    docking: Mapped[str] = mapped_column(default="")


class ReceiptRow(Base):
    """One receipt (回执)."""

    __tablename__ = "receipts"

    serial: Mapped[int] = mapped_column(primary_key=True)
    device: Mapped[str]
    sid: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str]
    sha256: Mapped[str]
    acknowledged: Mapped[str | None]


class CopyRow(Base):
    """One opening of a session: who, why, when, and how it ended (查阅、调取)."""

    __tablename__ = "copies"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    device: Mapped[str]
    sid: Mapped[str] = mapped_column(index=True)
    who: Mapped[str]
    why: Mapped[str]
    began: Mapped[str]
    finished: Mapped[str | None]
    outcome: Mapped[str]
    folder: Mapped[str]


class QuarantineRow(Base):
    """One thing that did not verify (隔离)."""

    __tablename__ = "quarantine"

    device: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    since: Mapped[str]


class ExplanationRow(Base):
    """What somebody said to what a session owes (书面说明); it is never changed, only added to."""

    __tablename__ = "explanations"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    device: Mapped[str]
    sid: Mapped[str] = mapped_column(index=True)
    owed: Mapped[str]
    who: Mapped[str]
    reason: Mapped[str]
    matter: Mapped[str | None]
    party: Mapped[str | None]
    at: Mapped[str]


class PlanAnswerRow(Base):
    """What a device last said to a session plan, or that the plan is to be sent again."""

    __tablename__ = "plan_answers"

    device: Mapped[str] = mapped_column(primary_key=True)
    plan_id: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    code: Mapped[str]
    at: Mapped[str]


class DockRow(Base):
    """One docking (对接): what the recorder showed, what is wrong with it, who has looked.

    ``records`` of the device log, ``counter`` and ``held`` sessions by its answer, None where it
    gave none. ``codes`` are those of ``bureau.docking.judging``, empty where nothing was found.
    """

    __tablename__ = "dockings"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    device: Mapped[str] = mapped_column(index=True)
    at: Mapped[str]
    records: Mapped[int | None]
    counter: Mapped[int | None]
    held: Mapped[int | None]
    boot: Mapped[str]
    codes: Mapped[str]
    detail: Mapped[str]
    settled: Mapped[str | None] = mapped_column(default=None)
    settled_by: Mapped[str | None] = mapped_column(default=None)
    settled_why: Mapped[str | None] = mapped_column(default=None)


class DeviceRow(Base):
    """What a device last said of itself."""

    __tablename__ = "devices"

    device: Mapped[str] = mapped_column(primary_key=True)
    seen: Mapped[str]
    state: Mapped[str]
