"""The bureau's people (人员名册): officers, keepers, leaders, the head.

Owns entering and changing somebody. Refuses to change anybody in passing: whoever stands there
under an id stays as he is, unless the clerk says that this is a change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from evidence.plan import CERTIFICATE_NUMBER, OFFICER_ID
from provisioning.custody.days import is_day
from provisioning.custody.errors import CustodyError
from provisioning.custody.lines import LONGEST_NAME, Kind, Role, is_name
from provisioning.custody.moves import Around, Entry
from provisioning.custody.state import Person, State


def tidy(text: str) -> str:
    """A name without spaces around it and with single ones inside, full-width ones included."""
    return " ".join(text.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPerson:
    """Somebody is on the list.

    Attributes:
        id: The bureau's id, which devices see: no name.
        name: As on the certificate.
        certificate: 执法证号; None for somebody who may not use a recorder.
        department: Where.
        role: What they may answer for.
        training_until: Last day their training is valid (A8); None for not trained.
        update: Whether somebody else's particulars under that id are to be replaced; whoever left
            is of the bureau again.
    """

    id: str
    name: str
    certificate: str | None
    department: str
    role: Role
    training_until: str | None = None
    update: bool = field(default=False, kw_only=True)

    def entries(self, state: State, around: Around) -> Sequence[Entry]:
        """One line, or none."""
        del around
        fields = {name: value for name, value in asdict(self).items() if name != "update"}
        fields |= {"name": tidy(self.name), "department": tidy(self.department)}
        fields["role"] = str(self.role)
        _check(fields)
        known = state.people.get(self.id)
        if known is not None and known.left is None and _particulars(known) == fields:
            return ()
        if known is not None and known.left is not None and not self.update:
            raise CustodyError(f"{self.id} left the bureau", code="left")
        if known is not None and not self.update:
            raise CustodyError(f"{self.id} is {known.name}, {known.role}", code="person_differs")
        return (Entry(Kind.PERSON, fields),)


def _particulars(known: Person) -> dict[str, str | None]:
    said = {**asdict(known), "role": str(known.role)}
    del said["left"]
    return said


def _check(fields: dict[str, str | None]) -> None:
    """Say which field, before the line's schema would."""
    if OFFICER_ID.fullmatch(fields["id"] or "") is None:
        raise CustodyError("an id has 1 to 32 letters, digits, - and _ (no name)", code="person")
    for name in ("name", "department"):
        if not is_name(fields[name]):
            raise CustodyError(
                f"{name} has 1 to {LONGEST_NAME} characters, no private or control ones",
                code="person",
            )
    certificate, until = fields["certificate"], fields["training_until"]
    if certificate is not None and CERTIFICATE_NUMBER.fullmatch(certificate) is None:
        raise CustodyError(f"{certificate[:40]!r} is no certificate number", code="person")
    if until is not None and not is_day(until):
        raise CustodyError(f"{until[:40]!r} is no day; write 2027-06-30", code="date")
