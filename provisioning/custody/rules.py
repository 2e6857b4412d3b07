"""Which change of custody is allowed.

Owns the table of command and standing, total and without a default, and the conditions on people,
approval and papers (A1, A3, A7, A8, M1). Whoever writes a line asks first, and the audit asks the
same of every line that is there. Refuses files, keys and clocks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Final

from evidence.assignment import Standing
from evidence.canonical import JsonObject
from provisioning.custody.days import day_of
from provisioning.custody.errors import CustodyError
from provisioning.custody.lines import ANY_DEVICE, MOVES, Kind, Role
from provisioning.custody.state import Custody, Person, State

_ALLOWED: Final = ""
_ASSIGNED, _FROZEN, _UNASSIGNED, _ENDED = (
    Standing.ASSIGNED,
    Standing.FROZEN,
    Standing.UNASSIGNED,
    Standing.ENDED,
)


@unique
class Signatory(StrEnum):
    """By whose key a line is signed."""

    CLERK = "clerk"
    HEAD = "head"


def _row(*, assigned: str, frozen: str, unassigned: str) -> Mapping[Standing, str]:
    """Nothing is allowed to a device whose days are over."""
    codes = {_ASSIGNED: assigned, _FROZEN: frozen, _UNASSIGNED: unassigned, _ENDED: "ended"}
    return MappingProxyType(codes)


TABLE: Final[Mapping[Kind, Mapping[Standing, str]]] = MappingProxyType(
    {
        Kind.ASSIGNED: _row(assigned="held", frozen="frozen", unassigned=_ALLOWED),
        Kind.RETURNED: _row(assigned=_ALLOWED, frozen=_ALLOWED, unassigned="not_held"),
        Kind.FROZEN: _row(assigned=_ALLOWED, frozen=_ALLOWED, unassigned=_ALLOWED),
        Kind.CLEARED: _row(assigned=_ALLOWED, frozen=_ALLOWED, unassigned=_ALLOWED),
        Kind.KEPT: _row(assigned=_ALLOWED, frozen=_ALLOWED, unassigned=_ALLOWED),
        Kind.MAINTAINED: _row(assigned=_ALLOWED, frozen=_ALLOWED, unassigned=_ALLOWED),
        Kind.LOST: _row(assigned=_ALLOWED, frozen=_ALLOWED, unassigned=_ALLOWED),
        Kind.REVOKED: _row(assigned=_ALLOWED, frozen=_ALLOWED, unassigned=_ALLOWED),
        Kind.RETIRED: _row(assigned="held", frozen=_ALLOWED, unassigned=_ALLOWED),
    }
)
"""What may be done to a device in which standing: allowed, or the code of the refusal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a rule looks at besides the state and the line.

    Attributes:
        utc: When.
        by: Whose key signs, or signed; None for a key of neither.
        asks_training: Whether the rulebook in force asks for valid training (A8).
    """

    utc: str
    by: Signatory | None
    asks_training: bool = False


def judge(state: State, kind: Kind, fields: JsonObject, around: Circumstances) -> None:
    """Whether that may be said now.

    Args:
        state: After the lines before.
        kind: Of the line.
        fields: Its own.
        around: See there.

    Raises:
        CustodyError: The rule that refuses it.
    """
    if kind in TABLE:
        _judge_device(state, kind, fields)
    if kind is Kind.APPROVED:
        _judge_approval(state, fields, around)
    elif kind is Kind.ENROLLED and _enrolled(state, fields["device"]):
        raise CustodyError(f"{fields['device']} is enrolled already", code="enrolled")
    elif kind is Kind.ASSIGNED:
        _judge_assignment(state, fields, around)
    elif kind is Kind.LEFT:
        person(state, fields["id"])
    elif kind in (Kind.CLEARED, Kind.MAINTAINED):
        _judge_keeper(state, kind, state.devices[fields["device"]], fields["keeper"])
    elif kind is Kind.KEPT:
        _judge_keeping(state, fields)
        _judge_change(state, fields, around)
    elif kind is Kind.RETIRED:
        _judge_retirement(state.devices[fields["device"]], fields, around)


def _enrolled(state: State, device: str) -> bool:
    custody = state.devices.get(device)
    return custody is not None and custody.enrolled is not None


def _judge_device(state: State, kind: Kind, fields: JsonObject) -> None:
    name = fields["device"]
    if not _enrolled(state, name):
        raise CustodyError(f"{name} is not enrolled", code="unknown_device")
    custody = state.devices[name]
    code = TABLE[kind][custody.standing] or _in_hands(kind, custody)
    if code:
        raise CustodyError(f"{kind} where {name} is {_told(custody)}", code=code)
    expected = custody.number + 1
    if kind in MOVES and fields.get("number", expected) != expected:
        raise CustodyError(f"{name}: number {fields['number']}, not {expected}", code="number")


def _in_hands(kind: Kind, custody: Custody) -> str:
    """What a frozen device's standing alone does not say: whether somebody still has it."""
    if kind is Kind.RETIRED and custody.custodian is not None:
        return "held"
    return "not_held" if kind is Kind.RETURNED and custody.custodian is None else _ALLOWED


