"""A plan as the clerk wrote it: everything in clear, at the bureau only.

Owns the draft, its file, and reading one from TOML. Refuses judgement of it against rulebook,
registry and other plans: ``bureau.plans.planning`` does that.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from bureau.errors import PlanningError
from evidence.errors import PlanError
from evidence.plan import (
    MOST_DEVICES,
    MOST_ITEMS,
    MOST_NUMBER,
    MOST_OFFICERS,
    Officer,
    Particulars,
    read_particulars,
)

MAX_FILE_BYTES: Final = 64 * 1024

_Line = Annotated[str, Meta(max_length=1_024)]


class WrittenOfficer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[[officers]]``: id, name and certificate number (执法证件编号)."""

    id: _Line
    name: _Line
    certificate: _Line


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a clerk asks for, in a file or by options; times as people write them.

    Attributes:
        devices: Who may carry it out.
        activity: Activity code.
        matter: What it is about.
        party: Who is inspected.
        place: Where.
        officers: Who goes.
        items: What is to be checked.
        begins: From when; empty: from now.
        expires: Until when; empty: until the end of that day.
        number: 1 to 99; 0: the lowest that is free.
    """

    devices: Annotated[list[_Line], Meta(max_length=MOST_DEVICES)] = []
    activity: _Line = ""
    matter: _Line = ""
    party: _Line = ""
    place: _Line = ""
    officers: Annotated[list[WrittenOfficer], Meta(max_length=MOST_OFFICERS)] = []
    items: Annotated[list[_Line], Meta(max_length=MOST_ITEMS)] = []
    begins: _Line = ""
    expires: _Line = ""
    number: Annotated[int, Meta(ge=0, le=MOST_NUMBER)] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A plan in clear.

    Attributes:
        number: 1 to 99.
        to: Device ids.
        activity: Activity code.
        begins: UTC text.
        expires: UTC text.
        particulars: What will be sealed.
    """

    number: int
    to: tuple[str, ...]
    activity: str
    begins: str
    expires: str
    particulars: Particulars

    @property
    def plan_id(self) -> str:
        """The plan's id."""
        return self.particulars.plan_id

    def numbered(self, number: int, plan_id: str) -> Draft:
        """The same under another number and id."""
        return replace(self, number=number, particulars=replace(self.particulars, plan_id=plan_id))


class _Stored(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The draft's file."""

    number: int
    to: list[str]
    activity: str
    begins: str
    expires: str
    particulars: str


def dump(draft: Draft) -> bytes:
    """The bytes of the draft's file.

    Raises:
        PlanError: Its particulars are not what a plan has.
    """
    stored = _Stored(
        number=draft.number,
        to=list(draft.to),
        activity=draft.activity,
        begins=draft.begins,
        expires=draft.expires,
        particulars=draft.particulars.to_bytes().decode(),
    )
    return msgspec.json.format(msgspec.json.encode(stored), indent=2) + b"\n"


def load(content: bytes) -> Draft:
    """Read the draft's file.

    Raises:
        PlanningError: It is none.
    """
    try:
        stored = msgspec.json.decode(content, type=_Stored, strict=True)
        particulars = read_particulars(stored.particulars.encode())
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise PlanningError(f"a draft cannot be read: {error}") from error
    except PlanError as error:
        raise PlanningError(f"a draft cannot be read: {error.detail}") from error
    return Draft(
        number=stored.number,
        to=tuple(stored.to),
        activity=stored.activity,
        begins=stored.begins,
        expires=stored.expires,
        particulars=particulars,
    )


def read_wish(path: Path) -> Wish:
    """Read a clerk's TOML file.

    Raises:
        PlanningError: ``plan_file``: missing, too large, not TOML, an unknown key or a wrong value.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise PlanningError(f"{path} cannot be read: {error.strerror}", code="plan_file") from error
    if len(content) > MAX_FILE_BYTES:
        raise PlanningError(f"{path} is larger than {MAX_FILE_BYTES} bytes", code="plan_file")
    try:
        return msgspec.toml.decode(content, type=Wish, strict=True)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise PlanningError(f"{path}: {error}", code="plan_file") from error


def officer_of(text: str) -> WrittenOfficer:
    """An officer as an option says it: ``O-1:张三:41010200456``.

    Raises:
        PlanningError: ``plan_officers``: it has not three parts.
    """
    parts = text.replace("：", ":").split(":")
    if len(parts) != len(WrittenOfficer.__struct_fields__):
        raise PlanningError(
            f"{text!r} is no officer; write id:name:certificate", code="plan_officers"
        )
    return WrittenOfficer(id=parts[0], name=parts[1], certificate=parts[2])


def officers_of(wish: Wish) -> tuple[Officer, ...]:
    """The officers of a wish, spelled as records spell them: half-width, without spaces."""
    return tuple(
        Officer(
            id=one.id.strip(),
            name=one.name.strip(),
            certificate="".join(unicodedata.normalize("NFKC", one.certificate).split()).upper(),
        )
        for one in wish.officers
    )
