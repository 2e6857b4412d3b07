"""How a recording ends.

Owns the hold, the confirming press, the vault's own closing and the end of the process. Refuses to
end on a single press.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from agent.session import speaking
from agent.session.effects import (
    Beep,
    CloseVaultSession,
    Effect,
    ForgetSession,
    Quit,
    ReplayMedia,
    StopCapture,
    StopSpeaking,
)
from agent.session.events import (
    ClipEnded,
    MarkHeld,
    RecordHeld,
    RecordPressed,
    SessionClosed,
    Terminated,
    Ticked,
    VaultAttached,
)
from agent.session.noting import button
from agent.session.speaking import Step
from agent.session.states import Phase, Session, Speech
from agent.vault.messages import ActiveSession

CONFIRM_NS: Final = 5_000_000_000
"""How long a hold waits for the press that confirms it."""


def ask(session: Session, event: RecordHeld) -> Step:
    """A hold asks for the end; recording goes on until it is confirmed."""
    if event.pressed_ns == session.pressed_ns:
        return session, ()  # the press that started, held on
    asking = replace(session, phase=Phase.CONFIRMING, confirm_until_ns=event.at_ns + CONFIRM_NS)
    return asking, (button("record", "hold", event.at_ns), Beep(2))


def confirm(session: Session, event: RecordPressed) -> Step:
    """The confirming press ends the recording, unless it comes too late."""
    if event.at_ns > session.confirm_until_ns:
        return _go_on(session), ()
    stopping, effects = stop(session, "officer", event.at_ns)
    return stopping, (button("record", "confirm", event.at_ns), *effects)


def wait_for_confirmation(session: Session, event: Ticked) -> Step:
    """Not confirmed in time: the recording goes on as before."""
    waiting, effects = speaking.wait_for_media(session, event)
    if event.at_ns > waiting.confirm_until_ns:
        return _go_on(waiting), effects
    return waiting, effects


def announce_again(session: Session, event: MarkHeld) -> Step:
    """A new party has come: tell it, unless the announcement is on its way already."""
    press = button("mark", "hold", event.at_ns)
    if session.speech is not Speech.SILENT:
        return session, (press,)
    phase = Phase.ANNOUNCING if session.phase is Phase.RECORDING else session.phase
    speaking_now, effects = speaking.play(replace(session, phase=phase))
    return speaking_now, (press, *effects)


def stop(session: Session, reason: str, at_ns: int) -> Step:
    """Stop capture, finish the announcement's statement, then close."""
    stopping = replace(session, phase=Phase.STOPPING, closing=reason, again=False)
    if session.speech is Speech.PLAYING:
        return stopping, (StopCapture(), StopSpeaking())
    owed = session.speech is Speech.AWAITED
    silent = replace(stopping, speech=Speech.SILENT, unannounced=owed or session.unannounced)
    untold = speaking.unplayed(session, 0, at_ns) if owed else ()
    return silent, (StopCapture(), *untold, CloseVaultSession(reason))


def clip_ended(session: Session, event: ClipEnded) -> Step:
    """The announcement's statement is complete: now the vault may close."""
    if session.speech is not Speech.PLAYING or event.clip != session.clip:
        return session, ()
    silent, effects = speaking.clip_ended_at_stop(session, event)
    return silent, (*effects, CloseVaultSession(session.closing))


def closed(session: Session, event: SessionClosed) -> Step:
    """The close is on the medium."""
    trouble = None if event.reason == session.closing else event.reason
    idle, effects = _idle(session, trouble)
    return idle, (ForgetSession(), *effects)


def closed_by_vault(session: Session, event: SessionClosed) -> Step:
    """The vault had to close by itself, for want of space: stop at once."""
    return _abandon(session, event.reason)


def lost(session: Session, held: ActiveSession | None) -> Step:
    """The vault no longer holds this session: it closed it as interrupted.

    Nothing starts again without a press.
    """
    idle, effects = _abandon(session, "session_lost")
    if held is None:
        return idle, effects
    foreign = replace(idle, phase=Phase.STOPPING, sid=held.sid, closing="superseded")
    return foreign, (*effects, CloseVaultSession("superseded"))


def attached_stopping(session: Session, event: VaultAttached) -> Step:
    """The vault came back while closing: send what it may lack and ask again, or find it closed."""
    ready = replace(session, attached=True)
    held = event.session
    if held is None:
        idle, effects = _idle(replace(ready, rules=event.announcements), None)
        return idle, (ForgetSession(), *effects)
    # A second stop returns when the replayed tail has been handed on.
    tail: tuple[Effect, ...] = (ReplayMedia(held.next_segment, held.gop_count), StopCapture())
    if ready.speech is Speech.PLAYING:
        return ready, tail
    return ready, (*tail, CloseVaultSession(ready.closing))


def quit_now(session: Session, event: Terminated) -> Step:
    """Nothing is being recorded."""
    del event
    return replace(session, quitting=True), (Quit(),)


def quit_opening(session: Session, event: Terminated) -> Step:
    """Not admitted yet: what the vault may have opened, the next process goes on with."""
    del event
    return replace(session, quitting=True), (StopCapture(), Quit())


def shut_down(session: Session, event: Terminated) -> Step:
    """The whole recorder stops: close in order, as far as the vault is there."""
    if not session.attached:
        return quit_opening(session, event)
    return stop(replace(session, quitting=True), "shutdown", event.at_ns)


def quit_after_closing(session: Session, event: Terminated) -> Step:
    """Closing already: end when it is done."""
    del event
    quitting = replace(session, quitting=True)
    return quitting, () if session.attached else (Quit(),)


def _go_on(session: Session) -> Session:
    silent = session.speech is Speech.SILENT
    return replace(session, phase=Phase.RECORDING if silent else Phase.ANNOUNCING)


def _abandon(session: Session, trouble: str) -> Step:
    idle, effects = _idle(session, trouble)
    hush: tuple[Effect, ...] = (StopSpeaking(),) if session.speech is Speech.PLAYING else ()
    return idle, (*hush, ForgetSession(), StopCapture(), Beep(3), *effects)


def _idle(session: Session, trouble: str | None) -> Step:
    idle = Session(
        phase=Phase.IDLE,
        attached=session.attached,
        rules=session.rules,
        faults=session.faults,
        battery_percent=session.battery_percent,
        quitting=session.quitting,
        unannounced=session.unannounced,
        trouble=trouble,
    )
    return idle, (Quit(),) if session.quitting else ()
