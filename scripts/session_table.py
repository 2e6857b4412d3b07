"""Write ``docs/session-table.md`` from the machine's table; a second run changes nothing.

Owns the rendering and the walk that finds out which event leads from which phase to which. Refuses
a word of its own: what a row does is the first line of its move, and an arrow is drawn where the
machine itself has gone.
"""

from __future__ import annotations

import inspect
from collections import defaultdict, deque
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from agent.disclosure.ear import Heard
from agent.session import effects as f
from agent.session import events as e
from agent.session.machine import TABLE, step
from agent.session.states import Phase, Session
from agent.session.table.rows import Ignored, Row
from agent.vault.messages import (
    ActiveSession,
    AnnouncementRule,
    CheckResult,
    Conduct,
    PlanChoice,
    PreviousSession,
    Status,
)
from agent.voice import sentences
from evidence.hearing import Hearing

PATH: Final = Path(__file__).resolve().parent.parent / "docs" / "session-table.md"

S: Final = 1_000_000_000
RULE: Final = AnnouncementRule(
    id="zh-cn", text_sha256="a" * 64, pcm_sha256="b" * 64, samples=48_000, rate=16_000
)
SECOND: Final = AnnouncementRule(
    id="ug-cn", text_sha256="c" * 64, pcm_sha256="d" * 64, samples=48_000, rate=16_000
)
HELD: Final = ActiveSession(sid="s1", counter=1, next_segment=0, gop_count=0, video_end_ns=0)
LATER: Final = ActiveSession(sid="s1", counter=1, next_segment=3, gop_count=20, video_end_ns=9 * S)
FOREIGN: Final = ActiveSession(sid="s2", counter=2, next_segment=4, gop_count=9, video_end_ns=7 * S)
CONDUCT: Final = Conduct(arrival="fixed", arrival_seconds=20, reason_seconds=10)
REPEATING: Final = Conduct(repeat_minutes=30)
PLAN: Final = PlanChoice(
    plan_id="p1",
    number=3,
    activity="inspection",
    officers=["o1", "o2"],
)
BROKEN: Final = PreviousSession(sid="s0", reason="battery", seconds=60, same_plan=True)
RESUMED: Final = replace(HELD, previous=BROKEN)
HEARING: Final = replace(HELD, begins="hearing_opened", ends="hearing_closed")
STATUS: Final = Status(
    free_minutes=200,
    backlog=1,
    deadline_minutes=300,
    utc="2026-11-21T08:00:00.000000Z",
    utc_source="ntp",
    utc_error_ms=20,
)
GOOD: Final = CheckResult(name="camera", state="ok", detail="ok: seen", value=90)
BAD: Final = CheckResult(name="camera", state="warn", detail="black: covered", value=2)
FULL: Final = CheckResult(name="space", state="refuse", detail="space: 3 minutes", value=3)


def heard(*, heard: bool = True, complete: bool = True, level_mdb: int = -1_500) -> Heard:
    """What the ear may have made of an announcement."""
    hearing = Hearing(
        heard=heard,
        complete=complete,
        score_milli=30_000 if heard else 4_000,
        share_milli=1_000 if complete else 700,
        missing=() if complete else ((900, 1_800),),
        delay_ns=3_000_000,
        drift_ppm=-12,
        level_mdb=-31_000,
    )
    return Heard(hearing, level_mdb if heard else None)


def clip_ended(
    clip: int = 0, *, reason: str | None = None, hearing: Heard | None = None
) -> e.ClipEnded:
    """One attempt at an announcement."""
    return e.ClipEnded(
        clip=clip,
        frames_played=48_000 if reason is None else 400,
        underruns=0,
        from_ns=2 * S,
        to_ns=5 * S,
        reason=reason,
        hearing=hearing,
    )


