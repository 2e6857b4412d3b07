"""What recorder, dock and vault say to each other over the vault's sockets.

Owns the messages; ``agent.channel`` frames them. Refuses time, order and predecessor: no message to
the vault carries an index or a hash of a record, the vault makes those itself.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from evidence.limits import MAX_INTEGER

Natural = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
Positive = Annotated[int, Meta(ge=1, le=MAX_INTEGER)]


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """What the bytes of a segment sent so far hold; everything counts within the segment.

    Attributes:
        frames: Video frames.
        samples: Audio samples.
        dropped: Frames known to be missing.
        first_pts_ns: Capture time of the first video frame.
        last_pts_ns: End of the last video frame.
        gop_first: Running number of its first group of pictures in the session.
        gop_count: Groups of pictures.
    """

    frames: Natural = 0
    samples: Natural = 0
    dropped: Natural = 0
    first_pts_ns: Natural = 0
    last_pts_ns: Natural = 0
    gop_first: Natural = 0
    gop_count: Natural = 0


# --- recorder → vault


class Attach(msgspec.Struct, frozen=True, kw_only=True, tag="attach"):
    """The recorder's first message. The vault answers ``Attached``."""


class OpenSession(msgspec.Struct, frozen=True, kw_only=True, tag="open"):
    """Start a session. The vault answers ``SessionOpened`` or ``Refused``.

    Attributes:
        activity: Activity code; ``voluntary`` without a plan.
        officer: Officer's id, or None.
        custodian: Custodian's id, or None.
        plan_id: The session plan that was chosen; None without one.
        bits_per_second: Expected rate of the media, for the admission rule.
    """

    activity: str
    officer: str | None
    custodian: str | None
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


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """One check of a preflight.

    Attributes:
        name: Which (``battery``, ``space``, ``clock``, ``camera``, ``microphone``, ``speaker``,
            ``storage``, ``key``, ``backlog``, ``custody``, ``rulebook``).
        state: ``ok``, ``warn`` or ``refuse``.
        detail: For people who read the log, English.
        value: The number behind it: minutes, sessions, milliseconds, thousandths of a dB.
    """

    name: str
    state: str
    detail: str
    value: int | None = None


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


# --- vault → recorder


class ActiveSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session the vault holds open.

    Attributes:
        sid: Session id.
        counter: Its device counter.
        next_segment: Number of the next segment.
        gop_count: Groups of pictures sealed or found so far.
        video_end_ns: End of the last frame the vault has, CLOCK_BOOTTIME; before the first one,
            when the session was opened.
    """

    sid: str
    counter: int
    next_segment: int
    gop_count: int
    video_end_ns: int


class AnnouncementRule(msgspec.Struct, frozen=True, kw_only=True):
    """One announcement of the rulebook: its clip's folder and the digests it must have."""

    id: str
    text_sha256: str
    pcm_sha256: str
    samples: int
    rate: int


class PlanChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A session plan that can be chosen now.

    Attributes:
        plan_id: The bureau's id of it.
        number: 1 to 99: what the device says of it.
        activity: Activity code.
        officers: Ids of the officers; who they are is sealed in the plan.
        begins_utc: From when, RFC 3339 with microseconds.
    """

    plan_id: str
    number: int
    activity: str
    officers: list[str]
    begins_utc: str


class Conduct(msgspec.Struct, frozen=True, kw_only=True):
    """The rulebook's part of what the officer is asked.

    Attributes:
        arrival: Template of the arrival statement: ``none``, ``fixed``, ``purpose`` or ``fields``.
        arrival_seconds: Length of its window.
        arrival_voiced_ms: So much voice in it is a statement.
        sign: Whether the sign or door is to be filmed first.
        reason_seconds: Length of the window for the reason of an interruption; 0: not asked.
        reason_voiced_ms: So much voice in it is a reason.
        repeat_minutes: The announcement is repeated so often; 0: never.
        related_minutes: A session so soon after the one before is its resumption.
    """

    arrival: str = "none"
    arrival_seconds: int = 20
    arrival_voiced_ms: int = 3_000
    sign: bool = False
    reason_seconds: int = 0
    reason_voiced_ms: int = 1_000
    repeat_minutes: int = 0
    related_minutes: int = 30


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


class PreviousSession(msgspec.Struct, frozen=True, kw_only=True):
    """The session before this one, where it was interrupted or ended a moment ago.

    Attributes:
        sid: Its id.
        reason: Why it ended.
        seconds: From its end to this start.
        same_plan: Whether both name the same plan, or both none.
    """

    sid: str
    reason: str
    seconds: int
    same_plan: bool


class SessionOpened(msgspec.Struct, frozen=True, kw_only=True, tag="opened"):
    """The ``open`` record is on the medium.

    Attributes:
        session: What was opened.
        previous: The session that this one resumes, by the rulebook's minutes; None for a new one.
    """

    session: ActiveSession
    previous: PreviousSession | None = None


class PreflightStored(msgspec.Struct, frozen=True, kw_only=True, tag="checked"):
    """The preflight is in the device log.

    Attributes:
        trigger: As asked.
        checks: All checks, the vault's too.
    """

    trigger: str
    checks: list[CheckResult]


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
    """Space in minutes of recording at the expected rate, whenever its level changes.

    Attributes:
        level: ``ok``, ``warn``, ``alarm``, ``close``, ``full``; ``unknown`` where the medium does
            not say any more how it stands.
        minutes: Of recording.
    """

    level: str
    minutes: int


# --- dock ⇄ vault


class ListPending(msgspec.Struct, frozen=True, kw_only=True, tag="list"):
    """What is there to push? Answered by ``Pending``."""


class PendingSession(msgspec.Struct, frozen=True, kw_only=True):
    """A closed session that has no ``stored`` receipt yet.

    Attributes:
        sid: Session id.
        counter: Its device counter.
        folder: Where its sealed files and its journal lie; the journal names the files.
        committed: Whether the bureau has receipted the journal.
        journal_size: Bytes.
        journal_sha256: Hex digest.
        journal_chunks: Hex digests of each chunk.
    """

    sid: str
    counter: int
    folder: str
    committed: bool
    journal_size: int
    journal_sha256: str
    journal_chunks: list[str]


class Pending(msgspec.Struct, frozen=True, kw_only=True, tag="pending"):
    """Sessions to push, oldest first, and where the device log lies.

    Attributes:
        device_log: Path of ``device.jws``.
        log_bytes: Its durable length.
        recording: Whether a session is open now.
        sessions: As many as one message holds, over a thousand; ask again when they are done.
    """

    device_log: str
    log_bytes: int
    recording: bool
    sessions: list[PendingSession]


class SubmitReceipt(msgspec.Struct, frozen=True, kw_only=True, tag="receipt"):
    """Receipt bytes as the bureau sent them. Answered by ``ReceiptTaken`` or ``Refused``."""

    content: bytes


class ReceiptTaken(msgspec.Struct, frozen=True, kw_only=True, tag="taken"):
    """The receipt was verified and recorded; ``released``: the space was freed at once."""

    sid: str
    kind: str
    released: bool


class NoteDock(msgspec.Struct, frozen=True, kw_only=True, tag="dock"):
    """Docked, undocked, pushing or failed, for the device log. Answered by ``Noted``."""

    state: str
    detail: str


class SubmitPlan(msgspec.Struct, frozen=True, kw_only=True, tag="plan"):
    """Plan bytes as the bureau sent them. Answered by ``PlanTaken`` or ``Refused``."""

    content: bytes


class PlanTaken(msgspec.Struct, frozen=True, kw_only=True, tag="planned"):
    """The plan was verified and is kept until it expires."""

    plan_id: str


class Noted(msgspec.Struct, frozen=True, kw_only=True, tag="noted"):
    """The note is on the medium."""


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
)
FromDock = ListPending | SubmitReceipt | NoteDock | SubmitPlan
ToDock = Pending | ReceiptTaken | Noted | PlanTaken | Refused
