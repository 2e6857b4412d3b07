"""Handing a recorder out and taking it back: assign, reassign, return.

Owns which approval is used, who else may use a device (A4), and asking the desk whether a device
that was in somebody's hands was emptied. Refuses a second custodian and a device that may still
hold somebody's recordings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from evidence.assignment import MOST_OFFICERS, Standing
from provisioning.custody.days import day_of, is_day
from provisioning.custody.docked import Docked
from provisioning.custody.errors import CustodyError
from provisioning.custody.lines import ANY_DEVICE, Kind
from provisioning.custody.moves import Around, Entry, custody_of
from provisioning.custody.rules import person
from provisioning.custody.state import Approval, Custody, Permitted, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign:
    """Somebody has the device.

    Attributes:
        device: Device id.
        custodian: Who answers for it (使用人).
        keeper: Who looks after it (保管维护人); None for whoever did before.
        leader: The responsible leader (第一责任人); None for whoever was before.
        approval: Id of the head's approval; None for the one that names both and is not used.
        until: Last day of its use in Beijing, ``2027-11-21`` (A4); None for no such day.
        officers: Who may use it besides the custodian (A4).
        again: Whether it was in somebody's hands before; None where the clerk does not say.
    """

    device: str
    custodian: str
    keeper: str | None = None
    leader: str | None = None
    approval: str | None = None
    until: str | None = None
    officers: tuple[Permitted, ...] = ()
    again: bool | None = None

    def entries(self, state: State, around: Around) -> Sequence[Entry]:
        """One line, or none."""
        custody = custody_of(state, self.device)
        if self._is_so(custody):
            return ()
        self._check_said(custody)
        person(state, self.custodian)
        fields: dict[str, Any] = {
            "device": self.device,
            "number": custody.number + 1,
            "custodian": self.custodian,
            "keeper": _named(self.keeper, custody.keeper, "keeper"),
            "leader": _named(self.leader, custody.leader, "leader"),
            "approval": self._approval(state),
            "docked": None,
        }
        if self.until is not None:
            fields["until"] = _last_day(self.until, around)
        if self.officers:
            fields["officers"] = _roster(_named_once(self.officers), {}, around)
        if custody.standing is Standing.UNASSIGNED:
            docked = around.desk.docked(self.device)
            _check_running(custody, docked)
            fields["docked"] = emptied(custody, docked) if custody.intervals else None
        return (Entry(Kind.ASSIGNED, fields),)

    def _is_so(self, custody: Custody) -> bool:
        """Asked for what is there: a command that was cut short is run again."""
        held = (
            custody.custodian,
            custody.keeper,
            custody.leader,
            custody.approval,
            custody.until,
        )
        asked = (self.custodian, self.keeper, self.leader, self.approval, self.until)
        same = all(want in (None, have) for want, have in zip(asked, held, strict=True))
        shared = not self.officers or set(self.officers) == set(custody.officers)
        return custody.standing is Standing.ASSIGNED and same and shared

    def _check_said(self, custody: Custody) -> None:
        """First hand and second hand have their own commands and forms."""
        before = bool(custody.intervals)
        if self.again is False and before and custody.standing is Standing.UNASSIGNED:
            raise CustodyError(f"{self.device} was in somebody's hands before", code="held_before")
        if self.again is True and not before:
            raise CustodyError(f"{self.device} was in nobody's hands yet", code="never_held")

    def _approval(self, state: State) -> str:
        if self.approval is not None:
            return self.approval
        given = [
            one for one in state.approvals.values() if one.permits(self.custodian, self.device)
        ]
        fresh = [one for one in given if one.used is None]
        if not fresh:
            named = f"{self.custodian} and {self.device}"
            code = "approval_used" if given else "approval"
            raise CustodyError(f"no approval that is left names {named}", code=code)
        return min(fresh, key=_general).approval


def _named(said: str | None, before: str | None, role: str) -> str:
    """Whom the clerk names, or who it was before.

    Raises:
        CustodyError: ``unknown_person``: nobody.
    """
    named = said or before
    if named is None:
        raise CustodyError(f"--{role} names who; there was nobody before", code="unknown_person")
    return named


def _last_day(day: str, around: Around) -> str:
    """A day that is not over.

    Raises:
        CustodyError: ``until``: it is, or it is no day.
    """
    if not is_day(day) or day < day_of(around.utc):
        raise CustodyError(f"{day!r} is no day from today on", code="until")
    return day


def _named_once(officers: Sequence[Permitted]) -> dict[str, Permitted]:
    """Whom the clerk names, by id.

    Raises:
        CustodyError: ``roster``: somebody twice.
    """
    named = {one.id: one for one in officers}
    if len(named) != len(officers):
        raise CustodyError("--officer names somebody twice", code="roster")
    return named


def _roster(
    wanted: Mapping[str, Permitted], held: Mapping[str, Permitted], around: Around
) -> list[dict[str, str | None]]:
    """A roster as a line says it.

    Raises:
        CustodyError: ``roster``: too many; ``until``: somebody new has no day from today on.
    """
    if len(wanted) > MOST_OFFICERS:
        raise CustodyError(f"{len(wanted)} are more than {MOST_OFFICERS}", code="roster")
    for one in wanted.values():
        if one.until is not None and one != held.get(one.id):
            _last_day(one.until, around)
    return [asdict(one) for one in wanted.values()]


def _general(approval: Approval) -> bool:
    """One that leaves the choice of the device is used last."""
    return approval.device == ANY_DEVICE


def emptied(custody: Custody, docked: Docked) -> dict[str, int | str]:
    """What the desk had of a device on which nothing is left.

    Raises:
        CustodyError: ``not_drained``: nobody can know that; ``quarantined``: what is left on it
            will never be receipted.
    """
    if docked.left and docked.left == docked.quarantined:
        told = f"{len(docked.left)} sessions are in quarantine, the first is {docked.left[0]}"
        raise CustodyError(f"{custody.device}: {told}", code="quarantined")
    why = docked.emptied_since(custody.taken_back)
    if why:
        raise CustodyError(f"{custody.device}: {why}", code="not_drained")
    return {"lines": docked.lines, "head": docked.head}


def _check_running(custody: Custody, docked: Docked) -> None:
    """A device that stopped itself is handed out once its keeper has cleared it (M2)."""
    stopped = docked.stopped
    if stopped is not None and custody.cleared <= stopped.assignment:
        raise CustodyError(f"{custody.device}: {stopped.part} {stopped.code}", code="stop_use")


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """Nobody has the device any more (归还)."""

    device: str

    def entries(self, state: State, around: Around) -> Sequence[Entry]:
        """One line, or none where it was returned already."""
        del around
        custody = custody_of(state, self.device)
        if custody.standing is not Standing.ENDED and custody.taken_back and not custody.custodian:
            return ()
        number = custody.number + 1
        form = form_number("GH", self.device, number)
        return (Entry(Kind.RETURNED, {"device": self.device, "number": number, "form": form}),)


def form_number(prefix: str, device: str, number: int) -> str:
    """The number of a paper: ``PF`` 配发, ``GH`` 归还, ``WX`` 维修; device and word make it one."""
    return f"{prefix}-{device}-{number:06d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """Others look after the device, are responsible (A7) or may use it (A4), or for longer.

    Attributes:
        device: Device id.
        keeper: Who looks after it from now on; None for whoever does.
        leader: Who is responsible from now on; None for whoever is.
        until: Last day of its use from now on; None for whichever it is.
        officers: Who may use it from now on as well, or with another last day.
        without: Ids of who may use it no longer.
    """

    device: str
    keeper: str | None = None
    leader: str | None = None
    until: str | None = None
    officers: tuple[Permitted, ...] = ()
    without: tuple[str, ...] = ()

    def entries(self, state: State, around: Around) -> Sequence[Entry]:
        """One line, or none where it is so."""
        custody = custody_of(state, self.device)
        keeper = _named(self.keeper, custody.keeper, "keeper")
        leader = _named(self.leader, custody.leader, "leader")
        held, wanted = self._rosters(custody)
        same = self.until in (None, custody.until)
        if same and held == wanted and (custody.keeper, custody.leader) == (keeper, leader):
            return ()
        number = custody.number + 1
        fields: dict[str, Any] = {
            "device": self.device,
            "number": number,
            "keeper": keeper,
            "leader": leader,
        }
        if not same:
            fields["until"] = _last_day(str(self.until), around)
        if held != wanted:
            fields["officers"] = _roster(wanted, held, around)
        return (Entry(Kind.KEPT, fields),)

    def _rosters(self, custody: Custody) -> tuple[dict[str, Permitted], dict[str, Permitted]]:
        """Who may use it now, and who from now on."""
        held = {one.id: one for one in custody.officers}
        named = _named_once(self.officers)
        if named.keys() & set(self.without):
            raise CustodyError("--officer and --bar name the same person", code="roster")
        wanted = {**held, **named}
        return held, {name: one for name, one in wanted.items() if name not in self.without}
