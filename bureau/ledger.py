"""The ledger (管理台账): every session, receipt, copy and quarantine in one searchable place.

Owns the SQLite tables and their queries. Refuses to be the truth of what was recorded: sessions
and receipts can be written again from the archive at any time. Who opened what and why stands here
alone, and is written before anything is opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Any

from sqlalchemy import Engine, Select, case, create_engine, event, func, select
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from bureau.errors import LedgerError


@unique
class Category(StrEnum):
    """By what sessions are counted."""

    OFFICER = "officer"
    ACTIVITY = "activity"
    DEVICE = "device"
    MONTH = "month"


class _Base(DeclarativeBase):
    """The ledger's tables."""


class SessionRow(_Base):
    """One session (执法记录).

    Times are RFC 3339 in UTC, which sorts as text.
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


class ReceiptRow(_Base):
    """One receipt (回执)."""

    __tablename__ = "receipts"

    serial: Mapped[int] = mapped_column(primary_key=True)
    device: Mapped[str]
    sid: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str]
    sha256: Mapped[str]
    acknowledged: Mapped[str | None]


class CopyRow(_Base):
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


class QuarantineRow(_Base):
    """One thing that did not verify (隔离)."""

    __tablename__ = "quarantine"

    device: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    since: Mapped[str]


class DeviceRow(_Base):
    """What a device last said of itself."""

    __tablename__ = "devices"

    device: Mapped[str] = mapped_column(primary_key=True)
    seen: Mapped[str]
    state: Mapped[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which sessions; None means any.

    Attributes:
        device: Device id.
        officer: Officer's id.
        activity: Activity code.
        since: First day, ``YYYY-MM-DD`` (UTC, by start).
        until: Last day, included.
        state: State of the session.
    """

    device: str | None = None
    officer: str | None = None
    activity: str | None = None
    since: str | None = None
    until: str | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """Sessions of one category value: how many, how many bytes, how many late."""

    value: str
    sessions: int
    size: int
    late: int


