"""How a recording is admitted, and how it goes on after an interruption.

Owns the vault's answer to a start, and what the vault's return means in each phase. Refuses to let
the camera wait for the vault: capture begins with the press, and what the vault does not admit is
dropped unseen.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from agent.session.effects import (
    Beep,
    BeginCapture,
    Effect,
    ForgetSession,
    HushPrompts,
    NotePress,
    PassMedia,
    ReplayMedia,
    Say,
    StopCapture,
)
from agent.session.events import (
    FirstFrame,
    SessionOpened,
    SessionRefused,
    VaultAttached,
)
from agent.session.moves import asking, attaching, checking, ending, noting, speaking, starting
from agent.session.moves.noting import button, fault_begun
from agent.session.moves.steps import Step
from agent.session.states import Phase, Session
from agent.vault.messages import ActiveSession
from agent.voice import sentences

CRASH: Final = "crash"
"""All that this process knows of why the one before it, or the vault's, ended."""


def opened(session: Session, event: SessionOpened) -> Step:
    """Admitted: the vault takes the media from the first frame on."""
    due = _begun(session, event.session)
    return _admitted(due, event.session, (PassMedia(0, 0),))


def refused(session: Session, event: SessionRefused) -> Step:
    """Not admitted: the vault has signed why, the press is signed too, and it is spoken."""
    idle = replace(session, phase=Phase.IDLE, pressed_ns=None, photos=(), trouble=event.code)
    idle, answered = noting.vault_answers(idle)
    press = NotePress("record", "press", session.pressed_ns or 0)
    told = (HushPrompts(), Beep(3), Say(sentences.refused(event.code, event.detail)))
    return idle, (ForgetSession(), StopCapture(), press, *answered, *told)


def turned_away(session: Session, event: SessionRefused) -> Step:
    """The vault cannot work, and says why: nothing can be recorded until it can."""
    if session.trouble == event.code:
        return session, ()
    return replace(session, trouble=event.code), (Say(sentences.refused(event.code, event.detail)),)


def attached_first(session: Session, event: VaultAttached) -> Step:
    """Ready after power-up, and checked; a session that the vault holds open goes on."""
    session, answered = noting.vault_answers(session)
    if event.session is not None:
        return _go_on(session, event, event.session, answered)
    ready = replace(attaching.known(session, event), phase=Phase.IDLE, trouble=None)
    checking_now, check = checking.first(ready)
    return checking_now, (*answered, Say(sentences.power_on()), *check)


def attached_idle(session: Session, event: VaultAttached) -> Step:
    """The vault is back; a session that it holds goes on, for nothing but a press began it."""
    session, answered = noting.vault_answers(session)
    if event.session is not None:
        return _go_on(session, event, event.session, answered)
    return attaching.known(session, event), answered


def attached_opening(session: Session, event: VaultAttached) -> Step:
    """The vault came back before it answered: it opened the session, or it is asked now."""
    session, answered = noting.vault_answers(session)
    ready = attaching.known(session, event)
    held = event.session
    if held is None:
        return ready, (*answered, starting.open_vault(ready))
    if held.next_segment == 0:
        due = _begun(ready, held)
        return _admitted(due, held, (*answered, PassMedia(0, 0)))
    # Another process of this recorder had begun it: the press found a recording under way.
    gap: tuple[Effect, ...] = ()
    going = replace(_of(ready, held), lost_from_ns=_end_of_pictures(held))
    going = asking.on_resume(going, CRASH)
    if going.first_frame_ns:
        going, gap = noting.first_frame(going, FirstFrame(going.first_frame_ns))
    return _admitted(going, held, (*answered, ReplayMedia(held.next_segment, held.gop_count), *gap))


def attached_capturing(session: Session, event: VaultAttached) -> Step:
    """The vault came back: what it may not have is sent again, and the party is told again."""
    held = event.session
    if held is None or held.sid != session.sid:
        return ending.lost(attaching.known(session, event), held)
    quiet, hush = asking.put_off(attaching.during_session(session, event))
    going = asking.on_resume(speaking.await_media(quiet), CRASH)
    if going.phase is Phase.RECORDING:
        going = replace(going, phase=Phase.ANNOUNCING)
    return going, (ReplayMedia(held.next_segment, held.gop_count), *hush)


def vault_lost(session: Session, event: object) -> Step:
    """Capture goes on; what the vault has not got is kept until it is back."""
    del event
    return replace(session, attached=False), ()


def _go_on(
    session: Session, event: VaultAttached, held: ActiveSession, answered: tuple[Effect, ...]
) -> Step:
    """A session of the process before this one: a new segment, and the party is told again."""
    going = replace(
        attaching.known(session, event),
        phase=Phase.ANNOUNCING,
        sid=held.sid,
        pressed_ns=None,
        began_ns=0,
        lost_from_ns=_end_of_pictures(held),
        heartbeat_ns=0,
        close_percent=starting.close_percent(session),
        trouble=None,
    )
    if held.next_segment == 0:
        going = _begun(going, held, otherwise=CRASH)
    else:
        going = asking.on_resume(_of(going, held), CRASH)
    faults = tuple(fault_begun(fault) for fault in session.faults)
    begin = BeginCapture(held.next_segment, held.gop_count)
    media: tuple[Effect, ...] = (begin, PassMedia(begin.number, begin.gop))
    told = (*answered, *faults, Say(sentences.resumed()))
    return speaking.await_media(going), (*media, *told)


def _of(session: Session, held: ActiveSession) -> Session:
    """What the vault knows of the session; a class that was marked just now is not there yet."""
    return replace(
        session,
        begins=held.begins,
        ends=held.ends,
        previous=held.previous,
        secrecy=session.secrecy or held.secrecy,
        unchecked=not held.checked,
    )


def _begun(session: Session, held: ActiveSession, *, otherwise: str = "") -> Session:
    """A session without a picture yet, with its agenda."""
    resumes = otherwise if held.previous is None else held.previous.reason
    return asking.on_opening(_of(session, held), resumes=resumes)


def _end_of_pictures(held: ActiveSession) -> int | None:
    """Where the gap begins; without a picture before it, the recording just begins later."""
    return held.video_end_ns or None


def _admitted(session: Session, held: ActiveSession, media: tuple[Effect, ...]) -> Step:
    going = replace(session, phase=Phase.ANNOUNCING, sid=held.sid, trouble=None)
    press = button("record", "press", session.pressed_ns or 0)
    faults = tuple(fault_begun(fault) for fault in session.faults)
    return speaking.await_media(going), (*media, press, *faults)
