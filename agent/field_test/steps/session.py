"""A real recording, and a long one.

Owns the steps ``session`` and ``soak``, and beginning and ending a recording as an officer does.
Refuses short cuts: the tester presses, the recorder announces, the vault seals.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from agent.field_test.bench import Bench
from agent.field_test.kernel import THROTTLED_NOW
from agent.field_test.outcome import Measure, Outcome, failed, passed
from agent.field_test.steps.body import HOT_MILLI_CELSIUS
from agent.session import events as e
from agent.session.states import CAPTURING, Phase
from agent.vault.messages import SessionFacts

ANNOUNCED_SECONDS: Final = 90.0
SAMPLE_SECONDS: Final = 5.0
LEAST_AVAILABLE_KIB: Final = 48 * 1_024
LOST_PERMILLE: Final = 2
_MOST_SAMPLES_SHORT: Final = 10
_MS_NS: Final = 1_000_000
_MINUTE: Final = 60.0


class NotRecordingError(Exception):
    """No recording began, ran, or ended as it has to.

    Args:
        cause: Code of the step's failure.
        detail: For the report.
    """

    def __init__(self, cause: str, detail: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.detail = detail


def session(bench: Bench) -> Outcome:
    """A press records at once, announces, is heard, and reaches the medium."""
    try:
        latency_ms = begin(bench)
        facts = _held(bench)
    except NotRecordingError as error:
        return failed(error.cause, error.detail)
    if bench.session.unverified:
        return failed("unverified", "the announcement was not heard in the session")
    return passed(session=facts.sid, first_frame_ms=latency_ms, records=facts.records)


def soak(bench: Bench) -> Outcome:
    """It records for a long time: heat, load, memory and lost frames; then it is ended in order."""
    try:
        begin(bench)
        seen = _watch(bench, bench.terms.soak_minutes * _MINUTE)
        facts = end(bench)
    except NotRecordingError as error:
        return failed(error.cause, error.detail)
    told: dict[str, Measure] = {
        **seen.told(),
        "media_ms": facts.milliseconds,
        "segments": facts.segments,
    }
    cause = seen.cause()
    return passed(**told) if cause is None else failed(cause, **told)


def begin(bench: Bench) -> int:
    """Have a recording begun, unless one runs; milliseconds from the press to the first picture.

    Raises:
        NotRecordingError: None has begun, or its announcement does not end.
    """
    if bench.session.phase in CAPTURING:
        return 0
    before = bench.inbox.posted
    bench.divert(on=False)
    bench.ask("session.begin")
    if not bench.wait_for(lambda: bench.session.phase in CAPTURING):
        raise NotRecordingError("refused" if bench.session.trouble else "unfelt")
    if not bench.wait_for(lambda: _is_announced(bench), ANNOUNCED_SECONDS):
        raise NotRecordingError("unannounced", str(bench.session.trouble))
    if bench.session.phase not in CAPTURING:
        raise NotRecordingError("refused", str(bench.session.trouble))
    pressed_ns = bench.session.pressed_ns
    frames = [one for one in bench.inbox.since(before) if isinstance(one, e.FirstFrame)]
    if not frames or pressed_ns is None:
        raise NotRecordingError("no_picture")
    return (frames[0].pts_ns - pressed_ns) // _MS_NS


def end(bench: Bench) -> SessionFacts:
    """Have the recording ended as an officer does: hold, and confirm.

    Raises:
        NotRecordingError: It goes on, or ended for another reason.
    """
    sid = bench.session.sid
    bench.ask("session.end")
    if not bench.wait_for(lambda: bench.session.phase not in CAPTURING):
        raise NotRecordingError("goes_on")
    closed = bench.wait_for(lambda: _closed(bench, sid))
    bench.divert(on=True)
    if closed is None:
        raise NotRecordingError("unclosed")
    if closed.reason != "officer":
        raise NotRecordingError("ended", str(closed.reason))
    return closed


def last_session(bench: Bench) -> str | None:
    """The session that this test has closed last."""
    closed = [one.sid for one in bench.inbox.since(0) if isinstance(one, e.SessionClosed)]
    return closed[-1] if closed else None


def _is_announced(bench: Bench) -> bool:
    return bench.session.phase in (Phase.RECORDING, Phase.IDLE)


def _held(bench: Bench) -> SessionFacts:
    """What the vault holds of it, once media have reached the medium."""
    sid = bench.session.sid
    bench.wait_for(lambda: bench.session.heartbeat_ns)
    facts = bench.vault.facts(sid).session if sid is not None else None
    if facts is None or not bench.session.heartbeat_ns:
        raise NotRecordingError("unkept", "no media has reached the medium")
    return facts


def _closed(bench: Bench, sid: str | None) -> SessionFacts | None:
    facts = bench.vault.facts(sid).session
    return facts if facts is not None and facts.reason is not None else None


@dataclass(slots=True)
class Seen:
    """What the soak saw.

    Attributes:
        minutes_milli: How long it lasted, thousandths of a minute.
        heats: Milli-degrees Celsius.
        throttled: The firmware's words, all of them together.
        available_kib: Memory that could be had.
        cpu_percent: Of all cores, over the whole of it.
        frames: Pictures that came.
        lost: Pictures that are missing.
        still_recording: Whether it recorded to the end.
    """

    minutes_milli: int = 0
    heats: list[int] = field(default_factory=list)
    throttled: int = 0
    available_kib: list[int] = field(default_factory=list)
    cpu_percent: int = 0
    frames: int = 0
    lost: int = 0
    still_recording: bool = True

    def told(self) -> dict[str, Measure]:
        """As the report has it."""
        told: dict[str, Measure] = {
            "minutes_milli": self.minutes_milli,
            "frames": self.frames,
            "lost": self.lost,
            "cpu_percent": self.cpu_percent,
            "throttled": hex(self.throttled),
        }
        if self.heats:
            told["hottest_milli_celsius"] = max(self.heats)
        if self.available_kib:
            told["least_available_kib"] = min(self.available_kib)
        return told

    def cause(self) -> str | None:
        """Why it is not well; None where it is."""
        checks = (
            ("ended", not self.still_recording),
            ("throttled", bool(self.throttled & THROTTLED_NOW)),
            ("hot", bool(self.heats) and max(self.heats) >= HOT_MILLI_CELSIUS),
            ("memory", bool(self.available_kib) and min(self.available_kib) < LEAST_AVAILABLE_KIB),
            ("drops", self.lost * 1_000 > LOST_PERMILLE * max(1, self.frames)),
        )
        return next((cause for cause, holds in checks if holds), None)


def _watch(bench: Bench, seconds: float) -> Seen:
    seen, load = Seen(), bench.kernel.load()
    began, began_ns = bench.camera.frames, bench.clock.monotonic_ns()
    until_ns = began_ns + round(seconds * 1e9)
    pause = min(SAMPLE_SECONDS, seconds / _MOST_SAMPLES_SHORT)
    while seen.still_recording and bench.clock.monotonic_ns() < until_ns:
        bench.pause(pause)
        _sample(bench, seen)
    after = bench.kernel.load()
    if load is not None and after is not None:
        seen.cpu_percent = after.percent_since(load)
    seen.frames = bench.camera.frames.count - began.count
    seen.lost = bench.camera.frames.lost - began.lost
    seen.minutes_milli = (bench.clock.monotonic_ns() - began_ns) // 60_000_000
    return seen


def _sample(bench: Bench, seen: Seen) -> None:
    heat, available = bench.kernel.milli_celsius(), bench.kernel.available_kib()
    seen.heats += [] if heat is None else [heat]
    seen.available_kib += [] if available is None else [available]
    seen.throttled |= bench.kernel.throttled() or 0
    seen.still_recording = bench.session.phase in CAPTURING