class Ledger:
    """The ledger's database.

    Args:
        url: SQLAlchemy URL, such as ``sqlite:////srv/bureau/ledger.sqlite``.

    Raises:
        LedgerError: It cannot be opened.
    """

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url)
        event.listen(self._engine, "connect", _make_durable)
        self._sessions = sessionmaker(self._engine, expire_on_commit=False)
        with _translated():
            _Base.metadata.create_all(self._engine)

    @property
    def engine(self) -> Engine:
        """The database, for reports that this class does not have."""
        return self._engine

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def put(self, row: _Base) -> None:
        """Write a row, in place of one with the same key.

        Raises:
            LedgerError: The database does not take it.
        """
        with self._transaction() as session:
            session.merge(row)

    def put_receipt(self, row: ReceiptRow) -> None:
        """Write a receipt, unless it stands there: its acknowledgement is kept.

        Raises:
            LedgerError: The database does not take it.
        """
        with self._transaction() as session:
            if session.get(ReceiptRow, row.serial) is None:
                session.add(row)

    def set_state(
        self, device: str, sid: str, state: str, *, verdict: str, stored: str | None = None
    ) -> None:
        """Note how far a session has come; a ``stored`` time that stands is kept.

        Raises:
            LedgerError: The database does not take it.
        """
        with self._transaction() as session:
            row = session.get(SessionRow, (device, sid))
            if row is not None:
                row.state, row.verdict = state, verdict
                row.stored = row.stored or stored

    def acknowledge(self, device: str, sid: str, kind: str, at: str) -> None:
        """The device holds that receipt.

        Raises:
            LedgerError: The database does not take it.
        """
        wanted = select(ReceiptRow).filter_by(device=device, sid=sid, kind=kind)
        with self._transaction() as session:
            for row in session.scalars(wanted):
                row.acknowledged = row.acknowledged or at

    def acknowledged(self) -> set[int]:
        """Serials of the receipts that devices hold.

        Raises:
            LedgerError: The database cannot be read.
        """
        wanted = select(ReceiptRow.serial).where(ReceiptRow.acknowledged.is_not(None))
        with self._transaction() as session:
            return set(session.scalars(wanted))

    def serials(self) -> set[int]:
        """Serials of all receipts it lists.

        Raises:
            LedgerError: The database cannot be read.
        """
        with self._transaction() as session:
            return set(session.scalars(select(ReceiptRow.serial)))

    def states(self) -> dict[tuple[str, str], str]:
        """State of every session it lists, by device and session.

        Raises:
            LedgerError: The database cannot be read.
        """
        wanted = select(SessionRow.device, SessionRow.sid, SessionRow.state)
        with self._transaction() as session:
            return {(row[0], row[1]): row[2] for row in session.execute(wanted)}

    def begin_copy(self, row: CopyRow) -> int:
        """Write down that somebody is about to open a session; its number.

        Raises:
            LedgerError: The database does not take it: nothing may be opened.
        """
        with self._transaction() as session:
            session.add(row)
            session.flush()
            return row.number

    def finish_copy(self, number: int, *, at: str, outcome: str) -> None:
        """Write down how an opening ended.

        Raises:
            LedgerError: The database does not take it.
        """
        with self._transaction() as session:
            row = session.get_one(CopyRow, number)
            row.finished, row.outcome = at, outcome

    def copies(self, sid: str | None = None) -> list[CopyRow]:
        """Every opening, or those of one session, oldest first.

        Raises:
            LedgerError: The database cannot be read.
        """
        wanted = select(CopyRow).order_by(CopyRow.number)
        with self._transaction() as session:
            return list(session.scalars(wanted if sid is None else wanted.filter_by(sid=sid)))

    def find(self, sid: str) -> SessionRow | None:
        """The session of that id.

        Raises:
            LedgerError: The database cannot be read.
        """
        with self._transaction() as session:
            return session.scalars(select(SessionRow).filter_by(sid=sid)).first()

    def sessions(self, query: Query | None = None) -> list[SessionRow]:
        """Sessions, by their start.

        Raises:
            LedgerError: The database cannot be read.
        """
        wanted = _where(select(SessionRow), query or Query())
        with self._transaction() as session:
            return list(session.scalars(wanted.order_by(SessionRow.started, SessionRow.sid)))

    def totals(self, by: Category, query: Query | None = None, *, now: str = "") -> list[Total]:
        """Sessions counted and added up by one category.

        Args:
            by: The category.
            query: Which sessions.
            now: UTC: what is not stored by then counts as late once its deadline has passed.

        Raises:
            LedgerError: The database cannot be read.
        """
        month = func.substr(SessionRow.started, 1, 7)
        column = month if by is Category.MONTH else getattr(SessionRow, by)
        is_late = func.coalesce(SessionRow.stored, now) > SessionRow.deadline
        late = func.sum(case((is_late, 1), else_=0))
        wanted = select(column, func.count(), func.sum(SessionRow.size), late)
        wanted = _where(wanted, query or Query()).group_by(column).order_by(column)
        with self._transaction() as session:
            rows = session.execute(wanted).all()
        return [Total(row[0] or "", row[1], row[2] or 0, row[3] or 0) for row in rows]

    def quarantined(self) -> list[QuarantineRow]:
        """Everything in quarantine, oldest first.

        Raises:
            LedgerError: The database cannot be read.
        """
        with self._transaction() as session:
            return list(session.scalars(select(QuarantineRow).order_by(QuarantineRow.since)))

    def devices(self) -> list[DeviceRow]:
        """What every device last said of itself.

        Raises:
            LedgerError: The database cannot be read.
        """
        with self._transaction() as session:
            return list(session.scalars(select(DeviceRow).order_by(DeviceRow.device)))

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        with _translated(), self._sessions.begin() as session:
            yield session


def _where(wanted: Select[Any], query: Query) -> Select[Any]:
    """``wanted``, narrowed to ``query``."""
    for column, value in (
        (SessionRow.device, query.device),
        (SessionRow.officer, query.officer),
        (SessionRow.activity, query.activity),
        (SessionRow.state, query.state),
    ):
        if value:
            wanted = wanted.where(column == value)
    if query.since:
        wanted = wanted.where(SessionRow.started >= query.since)
    if query.until:
        wanted = wanted.where(func.substr(SessionRow.started, 1, 10) <= query.until)
    return wanted


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise LedgerError(f"the ledger's database: {error}") from error


def _make_durable(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    """Readers beside one writer; a committed row survives a power cut."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.close()
