"""The ledger (管理台账): every session, receipt, copy and quarantine in one searchable place.

Owns the SQLite database and its questions. Refuses to be the truth of what was recorded: sessions
and receipts can be written again from the archive at any time. Who opened what and why stands here
alone, and is written before anything is opened; so do explanations, which are never changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Engine, case, create_engine, event, func, inspect, select, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.schema import CreateColumn

from bureau.errors import LedgerError
from bureau.ledger.queries import Category, Query, Total, narrowed
from bureau.ledger.tables import (
    Base,
    CopyRow,
    DeviceRow,
    DockRow,
    ExplanationRow,
    PlanAnswerRow,
    QuarantineRow,
    ReceiptRow,
    SessionRow,
)

ASKED_AGAIN: Final = "again"
"""A plan's answer does not count any more: it is sent again."""
_STAYS: Final = """
CREATE TRIGGER IF NOT EXISTS explanations_stay BEFORE UPDATE ON explanations
BEGIN SELECT RAISE(ABORT, 'an explanation stays as it is'); END
"""
_BEIJING: Final = "+8 hours"


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
            Base.metadata.create_all(self._engine)
            _add_columns(self._engine)
            with self._engine.begin() as connection:
                connection.execute(text(_STAYS))

    @property
    def engine(self) -> Engine:
        """The database, for reports that this class does not have."""
        return self._engine

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def put(self, row: Base) -> None:
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

    def explain(self, row: ExplanationRow) -> int:
        """Add an explanation; its number.

        Raises:
            LedgerError: The database does not take it.
        """
        with self._transaction() as session:
            session.add(row)
            session.flush()
            return row.number

    def explanations(self, sid: str | None = None) -> list[ExplanationRow]:
        """Every explanation, or those of one session, oldest first.

        Raises:
            LedgerError: The database cannot be read.
        """
        wanted = select(ExplanationRow).order_by(ExplanationRow.number)
        with self._transaction() as session:
            return list(session.scalars(wanted if sid is None else wanted.filter_by(sid=sid)))

    def plan_answers(self) -> dict[tuple[str, str], PlanAnswerRow]:
        """What devices said to session plans, by device and plan.

        Raises:
            LedgerError: The database cannot be read.
        """
        with self._transaction() as session:
            rows = session.scalars(select(PlanAnswerRow))
            return {(row.device, row.plan_id): row for row in rows}

    def sessions_by_plan(self) -> dict[str, int]:
        """How many sessions name each plan.

        Raises:
            LedgerError: The database cannot be read.
        """
        column = SessionRow.plan_id
        wanted = select(column, func.count()).where(column.is_not(None)).group_by(column)
        with self._transaction() as session:
            return {str(plan_id): count for plan_id, count in session.execute(wanted)}

    def ask_again(self, plan_id: str, at: str) -> None:
        """Have a plan sent again, whatever devices said to it.

        Raises:
            LedgerError: The database does not take it.
        """
        with self._transaction() as session:
            for row in session.scalars(select(PlanAnswerRow).filter_by(plan_id=plan_id)):
                row.state, row.code, row.at = ASKED_AGAIN, "", at

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
        wanted = narrowed(select(SessionRow), query or Query())
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
        month = func.strftime("%Y-%m", SessionRow.started, _BEIJING)
        column = month if by is Category.MONTH else getattr(SessionRow, by)
        is_late = func.coalesce(SessionRow.stored, now) > SessionRow.deadline
        late = func.sum(case((is_late, 1), else_=0))
        wanted = select(column, func.count(), func.sum(SessionRow.size), late)
        wanted = narrowed(wanted, query or Query()).group_by(column).order_by(column)
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

    def add_docking(self, row: DockRow) -> int:
        """Enter a docking; its number.

        Raises:
            LedgerError: The database does not take it.
        """
        with self._transaction() as session:
            session.add(row)
            session.flush()
            return row.number

    def mark_docking(self, number: int, code: str, detail: str) -> None:
        """Add a finding to a docking; what a clerk settled before is open again.

        Raises:
            LedgerError: The database does not take it.
        """
        with self._transaction() as session:
            row = session.get_one(DockRow, number)
            if code in row.codes.split(","):
                return
            row.codes = ",".join(filter(None, (row.codes, code)))
            row.detail = "; ".join(filter(None, (row.detail, detail)))
            row.settled = None

    def dockings(self, device: str | None = None, *, suspect: bool = False) -> list[DockRow]:
        """Every docking, or those of one device, oldest first.

        Args:
            device: Whose.
            suspect: Only those with a finding that nobody has settled.

        Raises:
            LedgerError: The database cannot be read.
        """
        wanted = select(DockRow).order_by(DockRow.number)
        if device is not None:
            wanted = wanted.filter_by(device=device)
        if suspect:
            wanted = wanted.where(DockRow.codes != "", DockRow.settled.is_(None))
        with self._transaction() as session:
            return list(session.scalars(wanted))

    def is_suspect(self, device: str) -> bool:
        """Whether a docking of that device has a finding that nobody has settled.

        Raises:
            LedgerError: The database cannot be read.
        """
        return bool(self.dockings(device, suspect=True))

    def settle_docking(self, number: int, *, at: str, who: str, why: str) -> DockRow | None:
        """Write down that a person has looked; None where there is nothing to settle.

        Raises:
            LedgerError: The database does not take it.
        """
        with self._transaction() as session:
            row = session.get(DockRow, number)
            if row is None or not row.codes or row.settled is not None:
                return None
            row.settled, row.settled_by, row.settled_why = at, who, why
            return row

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


def _add_columns(engine: Engine) -> None:
    """Give a ledger of an earlier version the columns that have been added since."""
    for table in Base.metadata.sorted_tables:
        there = {column["name"] for column in inspect(engine).get_columns(table.name)}
        for column in table.columns:
            if column.name not in there:
                said = CreateColumn(column).compile(dialect=engine.dialect)
                default = "" if column.nullable else " DEFAULT ''"
                with engine.begin() as connection:
                    connection.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {said}{default}"))