SAMPLES: Final[tuple[e.Event, ...]] = (
    e.RecordPressed(S),
    e.RecordPressed(100 * S),
    e.RecordTapped(S, 2 * S),
    e.RecordTapped(7 * S, 8 * S),
    e.RecordHolding(7 * S, 1, 8 * S),
    e.RecordHeld(S, 4 * S),
    e.RecordHeld(97 * S, 100 * S),
    e.MarkTapped(S),
    e.MarkTapped(40 * S),
    e.MarkHeld(S),
    e.PhotoPressed(S),
    e.PhotoHeld(3 * S),
    e.PowerTapped(S, 2 * S),
    e.PowerTapped(102 * S, 103 * S),
    e.PowerHeld(97 * S, 100 * S),
    e.VaultAttached(None, (RULE,)),
    e.VaultAttached(None, (RULE, SECOND), conduct=REPEATING, plans=(PLAN,), docked=True),
    e.VaultAttached(HELD, (RULE,), conduct=CONDUCT),
    e.VaultAttached(FOREIGN, (RULE, SECOND)),
    e.VaultLost(),
    e.SessionOpened(HELD),
    e.SessionOpened(RESUMED),
    e.SessionOpened(HEARING),
    e.SessionRefused("storage", "no room"),
    e.MediaTaken(),
    e.MediaAdvanced(3 * S),
    e.SessionClosed("s1", "officer"),
    e.SessionClosed("s1", "storage"),
    e.StorageChanged("alarm", 9),
    e.StorageChanged("ok", 200, intact=False),
    e.StatusTold(STATUS),
    e.DockChanged(docked=True),
    e.DockChanged(docked=False),
    e.PlansChanged((PLAN,)),
    e.PlansChanged(()),
    e.PreflightReady("power_up", (GOOD,)),
    e.PreflightStored("idle", (GOOD, BAD)),
    e.PreflightStored("undocked", (FULL, BAD)),
    e.Watched((GOOD,)),
    e.Watched((BAD,)),
    e.FirstFrame(2 * S),
    e.PartFailed("camera", "camera", "gone"),
    e.PartFailed("microphone", "microphone", "gone"),
    e.PartRecovered("camera"),
    e.PhotoTaken(S, 2 * S, b"jpeg"),
    e.PhotoStored(),
    e.PhotoFailed(S, "camera", "gone"),
    e.PhotoFailed(None, "storage", "no room"),
    clip_ended(hearing=heard()),
    clip_ended(hearing=heard(heard=False, complete=False)),
    clip_ended(hearing=heard(complete=False)),
    clip_ended(),
    clip_ended(reason="speaker"),
    clip_ended(reason="clip"),
    clip_ended(1, hearing=heard()),
    e.Spoken(("stop.confirm", "stop")),
    e.Spoken(("arrival.sign", "stop")),
    e.Spoken(sentences.ending("end:hearing_closed")),
    e.Spoken(sentences.switching_off()),
    e.WindowHeard("fixed", 10 * S, 30 * S, 9_000),
    e.Ticked(2 * S),
    e.Ticked(60 * S),
    e.Ticked(200 * S),
    e.Ticked(2_000 * S),
    e.BatteryRead(50, 3_700, charging=False, minutes=90, at_ns=2 * S),
    e.BatteryRead(2, 3_300, charging=False, minutes=3, at_ns=2 * S),
    e.BatteryRead(1, 3_200, charging=False, minutes=1, at_ns=2 * S),
    e.BatteryRead(2, 3_300, charging=True, minutes=3, at_ns=2 * S),
    e.Terminated(9 * S),
)
"""At least one event of every kind."""

_HEAD: Final = """\
# What may happen to a recording

Generated from `agent/session/machine.py` by `python -m scripts.session_table`. Every event has a
row for every phase; a dot means that it is ignored, and why.

Phases: starting (no vault yet), idle, opening (pressed, capture runs, not admitted yet),
announcing, recording, confirming (held, waiting for the press that confirms), stopping.

## From phase to phase

Found by walking the machine. What stays in its phase is not drawn.

"""


def render() -> str:
    """The whole page."""
    return _HEAD + diagram() + "".join(_event(kind) for kind in TABLE)


def diagram() -> str:
    """Every arrow that the machine has gone, as a Mermaid state diagram."""
    arrows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for before, event, after in walk():
        names = arrows[before, after]
        if event not in names:
            names.append(event)
    order = [kind.__name__ for kind in e.EVENT_TYPES]
    lines = [
        f"    {before} --> {after}: {', '.join(sorted(names, key=order.index))}"
        for (before, after), names in sorted(arrows.items(), key=_in_order)
    ]
    drawn = "\n".join(["stateDiagram-v2", "    [*] --> starting", *lines])
    return f"```mermaid\n{drawn}\n```\n"


def walk() -> Iterator[tuple[str, str, str]]:
    """From one session of every sort that can be reached, one step with every sample."""
    seen: set[Hashable] = set()
    waiting = deque([Session()])
    while waiting:
        session = waiting.popleft()
        for event in SAMPLES:
            after, effects = step(session, event)
            if f.Quit() in effects:
                yield session.phase.value, type(event).__name__, "[*]"
                continue
            if after.phase is not session.phase:
                yield session.phase.value, type(event).__name__, after.phase.value
            sort = _sort(after)
            if sort not in seen:
                seen.add(sort)
                waiting.append(after)


def _sort(session: Session) -> Hashable:
    return (
        session.phase,
        session.attached,
        session.conduct.repeat_minutes,
        session.speech,
        session.quitting,
        session.switching_off,
        session.confirms_off,
        session.close_asked,
        session.pressed_again_ns is None,
        min(session.power.critical, 2),
        len(session.faults),
        bool(session.blind_ns),
    )


def _in_order(arrow: tuple[tuple[str, str], list[str]]) -> tuple[int, int]:
    phases = [*(phase.value for phase in Phase), "[*]"]
    return phases.index(arrow[0][0]), phases.index(arrow[0][1])


def _event(kind: type) -> str:
    rows: dict[str, list[str]] = {}
    for phase in Phase:
        rows.setdefault(_said(TABLE[kind].of(phase)), []).append(phase.value)
    lines = "".join(f"| {', '.join(phases)} | {said} |\n" for said, phases in rows.items())
    return f"\n## {kind.__name__}\n\n{_first_line(kind)}\n\n| phase | |\n|---|---|\n{lines}"


def _said(row: Row) -> str:
    if isinstance(row, Ignored):
        return f"· {row.because}"
    return _first_line(row)


def _first_line(thing: object) -> str:
    lines = (inspect.getdoc(thing) or "").splitlines()
    return lines[0].replace("``", "`") if lines else ""


if __name__ == "__main__":
    PATH.write_text(render(), "utf-8")
