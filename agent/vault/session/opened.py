"""A session's journal that can go on: just opened, or resumed after a crash.

Owns what opening and recovery hand to the live session. Refuses files and keys: others hold those.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.vault.chain.signed_file import SignedFile
from agent.vault.chain.stamps import Stamps
from evidence.bounds import UNSTATED
from evidence.canonical import JsonObject


@dataclass(slots=True)
class Totals:
    """What the session holds so far: segments with their ``seg`` record, and their sealed bytes."""

    next_segment: int = 0
    next_photo: int = 0
    gop_count: int = 0
    video_end_ns: int = 0
    segments: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Template:
    """What the ``open`` record says of the session's beginning and end.

    Attributes:
        begins: Code of ``evidence.bounds.BEGINNINGS``; ``unstated`` where nothing says.
        ends: Code of ``evidence.bounds.ENDINGS``, likewise.
        previous: The session that this one goes on with, as the record has it.
        checked: Whether a check before use came before it.
    """

    begins: str = UNSTATED
    ends: str = UNSTATED
    previous: JsonObject | None = None
    checked: bool = True

    @classmethod
    def of(cls, opened: JsonObject) -> Template:
        """By the record itself, after a crash."""
        bounds = opened.get("bounds", {})
        return cls(
            begins=bounds.get("begins", UNSTATED),
            ends=bounds.get("ends", UNSTATED),
            previous=opened.get("previous"),
            checked=opened["preflight"] is not None,
        )


@dataclass(frozen=True, slots=True)
class Signed:
    """What is signed already: what the recorder may send again, and what is told in the end.

    Attributes:
        events: Id of an event → the record's ``i``.
        photos: Capture time of a still → the record's ``i``.
        told: Ids of the clips that have a statement.
        marks: Codes of the officer's marks.
    """

    events: dict[str, int] = field(default_factory=dict)
    photos: dict[int, int] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    marks: list[str] = field(default_factory=list)

    def add(self, payload: JsonObject) -> None:
        """Take one record of the journal."""
        if payload["t"] != "event":
            return
        if payload.get("id") is not None:
            self.events[payload["id"]] = payload["i"]
        if payload["kind"] == "photo":
            self.photos[payload["fields"]["pts_ns"]] = payload["i"]
        self.hear(payload["kind"], payload["fields"])

    def hear(self, kind: str, fields: JsonObject) -> None:
        """Take one event as far as the end of the session tells of it."""
        if kind == "disclosure":
            self.told.add(fields["clip"])
        if kind == "mark":
            self.marks.append(fields["code"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A journal that can go on: just opened, or resumed.

    Attributes:
        sid: Session id.
        counter: Its device counter.
        journal: Its chain, with ``open`` or ``resume`` already on the medium.
        stamps: Gives the journal its moments, and notices steps of the clock.
        totals: What the session holds already.
        rulebook_sha256: The rulebook its ``open`` record pinned.
        plan_id: The plan it was opened with.
        template: Where it begins and ends, and what it goes on with.
        signed: What is signed already and may be sent again.
        last_utc_ns: UTC of its last record before a crash; None where none came between.
    """

    sid: str
    counter: int
    journal: SignedFile
    stamps: Stamps
    totals: Totals
    rulebook_sha256: str
    plan_id: str | None = None
    template: Template = Template()
    signed: Signed = field(default_factory=Signed)
    last_utc_ns: int | None = None
