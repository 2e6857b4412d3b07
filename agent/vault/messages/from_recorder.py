"""What the recorder says to the vault.

Owns the messages of a recording, of the check before use and of what happens outside a session.
Refuses time, order and predecessor: nothing here carries an index or a hash of a record.
"""

from __future__ import annotations

from typing import Any

import msgspec

from agent.vault.messages.values import CheckResult, Natural, Positive, Progress


class Attach(msgspec.Struct, frozen=True, kw_only=True, tag="attach"):
    """The recorder's first message. The vault answers ``Attached``."""


class OpenSession(msgspec.Struct, frozen=True, kw_only=True, tag="open"):
    """Start a session. The vault answers ``SessionOpened`` or ``Refused``.

    Attributes:
        activity: Activity code; ``voluntary`` without a plan.
        officer: Officer's id, or None.
        plan_id: The session plan that was chosen; None without one.
        bits_per_second: Expected rate of the media, for the admission rule.
    """

    activity: str
    officer: str | None
    plan_id: str | None
    bits_per_second: Positive


class BeginSegment(msgspec.Struct, frozen=True, kw_only=True, tag="begin"):
    """Segment ``number`` begins; ``init`` is its ftyp and moov."""

    number: Natural
    init: bytes


class Fragment(msgspec.Struct, frozen=True, kw_only=True, tag="fragment"):
    """Whole MP4 fragments of the segment that is open; ``progress`` includes them."""

    number: int
    content: bytes
    progress: Progress


class EndSegment(msgspec.Struct, frozen=True, kw_only=True, tag="end"):
    """The recorder ended segment ``number``. Answered by ``SegmentSealed``."""

    number: int
    progress: Progress


class StoreEvent(msgspec.Struct, frozen=True, kw_only=True, tag="event"):
    """An event of the open session, of a kind in ``EVENTS``. Answered by ``Recorded``.

    Attributes:
        kind: Which; stills are sent by ``StorePhoto``.
        fields: What its schema asks for, without ``count``: the vault counts.
        id: The same whenever the same event is sent again, so that it is signed once; None for an
            event that is never sent again. Lower-case code, unique in the session.
    """

    kind: str
    fields: dict[str, Any]
    id: str | None = None


class CloseSession(msgspec.Struct, frozen=True, kw_only=True, tag="close"):
    """Close the session. Answered by ``SessionClosed``."""

    reason: str


class NotePress(msgspec.Struct, frozen=True, kw_only=True, tag="press"):
    """A press without a session, for the device log."""

    button: str
    gesture: str
    at_ns: int


class NoteFault(msgspec.Struct, frozen=True, kw_only=True, tag="fault"):
    """A part that failed or came back while nothing is recorded, for the device log."""

    part: str
    code: str
    detail: str
    state: str


class StorePhoto(msgspec.Struct, frozen=True, kw_only=True, tag="photo"):
    """A part of a still of the open session; the last one is answered by ``Recorded``.

    A still that is sent again, after the vault was away, is sent from part 0.

    Attributes:
        pts_ns: Capture time of the picture, CLOCK_BOOTTIME; no two stills of a session share it.
        part: From 0.
        parts: How many there are, 1 to 32.
        content: JPEG bytes, at most 512 KiB a part.
    """

    pts_ns: Natural
    part: Natural
    parts: Positive
    content: bytes


class StorePreflight(msgspec.Struct, frozen=True, kw_only=True, tag="preflight"):
    """What the recorder's process checked. Answered by ``PreflightStored``.

    Attributes:
        trigger: ``power_up``, ``undocked``, ``idle`` or ``asked``.
        checks: The recorder's own checks; the vault adds its own.
    """

    trigger: str
    checks: list[CheckResult]


class AskStatus(msgspec.Struct, frozen=True, kw_only=True, tag="status"):
    """How does the vault stand? Answered by ``Status``."""


FromRecorder = (
    Attach
    | OpenSession
    | BeginSegment
    | Fragment
    | EndSegment
    | StoreEvent
    | CloseSession
    | NotePress
    | NoteFault
    | StorePhoto
    | StorePreflight
    | AskStatus
)
