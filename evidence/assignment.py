"""An assignment (配发): whose recorder this is, by the bureau's word, and who else may use it.

Owns the document's fields, signing it, reading one that was reached from the pinned CA, and who is
on its roster. Each device has its own row of them, numbered from 1; the highest number is in force.
Refuses names: who the ids are stands in the bureau's ledger (A1, A3, A4, A7).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum, unique
from typing import Any, Final

from cryptography import x509

from evidence import jws
from evidence import schema as s
from evidence.bureau_word import read_word, signed_word
from evidence.errors import AssignmentError, EvidenceError, LimitError, SignatureError
from evidence.plan import OFFICER_ID

VERSION: Final = 1
MAX_ASSIGNMENT_BYTES: Final = 8 * 1024
MOST_OFFICERS: Final = 32
"""More than share one recorder anywhere; a word with as many keeps well below its bound."""


@unique
class Standing(StrEnum):
    """How a recorder stands with its bureau."""

    ASSIGNED = "assigned"
    """In the hands of its custodian: it may record."""
    FROZEN = "frozen"
    """Under repair or stopped: it may not until the keeper clears it (M1, M2)."""
    UNASSIGNED = "unassigned"
    """With the keeper, nobody's: returned, or not yet handed out."""
    ENDED = "ended"
    """Lost, revoked or retired, for good."""


_person = s.matching(OFFICER_ID, "a person's id (letters, digits, - and _)")
_officer: Final[s.Schema] = {"id": _person, "until": s.optional(s.utc)}
_ASSIGNMENT: Final[s.Schema] = {
    "v": s.integer(VERSION, VERSION),
    "device": s.device,
    "number": s.integer(1),
    "standing": s.one_of(*Standing),
    "custodian": s.optional(_person),
    "keeper": s.optional(_person),
    "leader": s.optional(_person),
    "approval": s.optional(s.code),
    "because": s.optional(s.code),
    "issued": s.utc,
    "until": s.May(s.optional(s.utc)),
    "officers": s.May(s.many(s.fields(_officer), most=MOST_OFFICERS)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """Somebody besides the custodian who may use the recorder.

    Attributes:
        id: The bureau's id.
        until: UTC, from when on no longer, docked or not; None for no such end.
    """

    id: str
    until: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One word of the bureau about one recorder.

    Attributes:
        device: Device id.
        number: From 1, growing by one: the highest is in force.
        standing: See ``Standing``.
        custodian: Who answers for it (使用人); never None where it is assigned.
        keeper: Who looks after it (保管维护人, A7); never None where it is assigned.
        leader: The responsible leader (第一责任人, A7); never None where it is assigned.
        approval: Id of the head's recorded approval (A1); never None where it is assigned.
        because: Why it is frozen or ended, a code; None otherwise.
        issued: UTC.
        until: UTC, from when on it permits nothing, docked or not (A4); None for no such end.
        officers: Who may use it besides the custodian, each named once (A4).
    """

    device: str
    number: int
    standing: Standing
    custodian: str | None = None
    keeper: str | None = None
    leader: str | None = None
    approval: str | None = None
    because: str | None = None
    issued: str
    until: str | None = None
    officers: tuple[Officer, ...] = ()

    @property
    def permits_recording(self) -> bool:
        """Whether a session may be started."""
        return self.standing is Standing.ASSIGNED

    @property
    def roster(self) -> tuple[Officer, ...]:
        """Everybody who may use it: the custodian, and who else the word names."""
        if self.custodian is None:
            return ()
        return (Officer(id=self.custodian, until=self.until), *self.officers)

    def may_use(self, users: Iterable[str], now: str | None) -> bool:
        """Whether any of these is on the roster.

        Args:
            users: Ids.
            now: UTC; None for a clock that can be held against no term: then none is over.
        """
        named = frozenset(users)
        return any(
            one.id in named and (now is None or one.until is None or now < one.until)
            for one in self.roster
        )


def make(assignment: Assignment, signer: jws.Signer, certificate: x509.Certificate) -> bytes:
    """Sign ``assignment`` with the bureau's receipt key.

    Raises:
        AssignmentError: A field is not what an assignment has.
    """
    payload: dict[str, Any] = {"v": VERSION, **asdict(assignment)}
    payload |= {"standing": str(assignment.standing), "officers": list(payload["officers"])}
    if not assignment.officers:
        # Recorders that know of no roster go on reading words that need none.
        del payload["officers"]
    _from_payload(payload)
    return signed_word(payload, jws.TYP_ASSIGNMENT, signer, certificate)


def read(token: bytes, ca: x509.Certificate, *, device: str | None = None) -> Assignment:
    """Verify and read an assignment.

    Args:
        token: As received.
        ca: The pinned bureau CA.
        device: Who reads; None at the bureau.

    Raises:
        AssignmentError: With its code: ``assignment_size``, ``assignment_malformed``,
            ``assignment_signature`` or ``assignment_device`` (it is another device's).
    """
    try:
        payload = read_word(token, jws.TYP_ASSIGNMENT, ca, limit=MAX_ASSIGNMENT_BYTES)
    except LimitError as error:
        raise AssignmentError(error.detail, code="assignment_size") from error
    except SignatureError as error:
        raise AssignmentError(error.detail, code="assignment_signature") from error
    except EvidenceError as error:
        raise AssignmentError(error.detail) from error
    assignment = _from_payload(payload)
    if device is not None and assignment.device != device:
        raise AssignmentError(
            f"assignment {assignment.number} is for {assignment.device}", code="assignment_device"
        )
    return assignment


def _from_payload(payload: dict[str, object]) -> Assignment:
    try:
        s.check_fields(_ASSIGNMENT, payload, "assignment")
    except EvidenceError as error:
        raise AssignmentError(error.detail) from error
    fields: dict[str, Any] = {name: held for name, held in payload.items() if name != "v"}
    fields["standing"] = Standing(fields["standing"])
    fields["officers"] = tuple(Officer(**one) for one in fields.get("officers", ()))
    assignment = Assignment(**fields)
    _check_sense(assignment)
    return assignment


def _check_sense(one: Assignment) -> None:
    if one.standing is Standing.ASSIGNED and None in (
        one.custodian,
        one.keeper,
        one.leader,
        one.approval,
    ):
        raise AssignmentError("an assigned recorder has custodian, keeper, leader and approval")
    if one.standing in (Standing.FROZEN, Standing.ENDED) and one.because is None:
        raise AssignmentError(f"a recorder that is {one.standing} has a reason")
    _check_roster(one)


def _check_roster(one: Assignment) -> None:
    """Nobody stands there twice: one word says one thing of everybody."""
    named = [member.id for member in one.roster]
    if len(set(named)) != len(named):
        raise AssignmentError("somebody is on the roster twice")
    if one.officers and one.custodian is None:
        raise AssignmentError("a recorder in nobody's hands has no roster")