def _told(custody: Custody) -> str:
    by = f" ({custody.custodian})" if custody.custodian else ""
    return f"{custody.standing}{by}"


def person(state: State, name: str, *roles: Role) -> Person:
    """Somebody who is of the bureau now, in one of these roles if any are given.

    Raises:
        CustodyError: ``unknown_person``, ``left`` or ``role``.
    """
    known = state.people.get(name)
    if known is None:
        raise CustodyError(f"{name} is not among the bureau's people", code="unknown_person")
    if known.left is not None:
        raise CustodyError(f"{name} left the bureau", code="left")
    if roles and known.role not in roles:
        raise CustodyError(f"{name} is {known.role}, not {' or '.join(roles)}", code="role")
    return known


def _judge_approval(state: State, fields: JsonObject, around: Circumstances) -> None:
    if around.by is not Signatory.HEAD:
        raise CustodyError("an approval is signed by the head's key", code="signatory")
    person(state, fields["approver"], Role.HEAD)
    _check_certified(person(state, fields["custodian"]))
    if fields["approval"] in state.approvals:
        raise CustodyError(f"{fields['approval']} is there already", code="approval_differs")
    if fields["date"] > day_of(around.utc):
        raise CustodyError(f"an approval of {fields['date']} is of a day to come", code="date")
    custody = state.devices.get(fields["device"])
    if fields["device"] != ANY_DEVICE and custody is not None and custody.ended is not None:
        raise CustodyError(f"{fields['device']} is {_told(custody)}", code="ended")


def _check_certified(one: Person) -> None:
    if one.certificate is None:
        raise CustodyError(f"{one.id} has no certificate number", code="certificate")


def _judge_assignment(state: State, fields: JsonObject, around: Circumstances) -> None:
    custodian = person(state, fields["custodian"])
    _check_certified(custodian)
    _judge_keeping(state, fields)
    _check_approved(state, fields)
    _check_trained(custodian, around)
    _judge_roster(state, fields, custodian.id, around)
    if state.devices[fields["device"]].intervals and fields["docked"] is None:
        raise CustodyError(
            f"{fields['device']}: nothing says that it was emptied", code="not_drained"
        )


def _check_trained(one: Person, around: Circumstances) -> None:
    until = one.training_until
    if around.asks_training and (until is None or until < day_of(around.utc)):
        raise CustodyError(f"training of {one.id} is valid until {until}", code="training")


def _judge_change(state: State, fields: JsonObject, around: Circumstances) -> None:
    """A roster goes with a custody; whoever stands on it already is not asked again."""
    custody = state.devices[fields["device"]]
    if "officers" not in fields:
        return
    if custody.custodian is None:
        raise CustodyError(f"{custody.device} is in nobody's hands", code="not_held")
    known = frozenset(one.id for one in custody.officers)
    _judge_roster(state, fields, custody.custodian, around, known)


def _judge_roster(
    state: State,
    fields: JsonObject,
    custodian: str,
    around: Circumstances,
    known: frozenset[str] = frozenset(),
) -> None:
    """Who may use a recorder is of the bureau, certified and trained as its custodian is (A4)."""
    named = [one["id"] for one in fields.get("officers", ())]
    if len({*named, custodian}) != len(named) + 1:
        raise CustodyError("each is named once, the custodian not at all", code="roster")
    for name in named:
        if name not in known:
            one = person(state, name)
            _check_certified(one)
            _check_trained(one, around)


def _judge_keeping(state: State, fields: JsonObject) -> None:
    """Every device has a keeper and a responsible leader (A7)."""
    person(state, fields["keeper"], Role.KEEPER)
    person(state, fields["leader"], Role.LEADER, Role.HEAD)


def _check_approved(state: State, fields: JsonObject) -> None:
    given = state.approvals.get(fields["approval"])
    if given is None or not given.permits(fields["custodian"], fields["device"]):
        named = f"{fields['custodian']} and {fields['device']}"
        raise CustodyError(f"no approval {fields['approval']} names {named}", code="approval")
    if given.used is not None:
        raise CustodyError(f"{given.approval} was used for {given.used}", code="approval_used")


def _judge_keeper(state: State, kind: Kind, custody: Custody, keeper: str) -> None:
    person(state, keeper, Role.KEEPER)
    if custody.keeper not in (None, keeper):
        raise CustodyError(f"{custody.device} is in {custody.keeper}'s keeping", code="keeper")
    if kind is Kind.CLEARED and custody.custodian is not None:
        person(state, custody.custodian)  # nobody who left has a recorder again by its repair


def _judge_retirement(custody: Custody, fields: JsonObject, around: Circumstances) -> None:
    """What was used and never emptied leaves the bureau on the head's word alone."""
    if custody.intervals and fields["docked"] is None and fields["left"] is None:
        raise CustodyError(
            f"{fields['device']}: nothing says that it was emptied", code="not_drained"
        )
    if fields["left"] is not None and around.by is not Signatory.HEAD:
        raise CustodyError(
            "a device that was not emptied is given up by the head", code="signatory"
        )
