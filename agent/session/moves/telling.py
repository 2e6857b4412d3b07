"""How the recorder stands, spoken when the officer asks.

Owns the question to the vault and the sentence that comes of its answer. Refuses to wait for it:
without a vault, what is known without it is said at once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from agent.preflight.clock import WIDE_MS
from agent.session.effects import AskStatus, Effect, HushPrompts, NotePress, Say
from agent.session.events import PhotoPressed, RecordTapped, StatusTold, Ticked
from agent.session.moves.noting import button
from agent.session.moves.steps import Step
from agent.session.states import Phase, Session
from agent.vault.messages import Status
from agent.voice import sentences
from evidence.moments import TimeSource, utc_ns

LONGEST_ANSWER_NS: Final = 5_000_000_000
"""A vault that has not answered by then hangs."""
_SECOND_NS: Final = 1_000_000_000
_UNSURE: Final = frozenset({TimeSource.NONE.value, TimeSource.LAST_KNOWN.value})


def ask_in_session(session: Session, event: RecordTapped) -> Step:
    """A second short press asks how things are; it never stops."""
    if event.pressed_ns == session.pressed_ns:
        return session, ()
    asked, effects = _ask(session, event.at_ns)
    return asked, (button("record", "tap", event.at_ns), *effects)


def ask_idle(session: Session, event: PhotoPressed) -> Step:
    """Photo without a recording: on record, and the recorder says how it stands."""
    asked, effects = _ask(session, event.at_ns)
    return asked, (NotePress("photo", "press", event.at_ns), HushPrompts(), *effects)


def tell_in_session(session: Session, event: StatusTold) -> Step:
    """The answer, while recording: battery, space, how long already."""
    if session.asked_ns == 0:
        return session, ()
    return replace(session, asked_ns=0), (Say(_recording(session, event.status.free_minutes)),)


def tell_idle(session: Session, event: StatusTold) -> Step:
    """The answer, while nothing is recorded: battery, space, clock, backlog."""
    if session.asked_ns == 0:
        return session, ()
    return replace(session, asked_ns=0), (Say(_standing(session, event.status)),)


def wait(session: Session, event: Ticked) -> Step:
    """A vault that does not say how it stands: what is known without it is said."""
    if session.asked_ns == 0 or event.at_ns - session.asked_ns < LONGEST_ANSWER_NS:
        return session, ()
    unasked = replace(session, asked_ns=0)
    if session.phase in {Phase.STARTING, Phase.IDLE}:
        return unasked, (Say(sentences.refused("vault")),)
    return unasked, (Say(_recording(session, None)),)


def _ask(session: Session, at_ns: int) -> tuple[Session, tuple[Effect, ...]]:
    asked = replace(session, asked_ns=at_ns)
    if session.attached:
        return asked, (AskStatus(),)
    if session.phase in {Phase.STARTING, Phase.IDLE}:
        return session, (Say(sentences.refused("vault")),)
    return session, (Say(_recording(asked, None)),)


def _recording(session: Session, free_minutes: int | None) -> tuple[str, ...]:
    elapsed = max(0, session.asked_ns - session.began_ns) // _SECOND_NS
    return sentences.status(session.power.minutes, free_minutes, elapsed)


def _standing(session: Session, status: Status) -> tuple[str, ...]:
    error_ms = status.utc_error_ms
    sure = status.utc_source not in _UNSURE and error_ms is not None and error_ms <= WIDE_MS
    return (
        *sentences.photo_not_now(),
        *sentences.battery(session.power.minutes),
        *sentences.space(status.free_minutes),
        *sentences.clock(utc_ns(status.utc), sure=sure),
        *sentences.backlog(status.backlog, status.deadline_minutes),
    )
