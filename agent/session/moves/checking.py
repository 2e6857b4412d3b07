"""The check before use (B1 to B5): when it is made and what the officer hears of it.

Owns its occasions (power-up, leaving the cradle, idle minutes) and its last result. Refuses to hold
up a press: what a check finds is known beforehand or not at all, and what it has to say is cut by
the press.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from agent.preflight.results import OK, code_of, refusal
from agent.session.effects import Check, Effect, Say, StoreEvent, StorePreflight
from agent.session.events import DockChanged, PartRecovered, PreflightReady, PreflightStored, Ticked
from agent.session.moves import noting
from agent.session.moves.steps import Step, after
from agent.session.states import Checkup, Session
from agent.vault.messages import CheckResult
from agent.voice import sentences

EVERY_NS: Final = 600_000_000_000
"""Every ten idle minutes."""
SOON_NS: Final = 60_000_000_000
"""A loudspeaker that failed, or a part that lied, shows only when asked that it is well again."""
LONGEST_NS: Final = 120_000_000_000
"""A check that has not come back by then never will: the next one is not kept from running."""

_SPEAKER: Final = "speaker"
_LONGEST_DETAIL: Final = 1_000


def first(session: Session) -> Step:
    """The check at power-up."""
    return _check(session, "power_up")


def dock_changed(session: Session, event: DockChanged) -> Step:
    """On the cradle or off it: spoken, and checked before it goes out."""
    if event.docked == session.docked:
        return session, ()
    moved = replace(session, docked=event.docked)
    if event.docked:
        return moved, (Say(sentences.docked()),)
    checking, effects = _check(moved, "undocked")
    return checking, (Say(sentences.undocked()), *effects)


def take_dock(session: Session, event: DockChanged) -> Step:
    """On the cradle or off it: known, for the lamp."""
    return replace(session, docked=event.docked), ()


def wait(session: Session, event: Ticked) -> Step:
    """Check again after ten idle minutes; on the cradle, leaving it is the occasion."""
    checkup = session.checkup
    if checkup.quiet_ns == 0 or session.docked:
        return _with(session, replace(checkup, quiet_ns=event.at_ns)), ()
    if event.at_ns - checkup.quiet_ns < _patience_ns(session):
        return session, ()
    if checkup.running:
        return _with(session, replace(checkup, running=False, quiet_ns=event.at_ns)), ()
    return _check(session, "idle") if session.attached else (session, ())


def overtaken(session: Session, event: PreflightReady) -> Step:
    """A press came first: what was found all the same is signed, and checked again afterwards."""
    known, effects = ready(session, event)
    return _with(known, replace(known.checkup, overtaken=True)), effects


def ready(session: Session, event: PreflightReady) -> Step:
    """The recorder's part is done: the vault adds its own and signs it all."""
    rested = replace(session.checkup, running=False, quiet_ns=0)
    return _with(session, rested), (StorePreflight(event.trigger, event.checks),)


def stored(session: Session, event: PreflightStored) -> Step:
    """Signed: spoken, problems first; every ten minutes problems only."""
    known, _ = keep(session, event)
    known, mended = _end_caught(known, event.checks)
    checks = _problems(event.checks) if event.trigger == "idle" else event.checks
    said: tuple[Effect, ...] = (Say(sentences.preflight(checks)),) if checks else ()
    return known, (*mended, *said)


def _end_caught(session: Session, checks: tuple[CheckResult, ...]) -> Step:
    """A fault that a look found in a recording ends with the check that finds the part well."""
    step: Step = (session, ())
    for check in checks:
        if check.state == OK and noting.was_caught(session, check.name):
            step = after(step, noting.note_recovered, PartRecovered(check.name))
    return step


def keep(session: Session, event: PreflightStored) -> Step:
    """Signed while something is recorded: known, for the lamp afterwards, and not spoken."""
    checkup = replace(session.checkup, checks=event.checks, refused=refusal(event.checks))
    return _with(session, checkup), ()


def keep_in_session(session: Session, event: PreflightStored) -> Step:
    """The same; where the press came before any check, the session tells what this one found."""
    known, _ = keep(session, event)
    if not session.unchecked:
        return known, ()
    found = ", ".join(f"{check.name} {code_of(check)}" for check in event.checks)
    told = {
        "name": "preflight",
        "passed": not _problems(event.checks),
        "detail": f"made after the press: {found}"[:_LONGEST_DETAIL],
        **({"sha256": event.sha256} if event.sha256 else {}),
    }
    return replace(known, unchecked=False), (StoreEvent("check", told),)


def _check(session: Session, trigger: str) -> Step:
    running = replace(session.checkup, running=True, overtaken=False, quiet_ns=0)
    return _with(session, running), (Check(trigger),)


def _patience_ns(session: Session) -> int:
    if session.checkup.running:
        return LONGEST_NS
    if session.checkup.overtaken:
        return 0
    parts = (fault.part for fault in session.faults)
    open_ended = any(part == _SPEAKER or noting.was_caught(session, part) for part in parts)
    return SOON_NS if open_ended else EVERY_NS


def _problems(checks: tuple[CheckResult, ...]) -> tuple[CheckResult, ...]:
    return tuple(check for check in checks if check.state != OK)


def _with(session: Session, checkup: Checkup) -> Session:
    return replace(session, checkup=checkup)
