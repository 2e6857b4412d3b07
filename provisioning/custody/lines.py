"""What a line of the ledger may say, kind by kind.

Owns the table of kinds and fields, and the check that both whoever writes a line and the audit run.
Refuses meaning: whether a line was allowed is for ``rules``. A field marked ``May`` is one that
bureaus founded earlier did not write.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum, unique
from typing import Final

from evidence import schema as s
from evidence.assignment import MOST_OFFICERS, Standing
from evidence.canonical import JsonObject
from evidence.errors import EvidenceError
from evidence.plan import CERTIFICATE_NUMBER, OFFICER_ID
from provisioning.custody.days import is_day
from provisioning.custody.errors import CustodyError

ANY_DEVICE: Final = "*"
"""An approval that leaves the choice of the device to the clerk."""
LONGEST_NAME: Final = 64


@unique
class Role(StrEnum):
    """What somebody is in the bureau."""

    OFFICER = "officer"
    """执法人员."""
    KEEPER = "keeper"
    """保管维护人."""
    LEADER = "leader"
    """科室（队）负责人，第一责任人."""
    HEAD = "head"
    """部门主要负责人，批准人."""


@unique
class Kind(StrEnum):
    """Every kind of line."""

    FOUNDED = "founded"
    RULEBOOK = "rulebook"
    ROOT = "root"
    BACKUP = "backup"
    EXPORTED = "exported"
    CLAIM = "claim"
    SEEDED = "seeded"
    PERSON = "person"
    LEFT = "left"
    APPROVED = "approved"
    ENROLLED = "enrolled"
    ASSIGNED = "assigned"
    RETURNED = "returned"
    FROZEN = "frozen"
    CLEARED = "cleared"
    MAINTAINED = "maintained"
    KEPT = "kept"
    LOST = "lost"
    REVOKED = "revoked"
    RETIRED = "retired"


def is_name(text: object) -> bool:
    """Whether ``text`` is a name as the ledger keeps it.

    1 to 64 printable characters of any script and plane, single spaces inside alone; no private
    characters, which every computer shows differently.
    """
    return (
        isinstance(text, str)
        and 0 < len(text) <= LONGEST_NAME
        and text.isprintable()
        and text == " ".join(text.split())
    )


_name = s.satisfying(is_name, "a name of 1 to 64 printable characters")
_person = s.matching(OFFICER_ID, "a person's id (letters, digits, - and _)")
_day = s.satisfying(is_day, "a day such as 2026-11-21")
_number = s.integer(1)
_roster = s.many(s.fields({"id": _person, "until": s.optional(_day)}), most=MOST_OFFICERS)
"""Who else may use a recorder, all of them: ``until`` is somebody's last day."""
_docked: Final[s.Schema] = {"lines": s.integer(1), "head": s.sha256}
"""What the desk had of a device when somebody looked: lines of its log, hash of the last."""


def _device_or_any(value: object, path: str) -> None:
    if value != ANY_DEVICE:
        s.device(value, path)


_OWN: Final[Mapping[Kind, s.Schema]] = {
    Kind.FOUNDED: {"bureau": s.code},
    Kind.RULEBOOK: {"version": _number},
    Kind.ROOT: {"version": _number},
    Kind.BACKUP: {"sha256": s.sha256},
    Kind.EXPORTED: {"key": s.code, "sha256": s.sha256},
    Kind.CLAIM: {"device": s.device, "sha256": s.sha256, "until": s.utc},
    Kind.SEEDED: {"device": s.device},
    Kind.PERSON: {
        "id": _person,
        "name": _name,
        "certificate": s.optional(s.matching(CERTIFICATE_NUMBER, "a certificate number")),
        "department": _name,
        "role": s.one_of(*Role),
        "training_until": s.optional(_day),
    },
    Kind.LEFT: {"id": _person, "note": s.text},
    Kind.APPROVED: {
        "approval": s.code,
        "approver": _person,
        "custodian": _person,
        "device": _device_or_any,
        "document": _name,
        "date": _day,
    },
    Kind.ENROLLED: {
        "device": s.device,
        "signing": s.May(s.sha256),
        "tls": s.May(s.sha256),
        "serial": s.May(s.optional(s.text)),
        "model": s.May(s.optional(s.text)),
    },
    Kind.ASSIGNED: {
        "device": s.device,
        "number": _number,
        "custodian": _person,
        "keeper": _person,
        "leader": _person,
        "approval": s.code,
        "docked": s.optional(s.fields(_docked)),
        "until": s.May(s.optional(_day)),
        "officers": s.May(_roster),
    },
    Kind.RETURNED: {"device": s.device, "number": _number, "form": s.text},
    Kind.FROZEN: {"device": s.device, "number": _number, "because": s.code, "note": s.text},
    Kind.CLEARED: {"device": s.device, "number": _number, "keeper": _person, "note": s.text},
    Kind.MAINTAINED: {"device": s.device, "keeper": _person, "note": s.text, "day": _day},
    Kind.KEPT: {
        "device": s.device,
        "number": _number,
        "keeper": _person,
        "leader": _person,
        "until": s.May(s.optional(_day)),
        "officers": s.May(_roster),
    },
    Kind.LOST: {"device": s.device, "number": _number, "note": s.text},
    Kind.REVOKED: {"device": s.device, "number": s.May(_number), "reason": s.May(s.code)},
    Kind.RETIRED: {
        "device": s.device,
        "number": _number,
        "docked": s.optional(s.fields(_docked)),
        "left": s.optional(s.text),
    },
}
_COMMON: Final[s.Schema] = {
    "v": s.integer(1, 1),
    "t": s.one_of(*Kind),
    "i": s.natural,
    "prev": s.sha256,
    "utc": s.utc,
    "torn": s.May(s.fields({"bytes": _number, "sha256": s.sha256})),
}

MOVES: Final[Mapping[Kind, Standing | None]] = {
    Kind.ASSIGNED: Standing.ASSIGNED,
    Kind.RETURNED: None,
    Kind.FROZEN: Standing.FROZEN,
    Kind.CLEARED: None,
    Kind.KEPT: None,
    Kind.LOST: Standing.ENDED,
    Kind.REVOKED: Standing.ENDED,
    Kind.RETIRED: Standing.ENDED,
}
"""Kinds that issue an assignment, and the standing after them; None where it depends."""


def check_fields(kind: Kind, fields: JsonObject) -> None:
    """Check what is about to be said.

    Raises:
        CustodyError: ``line``: a field is missing, unknown or wrong.
    """
    _check(_OWN[kind], fields, kind)


def check_line(payload: JsonObject) -> Kind:
    """Check a whole line; its kind.

    Raises:
        CustodyError: ``line``: it is none that this ledger has.
    """
    try:
        kind = Kind(str(payload.get("t")))
    except ValueError:
        raise CustodyError(f"a line of unknown kind {payload.get('t')!r}", code="line") from None
    _check({**_COMMON, **_OWN[kind]}, payload, kind)
    return kind


def _check(schema: s.Schema, fields: JsonObject, kind: Kind) -> None:
    try:
        s.check_fields(schema, fields, kind)
    except EvidenceError as error:
        raise CustodyError(error.detail, code="line") from error
