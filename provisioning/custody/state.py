"""Who has which device: what the ledger's lines add up to.

Owns the state and its replay: one line after the other, without a file, a key or a clock, so that
the same lines give the same state. Refuses judgement: a line that should not be there changes the
state all the same, and ``rules`` says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

from evidence.assignment import Assignment, Officer, Standing
from evidence.canonical import JsonObject
from provisioning.custody.days import end_of
from provisioning.custody.lines import ANY_DEVICE, MOVES, Kind, Role

_NOBODY: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody of the bureau; names stand nowhere else.

    Attributes:
        id: The bureau's id, which devices see.
        name: As on the certificate.
        certificate: 执法证号; None for somebody who may not use a recorder.
        department: Where.
        role: What they may answer for.
        training_until: Last day of their training's validity, or None (A8).
        left: Since when they are no longer of the bureau, UTC; None for whoever is.
    """

    id: str
    name: str
    certificate: str | None
    department: str
    role: Role
    training_until: str | None
    left: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """The head's word that somebody may be given a device (A1); it is good for one assignment.

    Attributes:
        approval: Its id.
        approver: The head.
        custodian: Who may be given one.
        device: Which; ``*`` for any.
        document: 批准文号.
        date: 批准日期.
        used: The device it was used for, or None.
    """

    approval: str
    approver: str
    custodian: str
    device: str
    document: str
    date: str
    used: str | None = None

    def permits(self, custodian: str, device: str) -> bool:
        """Whether it names that person and that device."""
        return custodian == self.custodian and self.device in (device, ANY_DEVICE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Permitted:
    """Somebody besides the custodian who may use a device (A4).

    Attributes:
        id: The bureau's id.
        until: Last day in Beijing; None for no such day.
    """

    id: str
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """A time in somebody's hands (A5): from ``since``, until ``until`` or still."""

    custodian: str
    since: str
    until: str | None


@dataclass(frozen=True, slots=True)
class Care:
    """What a keeper did for a device on a day (M3)."""

    day: str
    keeper: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Custody:
    """One device.

    Attributes:
        device: Device id.
        enrolled: When it was taken in; None where no line says so.
        signing: SHA-256 of its signing certificate; None where no line says which.
        tls: Of its TLS certificate.
        standing: How it stands.
        custodian: Who answers for it; None where nobody does.
        keeper: Who looks after it; None before the first assignment.
        leader: The responsible leader; None before the first assignment.
        approval: Of the custody that lasts.
        until: Its last day in Beijing; None for no such day.
        officers: Who else may use it; nobody once it came back.
        words: What was issued, in order: number 1, 2 …; the last is in force.
        intervals: In whose hands it was, in order.
        taken_back: Number of the word that took it back last; 0 where it was never handed out.
        note: What was said when it was frozen last; empty for never.
        cleared: Number of the word by which a keeper last cleared it; 0 for never.
        maintained: When it was last looked after; None for never.
    """

    device: str
    enrolled: str | None = None
    signing: str | None = None
    tls: str | None = None
    standing: Standing = Standing.UNASSIGNED
    custodian: str | None = None
    keeper: str | None = None
    leader: str | None = None
    approval: str | None = None
    until: str | None = None
    officers: tuple[Permitted, ...] = ()
    words: tuple[Assignment, ...] = ()
    intervals: tuple[Interval, ...] = ()
    taken_back: int = 0
    note: str = ""
    cleared: int = 0
    maintained: Care | None = None

    @property
    def number(self) -> int:
        """Of the word in force; 0 before the first."""
        return self.words[-1].number if self.words else 0

    @property
    def since(self) -> str | None:
        """Since when the custodian has it."""
        last = self.intervals[-1] if self.intervals else None
        return last.since if last is not None and last.until is None else None

    @property
    def ended(self) -> Assignment | None:
        """The word that ended it, or None."""
        return self.words[-1] if self.words and self.standing is Standing.ENDED else None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A bureau's custody after so many lines.

    Attributes:
        lines: How many.
        utc: Of the last; empty before the first.
        bureau: Its code.
        rulebook: Version in force.
        root: Version of the root document in force.
        people: By id.
        approvals: By id.
        devices: By id.
    """

    lines: int = 0
    utc: str = ""
    bureau: str | None = None
    rulebook: int = 0
    root: int = 1
    people: Mapping[str, Person] = field(default_factory=lambda: _NOBODY)
    approvals: Mapping[str, Approval] = field(default_factory=lambda: _NOBODY)
    devices: Mapping[str, Custody] = field(default_factory=lambda: _NOBODY)


def replay(payloads: Iterable[JsonObject]) -> State:
    """What these lines add up to."""
    state = State()
    for payload in payloads:
        state = advance(state, payload)
    return state


def advance(state: State, payload: JsonObject) -> State:
    """The state after one more line, whose fields ``lines`` has checked."""
    kind = Kind(payload["t"])
    counted = replace(state, lines=state.lines + 1, utc=payload["utc"])
    if kind in MOVES:
        return _with_device(counted, _moved(_device(state, payload), kind, payload), payload)
    if kind in (Kind.ENROLLED, Kind.MAINTAINED):
        return _with_device(counted, _noted(_device(state, payload), kind, payload), payload)
    if kind is Kind.PERSON:
        return replace(counted, people={**state.people, payload["id"]: _person(payload)})
    if kind is Kind.LEFT:
        return _left(counted, payload)
    if kind is Kind.APPROVED:
        given = _approval(payload)
        return replace(counted, approvals={**state.approvals, given.approval: given})
    return _founded(counted, kind, payload)


def _founded(state: State, kind: Kind, payload: JsonObject) -> State:
    """What lines about the bureau itself change; the rest is none of custody's business."""
    if kind is Kind.FOUNDED:
        return replace(state, bureau=payload["bureau"])
    if kind is Kind.RULEBOOK:
        return replace(state, rulebook=payload["version"])
    if kind is Kind.ROOT:
        return replace(state, root=payload["version"])
    return state


def _person(payload: JsonObject) -> Person:
    own = ("id", "name", "certificate", "department", "training_until")
    return Person(role=Role(payload["role"]), **{name: payload[name] for name in own})


def _left(state: State, payload: JsonObject) -> State:
    """Nobody who left has a recorder or is on the roster of one: one line changes all of them."""
    name = payload["id"]
    people = {**state.people}
    if name in people:
        people[name] = replace(people[name], left=payload["utc"])
    devices = {
        device: _without(custody, name, payload) for device, custody in state.devices.items()
    }
    return replace(state, people=people, devices=devices)


def _without(custody: Custody, name: str, payload: JsonObject) -> Custody:
    others = tuple(one for one in custody.officers if one.id != name)
    if custody.custodian == name and custody.standing is Standing.ASSIGNED:
        stopped = replace(custody, standing=Standing.FROZEN, note=payload["note"])
        return _issue(stopped, Kind.LEFT, payload)
    if others != custody.officers:
        return _issue(replace(custody, officers=others), Kind.KEPT, payload)
    return custody


def _approval(payload: JsonObject) -> Approval:
    own = ("approval", "approver", "custodian", "device", "document", "date")
    return Approval(**{name: payload[name] for name in own})


def _device(state: State, payload: JsonObject) -> Custody:
    name = payload["device"]
    return state.devices.get(name) or Custody(device=name)


def _with_device(state: State, custody: Custody, payload: JsonObject) -> State:
    approvals = state.approvals
    if payload["t"] == Kind.ASSIGNED and payload["approval"] in approvals:
        used = replace(approvals[payload["approval"]], used=custody.device)
        approvals = {**approvals, used.approval: used}
    return replace(state, approvals=approvals, devices={**state.devices, custody.device: custody})


def _noted(custody: Custody, kind: Kind, payload: JsonObject) -> Custody:
    if kind is Kind.ENROLLED:
        since = custody.enrolled or payload["utc"]
        signing, tls = payload.get("signing"), payload.get("tls")
        return replace(custody, enrolled=since, signing=signing, tls=tls)
    return replace(custody, maintained=Care(payload["day"], payload["keeper"], payload["note"]))


def _moved(custody: Custody, kind: Kind, payload: JsonObject) -> Custody:
    after = _issue(_changed(custody, kind, payload), kind, payload)
    if kind is Kind.RETURNED or (kind in _ENDING and custody.custodian is not None):
        after = replace(after, taken_back=after.number)
    if kind is Kind.CLEARED:
        after = replace(after, cleared=after.number)
    return after


_ENDING: Final = frozenset({Kind.LOST, Kind.REVOKED, Kind.RETIRED})


def _changed(custody: Custody, kind: Kind, payload: JsonObject) -> Custody:
    """Standing, people and intervals after the line."""
    if kind is Kind.ASSIGNED:
        before = _closed(custody, payload["utc"])
        last = before.intervals[-1].until if before.intervals else None
        begun = Interval(payload["custodian"], max(payload["utc"], last or ""), None)
        own = ("custodian", "keeper", "leader", "approval")
        return replace(
            before,
            standing=Standing.ASSIGNED,
            intervals=(*before.intervals, begun),
            until=payload.get("until"),
            officers=_permitted(payload.get("officers", ())),
            **{name: payload[name] for name in own},
        )
    if kind is Kind.RETURNED:
        # What was stopped because its custodian left is in order once he has given it back.
        frozen = custody.standing is Standing.FROZEN and custody.words[-1].because != Kind.LEFT
        standing = Standing.FROZEN if frozen else Standing.UNASSIGNED
        return replace(_closed(custody, payload["utc"]), standing=standing)
    if kind is Kind.FROZEN:
        return replace(custody, standing=Standing.FROZEN, note=payload["note"])
    if kind is Kind.KEPT:
        named = payload.get("officers")
        return replace(
            custody,
            keeper=payload["keeper"],
            leader=payload["leader"],
            until=payload.get("until", custody.until),
            officers=custody.officers if named is None else _permitted(named),
        )
    if kind is Kind.CLEARED:
        held = custody.custodian is not None
        return replace(custody, standing=Standing.ASSIGNED if held else Standing.UNASSIGNED)
    return replace(_closed(custody, payload["utc"]), standing=Standing.ENDED)


def _closed(custody: Custody, utc: str) -> Custody:
    """In nobody's hands from ``utc`` on; a clock that was put back makes no time run backwards."""
    intervals = tuple(
        replace(one, until=max(one.since, utc)) if one.until is None else one
        for one in custody.intervals
    )
    return replace(
        custody, custodian=None, approval=None, until=None, officers=(), intervals=intervals
    )


def _permitted(named: Iterable[Mapping[str, str | None]]) -> tuple[Permitted, ...]:
    return tuple(Permitted(id=str(one["id"]), until=one["until"]) for one in named)


def _issue(custody: Custody, kind: Kind, payload: JsonObject) -> Custody:
    """The word that the line puts into force."""
    word = Assignment(
        device=custody.device,
        number=payload.get("number") or custody.number + 1,
        standing=custody.standing,
        custodian=custody.custodian,
        keeper=custody.keeper,
        leader=custody.leader,
        approval=custody.approval,
        because=_because(custody, kind, payload),
        issued=payload["utc"],
        until=_end(custody.until),
        officers=tuple(Officer(id=one.id, until=_end(one.until)) for one in custody.officers),
    )
    return replace(custody, words=(*custody.words, word))


def _end(day: str | None) -> str | None:
    return None if day is None else end_of(day)


def _because(custody: Custody, kind: Kind, payload: JsonObject) -> str | None:
    if kind is Kind.FROZEN:
        return str(payload["because"])
    if kind is Kind.LEFT:
        return str(kind)
    if kind is Kind.REVOKED:
        return str(payload.get("reason", Kind.REVOKED))
    if kind in _ENDING:
        return str(kind)
    # A device that comes back while it is stopped stays so, for the same reason.
    stopped = custody.standing is Standing.FROZEN
    return custody.words[-1].because if stopped and custody.words else None
