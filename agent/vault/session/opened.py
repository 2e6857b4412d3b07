"""A session's journal that can go on: just opened, or resumed after a crash.

Owns what opening and recovery hand to the live session. Refuses files and keys: others hold those.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.vault.chain.signed_file import SignedFile
from agent.vault.chain.stamps import Stamps
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
class Signed:
    """What the recorder may send again because it did not hear that it was signed.

    Attributes:
        events: Id of an event → the record's ``i``.
        photos: Capture time of a still → the record's ``i``.
        told: Ids of the clips that have a statement.
    """

    events: dict[str, int] = field(default_factory=dict)
    photos: dict[int, int] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    def add(self, payload: JsonObject) -> None:
        """Take one record of the journal."""
        if payload["t"] != "event":
            return
        if payload.get("id") is not None:
            self.events[payload["id"]] = payload["i"]
        if payload["kind"] == "photo":
            self.photos[payload["fields"]["pts_ns"]] = payload["i"]
        if payload["kind"] == "disclosure":
            self.told.add(payload["fields"]["clip"])


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
    signed: Signed = field(default_factory=Signed)
    last_utc_ns: int | None = None
