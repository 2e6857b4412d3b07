"""What time alone reveals while something is recorded.

Owns what a passing second may mean: an announcement or a still that is overdue, the next thing to
ask, a medium that has fallen silent, a recording without picture and sound. Refuses to take a late
answer for a failure before its time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from agent.preflight.results import OK, code_of
from agent.session.effects import Say, Watch
from agent.session.events import PartFailed, PartRecovered, Ticked, Watched
from agent.session.moves import (
    asking,
    checking,
    ending,
    noting,
    photographing,
    speaking,
    switching,
    telling,
)
from agent.session.moves.noting import STORAGE, VAULT
from agent.session.moves.steps import Step, after
from agent.session.states import Phase, Session
from agent.vault.messages import CheckResult
from agent.voice import sentences

LATE_NS: Final = 6_000_000_000
"""The vault acknowledges about every second; the lamp says so after 3 s, the voice after 6."""
BLIND_NS: Final = 60_000_000_000
"""So long without picture and sound, and the recording is over (E2: a fault is a reason)."""
LOOK_NS: Final = 10_000_000_000
"""How often parts that may lie (a frozen picture, a dead microphone) are looked at in session."""
AWAY_NS: Final = 10_000_000_000
"""A vault that is started again is back long before."""
FIRST_AWAY_NS: Final = 30_000_000_000
"""At power-up it takes longer."""
_MISSED: Final = frozenset({"silent", "failed", "hung"})
_SENSES: Final = frozenset({"camera", "microphone"})


def starting(session: Session, event: Ticked) -> Step:
    """The vault is awaited; the officer is told when it does not come."""
    return after(_miss_vault(session, event), switching.wait, event)


def idle(session: Session, event: Ticked) -> Step:
    """Check again after ten minutes; tell the officer of a vault that stays away."""
    step = after(checking.wait(session, event), telling.wait, event)
    step = after(step, switching.wait, event)
    return after(step, _miss_vault, event)


def opening(session: Session, event: Ticked) -> Step:
    """The vault's answer is awaited without a limit, for capture runs; the officer is told."""
    if event.at_ns - session.began_ns < LATE_NS:
        return session, ()
    late = PartFailed(STORAGE, "late", "the vault has not answered for 6 s")
    return noting.note_failed(session, late)


def announcing(session: Session, event: Ticked) -> Step:
    """The announcement is due or plays: it waits for nothing for ever."""
    return _watch(speaking.wait(_timed(session, event), event), event)


def recording(session: Session, event: Ticked) -> Step:
    """Ask the officer for the next thing; announce again where the rulebook says so."""
    step = asking.wait(_timed(session, event), event)
    return _watch(after(step, speaking.repeat, event), event)


def confirming(session: Session, event: Ticked) -> Step:
    """Not confirmed in time: the recording goes on as before; nothing else stands still."""
    step = ending.wait_for_confirmation(session, event)
    step = after(step, speaking.wait, event)
    return _watch(after(step, asking.wait, event), event)


def watched(session: Session, event: Watched) -> Step:
    """What a part that lies was caught at: a signed fault and spoken, until it is well again."""
    step: Step = (session, ())
    for check in event.checks:
        step = after(step, _judge, check)
    return step


def _judge(session: Session, check: CheckResult) -> Step:
    if check.name in _SENSES and code_of(check) in _MISSED:
        return session, ()  # capture misses what does not come, and says when it comes again
    if check.state != OK:
        caught = PartFailed(check.name, code_of(check), check.detail)
        return noting.part_caught(session, caught, Say(sentences.finding(check)))
    if not noting.was_caught(session, check.name):
        return session, ()
    return noting.part_recovered(session, PartRecovered(check.name))


def _miss_vault(session: Session, event: Ticked) -> Step:
    if session.attached or session.trouble is not None:
        return replace(session, away_ns=0), ()
    if session.away_ns == 0:
        return replace(session, away_ns=event.at_ns), ()
    patience_ns = FIRST_AWAY_NS if session.phase is Phase.STARTING else AWAY_NS
    if event.at_ns - session.away_ns < patience_ns:
        return session, ()
    late = PartFailed(VAULT, "late", f"the vault is away for {patience_ns // 1_000_000_000} s")
    return noting.note_failed(session, late)


def _look_at_parts(session: Session, event: Ticked) -> Step:
    if session.watched_ns == 0:
        return replace(session, watched_ns=event.at_ns), ()
    if event.at_ns - session.watched_ns < LOOK_NS:
        return session, ()
    return replace(session, watched_ns=event.at_ns), (Watch(),)


def _watch(step: Step, event: Ticked) -> Step:
    step = after(step, photographing.wait, event)
    step = after(step, telling.wait, event)
    step = after(step, _listen_for_heartbeat, event)
    step = after(step, _look_at_parts, event)
    return after(step, _end_blind, event)


def _timed(session: Session, event: Ticked) -> Session:
    return session if session.began_ns else replace(session, began_ns=event.at_ns)


def _listen_for_heartbeat(session: Session, event: Ticked) -> Step:
    """Media that no longer reach the medium are a fault, signed as soon as it can be."""
    beaten_ns = session.heartbeat_ns or session.first_frame_ns
    if beaten_ns == 0 or event.at_ns - beaten_ns < LATE_NS or _is_blind(session):
        return session, ()
    late = PartFailed(STORAGE, "late", "media has not reached the medium for 6 s")
    return noting.part_failed(session, late)


def _end_blind(session: Session, event: Ticked) -> Step:
    """Neither picture nor sound for a minute: closed in order, with its reason, and spoken."""
    if not _is_blind(session):
        return replace(session, blind_ns=0), ()
    if session.blind_ns == 0:
        return replace(session, blind_ns=event.at_ns), ()
    if event.at_ns - session.blind_ns < BLIND_NS:
        return session, ()
    stopping, effects = ending.stop(session, "fault", event.at_ns)
    return stopping, (*effects, Say(sentences.closing("fault")))


def _is_blind(session: Session) -> bool:
    return {fault.part for fault in session.faults} >= _SENSES
