"""What the vault says to the recorder.

Owns the answers, and what the vault tells unasked: acknowledgements, room, plans, the cradle.
Refuses keys and paths: the recorder has no way into the store.
"""

from __future__ import annotations

import msgspec

from agent.vault.messages.values import (
    ActiveSession,
    AnnouncementRule,
    CheckResult,
    Conduct,
    PlanChoice,
)


class Attached(msgspec.Struct, frozen=True, kw_only=True, tag="attached"):
    """The vault's answer to ``Attach``.

    Attributes:
        session: The session that is still open, if one is.
        segment_seconds: The rulebook's segment length.
        announcements: Ids of the announcements, in the rulebook's order.
        conduct: What the rulebook has the officer asked.
        plans: Session plans that can be chosen, by number.
        docked: Whether the dock's process last said so.
        refused: Code of what would refuse a start now; None where one would be admitted.
    """

    session: ActiveSession | None
    segment_seconds: int
    announcements: list[AnnouncementRule]
    conduct: Conduct = Conduct()
    plans: list[PlanChoice] = []
    docked: bool = False
    refused: str | None = None


class SessionOpened(msgspec.Struct, frozen=True, kw_only=True, tag="opened"):
    """The ``open`` record is on the medium.

    Attributes:
        session: What was opened.
    """

    session: ActiveSession


class PreflightStored(msgspec.Struct, frozen=True, kw_only=True, tag="checked"):
    """The preflight is in the device log.

    Attributes:
        trigger: As asked.
        checks: All checks, the vault's too.
        sha256: Digest of the record, by which a session points to it.
    """

    trigger: str
    checks: list[CheckResult]
    sha256: str = ""


class Status(msgspec.Struct, frozen=True, kw_only=True, tag="stands"):
    """How the vault stands.

    Attributes:
        free_minutes: Room for so much recording.
        backlog: Closed sessions without a ``stored`` receipt.
        deadline_minutes: Until the oldest of them is due at the bureau; negative: overdue; None
            without one.
        utc: The wall clock, RFC 3339 with microseconds.
        utc_source: How it was set (``evidence.moments.TimeSource``).
        utc_error_ms: Bound of its error; None where nobody can tell.
    """

    free_minutes: int
    backlog: int
    deadline_minutes: int | None
    utc: str
    utc_source: str
    utc_error_ms: int | None


class DockChanged(msgspec.Struct, frozen=True, kw_only=True, tag="docked"):
    """The dock's process says that the recorder was put on the cradle or taken off it."""

    docked: bool


class PlansChanged(msgspec.Struct, frozen=True, kw_only=True, tag="plans"):
    """The session plans that can be chosen now, by number."""

    plans: list[PlanChoice]


class WordAdopted(msgspec.Struct, frozen=True, kw_only=True, tag="adopted"):
    """The bureau's word changed what ``Attached`` said: attach anew and hear it."""


class Durable(msgspec.Struct, frozen=True, kw_only=True, tag="durable"):
    """Acknowledged: plaintext that is on the medium under a signed record.

    Attributes:
        number: Segment.
        plaintext_offset: Bytes from the segment's start.
        journal_i: The record that signs them.
    """

    number: int
    plaintext_offset: int
    journal_i: int


class SegmentSealed(msgspec.Struct, frozen=True, kw_only=True, tag="sealed"):
    """The ``seg`` record of segment ``number`` is on the medium."""

    number: int
    journal_i: int


class Recorded(msgspec.Struct, frozen=True, kw_only=True, tag="recorded"):
    """The event sent before is on the medium as record ``journal_i``; answers come in order."""

    journal_i: int


class SessionClosed(msgspec.Struct, frozen=True, kw_only=True, tag="closed"):
    """The ``close`` record is on the medium, asked for or by the vault itself."""

    sid: str
    reason: str


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """The vault will not do it; ``code`` says why. Nothing was begun."""

    code: str
    detail: str


class StorageState(msgspec.Struct, frozen=True, kw_only=True, tag="storage"):
    """How the medium stands, whenever that changes: its space, and whether it keeps what it takes.

    Attributes:
        level: ``ok``, ``warn``, ``alarm``, ``close``, ``full``; ``unknown`` where the medium does
            not say any more how it stands.
        minutes: Of recording at the expected rate.
        intact: Whether the last proof read back what it had written.
    """

    level: str
    minutes: int
    intact: bool = True


ToRecorder = (
    Attached
    | SessionOpened
    | Durable
    | SegmentSealed
    | Recorded
    | SessionClosed
    | Refused
    | StorageState
    | PreflightStored
    | Status
    | DockChanged
    | PlansChanged
    | WordAdopted
)
