"""How every recorder of the bureau stands (配备情况).

Owns the row of one device: custody from the ledger, what the desk last saw of it, and what is due.
What the desk saw is read from ``ledger.sqlite`` (table ``devices``, read-only), from the copy of
the device's log and from the names in the book of receipts, none of them verified: ``audit`` and
the commands do that. Refuses to judge.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from evidence import keys
from evidence.assignment import Standing
from evidence.errors import EvidenceError
from evidence.moments import utc_text
from provisioning.custody import registry
from provisioning.custody.days import day_of, whole_days
from provisioning.custody.docked import Desk, Docked
from provisioning.custody.errors import CustodyError
from provisioning.custody.register import Register
from provisioning.custody.registry import Entry
from provisioning.custody.state import Custody, Permitted

DATABASE: Final = "ledger.sqlite"
_BUSY_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """From when on something is pointed out; days."""

    silent: int = 30
    care: int = 90
    certificate: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One device.

    Attributes:
        device: Device id.
        standing: Assigned, frozen, unassigned or ended.
        because: Why it is frozen or ended, or None.
        custodian: Id of who has it, or None.
        name: His name, or None.
        since: Since when, UTC, or None.
        officers: Who else may use it.
        keeper: Id, or None.
        leader: Id, or None.
        number: Of the word in force; 0 for none.
        adopted: Of the word that the device took last, as far as its log is here; 0 for none.
        last_dock: When the desk last heard of it, UTC, or None.
        silent_days: Full days since then, or since it was enrolled.
        backlog: Sessions on it that the desk knows of and has not stored.
        battery_minutes: How long a full battery records, measured; None where it is not known.
        rulebook: Version that it took last; 0 where no log says so.
        certificate_expires: UTC, or None.
        maintained: Day of the last care, or None.
        stopped: What it stopped itself for, or None.
        due: Codes of what is due: ``silent``, ``care``, ``certificate``, ``stop_use``, ``word``,
            ``rulebook``, ``backlog``, ``quarantined``, ``left``.
    """

    device: str
    standing: Standing
    because: str | None
    custodian: str | None
    name: str | None
    since: str | None
    officers: tuple[Permitted, ...]
    keeper: str | None
    leader: str | None
    number: int
    adopted: int
    last_dock: str | None
    silent_days: int
    backlog: int
    battery_minutes: int | None
    rulebook: int
    certificate_expires: str | None
    maintained: str | None
    stopped: str | None
    due: tuple[str, ...]


def rows(register: Register, limits: Limits, device: str | None = None) -> list[Row]:
    """Every device, or one.

    Args:
        register: The bureau's custody.
        limits: What is pointed out.
        device: Only this one.

    Raises:
        CustodyError: ``unknown_device``.
    """
    bureau = register.bureau
    seen = _seen(bureau.folder.path / DATABASE)
    entries = {entry.device: entry for entry in registry.entries(bureau.folder.registry)}
    desk = Desk(bureau.folder.path, bureau.ca)
    known = register.state.devices
    if device is not None and device not in known:
        raise CustodyError(f"{device} is not enrolled", code="unknown_device")
    return [
        _row(
            register,
            known[name],
            entries.get(name),
            _Heard(seen.get(name), desk.glance(name)),
            limits,
        )
        for name in sorted(known if device is None else [device])
    ]


@dataclass(frozen=True, slots=True)
class _Heard:
    """What the desk last heard: its note of it, and the device's log."""

    noted: Mapping[str, Any] | None
    log: Docked

    @property
    def at(self) -> str | None:
        """The desk's own clock before the device's."""
        return str(self.noted["seen"]) if self.noted is not None else self.log.seen

    @property
    def backlog(self) -> int:
        """The device's own count may know of sessions that the desk does not."""
        said = self.noted.get("backlog_sessions") if self.noted is not None else None
        return max(len(self.log.left), said if isinstance(said, int) else 0)


def _row(
    register: Register, custody: Custody, entry: Entry | None, heard: _Heard, limits: Limits
) -> Row:
    now = utc_text(register.at_ns)
    person = register.state.people.get(custody.custodian or "")
    last = custody.words[-1] if custody.words else None
    expires = _expires(entry)
    quiet = whole_days(heard.at or custody.enrolled or now, now)
    cared = custody.maintained.day if custody.maintained is not None else None
    running = custody.standing is not Standing.ENDED
    stopped = heard.log.stopped
    latched = stopped is not None and custody.cleared <= stopped.assignment
    due = {
        "silent": quiet > limits.silent,
        "care": _days_since(cared or day_of(custody.enrolled or now), now) > limits.care,
        "certificate": expires is not None and whole_days(now, expires) < limits.certificate,
        "stop_use": latched,
        "word": heard.log.adopted < custody.number,
        "rulebook": 0 < heard.log.rulebook < register.bureau.rulebook.version,
        "backlog": heard.backlog > 0,
        "quarantined": bool(heard.log.quarantined),
        "left": any(_has_left(register, one) for one in (custody.keeper, custody.leader)),
    }
    return Row(
        device=custody.device,
        standing=custody.standing,
        because=last.because if last is not None else None,
        custodian=custody.custodian,
        name=person.name if person is not None else None,
        since=custody.since,
        officers=custody.officers,
        keeper=custody.keeper,
        leader=custody.leader,
        number=custody.number,
        adopted=heard.log.adopted,
        last_dock=heard.at,
        silent_days=quiet,
        backlog=heard.backlog,
        battery_minutes=heard.log.battery_minutes,
        rulebook=heard.log.rulebook,
        certificate_expires=expires,
        maintained=cared,
        stopped=f"{stopped.part} {stopped.code}" if stopped is not None and latched else None,
        due=tuple(code for code, is_so in due.items() if is_so and running),
    )


def _has_left(register: Register, name: str | None) -> bool:
    known = register.state.people.get(name or "")
    return known is not None and known.left is not None


def _days_since(day: str, now: str) -> int:
    return whole_days(f"{day}T00:00:00.000000Z", now)


def _expires(entry: Entry | None) -> str | None:
    """The earlier end of its two certificates."""
    if entry is None:
        return None
    try:
        ends = [
            keys.read_certificate(held.x5c).not_valid_after_utc
            for held in (entry.signing, entry.tls)
        ]
    except EvidenceError:
        return None
    return utc_text(int(min(ends).timestamp()) * 1_000_000_000)


def _seen(path: Path) -> dict[str, Mapping[str, Any]]:
    """What devices last said of themselves, by the desk's database; nothing where there is none.

    Raises:
        CustodyError: ``desk``: the database cannot be read.
    """
    if not path.exists():
        return {}
    try:
        with closing(
            sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=_BUSY_SECONDS)
        ) as base:
            return dict(_notes(base))
    except sqlite3.Error as error:
        raise CustodyError(f"{path}: {error}", code="desk") from error


def _notes(base: sqlite3.Connection) -> Iterator[tuple[str, Mapping[str, Any]]]:
    there = base.execute("SELECT 1 FROM sqlite_master WHERE name = 'devices'").fetchone()
    if there is None:
        return
    for device, seen, state in base.execute("SELECT device, seen, state FROM devices"):
        try:
            said = json.loads(state)
        except ValueError:
            said = {}
        yield device, {**(said if isinstance(said, dict) else {}), "seen": seen}
