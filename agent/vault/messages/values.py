"""Values that messages carry: what is counted, checked, chosen and ordered.

Owns their shapes and the range of a number. Refuses to be sent alone: no value has a tag.
"""

from __future__ import annotations

from typing import Annotated

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


class ActiveSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session the vault holds open.

    Attributes:
        sid: Session id.
        counter: Its device counter.
        next_segment: Number of the next segment.
        gop_count: Groups of pictures sealed or found so far.
        video_end_ns: End of the last frame the vault has, CLOCK_BOOTTIME; before the first one,
            when the session was opened.
        begins: Where the rules have a session of this activity begin (``evidence.bounds``).
        ends: Where they have it end.
        secrecy: The highest class of secrecy that was marked; empty where none was.
        previous: The session that this one resumes, by the rulebook's minutes; None for a new one.
        checked: Whether a check before use came before it.
    """

    sid: str
    counter: int
    next_segment: int
    gop_count: int
    video_end_ns: int
    begins: str = "unstated"
    ends: str = "unstated"
    secrecy: str = ""
    previous: PreviousSession | None = None
    checked: bool = True


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
    """

    plan_id: str
    number: int
    activity: str
    officers: list[str]


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
        causes: Why a recording may be stopped (``evidence.rulebook.words.CAUSES``), in the
            rulebook's order; empty: nobody is asked.
    """

    arrival: str = "none"
    arrival_seconds: int = 20
    arrival_voiced_ms: int = 3_000
    sign: bool = False
    reason_seconds: int = 0
    reason_voiced_ms: int = 1_000
    repeat_minutes: int = 0
    causes: tuple[str, ...] = ()


class PreviousSession(msgspec.Struct, frozen=True, kw_only=True):
    """The session before this one, where it was interrupted or ended a moment ago.

    Attributes:
        sid: Its id.
        reason: Why it ended.
        seconds: From its end to this start.
        same_plan: Whether both name the same plan, or both none.
        ending: How its end was told (``evidence.marks``); None where nobody told.
    """

    sid: str
    reason: str
    seconds: int
    same_plan: bool
    ending: str | None = None
