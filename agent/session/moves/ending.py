"""How a recording ends.

Owns the hold, what the officer says of the end, the confirming press, the vault's own closing and
the end of the process. Refuses to end on a single press, and to make an end wait for an answer.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from agent.session.effects import (
    Beep,
    CloseVaultSession,
    Effect,
    ForgetSession,
    HushPrompts,
    NotePress,
    Quit,
    ReplayMedia,
    RisingBeep,
    Say,
    StopCapture,
    StopSpeaking,
    StoreEvent,
)
from agent.session.events import (
    ClipEnded,
    MarkHeld,
    MarkTapped,
    PartFailed,
    PhotoFailed,
    PhotoTaken,
    RecordHeld,
    RecordPressed,
    SessionClosed,
    Spoken,
    Terminated,
    Ticked,
    VaultAttached,
)
from agent.session.moves import (
    asking,
    attaching,
    choosing,
    menus,
    noting,
    photographing,
    speaking,
    starting,
)
from agent.session.moves.noting import button
from agent.session.moves.steps import Step, after
from agent.session.states import Menu, Phase, Session, Speech, without_recording
from agent.vault.messages import ActiveSession
from agent.voice import sentences
from evidence.bounds import UNSTATED
from evidence.marks import END, STOP

CONFIRM_NS: Final = 5_000_000_000
"""How long a hold waits for the press that confirms it."""
MEANT_NS: Final = 1_000_000_000
"""A press so soon after the confirming one is the same hand, not the next recording."""
LONGEST_REPORT_NS: Final = 5_000_000_000
"""An announcement that was given up reports by then, or never."""
LONGEST_CLOSE_NS: Final = 12_000_000_000
"""What is on its way may take 8 s; a vault that has not closed by then is late."""
_RISEN: Final = 3
_SPEAKER: Final = "speaker"
_INTERRUPTED: Final = frozenset({"battery", "storage", "fault"})
"""Ends that nobody wished for."""
_TOLD: Final = frozenset({"battery", "fault"})


def ask(session: Session, event: RecordHeld) -> Step:
    """A hold asks for the end, and how it ends; recording goes on until it is confirmed."""
    if event.pressed_ns == session.pressed_ns:
        return session, ()  # the press that started, held on
    options = _options(session)
    menu = Menu(options) if options and noting.standing(session, _SPEAKER) is None else None
    until_ns = event.at_ns + CONFIRM_NS
    asked = replace(session, phase=Phase.CONFIRMING, confirm_until_ns=until_ns, endings=menu)
    hold = button("record", "hold", event.at_ns)
    how = () if menu is None else (Say(sentences.ending(menu.option)),)
    return asked, (hold, RisingBeep(_RISEN), HushPrompts(), Say(sentences.confirm_stop()), *how)


def confirm(session: Session, event: RecordPressed) -> Step:
    """The confirming press ends the recording, unless it comes too late."""
    if session.confirms_off:
        return session, (button("record", "press", event.at_ns),)
    if session.endings is None and event.at_ns > session.confirm_until_ns:
        return unconfirmed(session), ()
    press = button("record", "confirm", event.at_ns)
    return after(untold(session, press), _stop_as_asked, event)


def tell_end(session: Session, event: MarkTapped) -> Step:
    """A mark while the ends are read out: that one, and the recording ends at once."""
    if session.endings is None:
        return noting.record_mark(session, event)
    code = menus.meant(session.endings, event.at_ns)
    told = (button("mark", "confirm", event.at_ns), noting.mark(code, event.at_ns))
    return after((session, told), _stop_as_asked, event)


def read_out(session: Session, event: Spoken) -> Step:
    """A way to end has been read: now the officer. Or it was another prompt."""
    menu = session.endings
    if menu is None or event.words != sentences.ending(menu.option):
        return asking.spoken(session, event)
    return replace(session, endings=menus.read_out(menu)), ()


def wait_for_confirmation(session: Session, event: Ticked) -> Step:
    """The next way to end; not confirmed in time, the recording goes on, and that is spoken."""
    if session.phase is not Phase.CONFIRMING:
        return session, ()
    before = session.endings
    menu = None if before is None else menus.pass_time(before, event.at_ns)
    if before is not None and menu is not None:
        moved = replace(session, endings=menu)
        same = menu.index == before.index
        return moved, () if same else (Say(sentences.ending(menu.option)),)
    if before is None and event.at_ns <= session.confirm_until_ns:
        return session, ()
    return unconfirmed(session), (HushPrompts(), Say(sentences.not_stopped()))


def announce_again(session: Session, event: MarkHeld) -> Step:
    """A new party has come: tell it, unless the announcement is on its way already."""
    contact, marked = noting.record_mark_hold(session, event)
    if session.speech is not Speech.SILENT:
        return contact, marked
    speaking_now, effects = speaking.play(contact)
    return speaking_now, (*marked, *effects)


def stop(session: Session, reason: str, at_ns: int) -> Step:
    """Stop capture, finish what is on its way, then close."""
    stopping = replace(
        session,
        phase=Phase.STOPPING,
        closing=reason,
        closing_ns=at_ns,
        again=False,
        endings=None,
        confirms_off=False,
    )
    quiet, left = asking.give_up(stopping, at_ns)
    effects: tuple[Effect, ...] = (StopCapture(), HushPrompts(), *left)
    if quiet.speech is Speech.PLAYING:
        return quiet, (*effects, StopSpeaking())
    owed = quiet.speech is Speech.AWAITED
    untold = tuple(speaking.unplayed(quiet, 0, at_ns)) if owed else ()
    silent = replace(quiet, speech=Speech.SILENT, unverified=owed or quiet.unverified)
    return _close((silent, (*effects, *untold)))


def clip_ended(session: Session, event: ClipEnded) -> Step:
    """The announcement's statement is complete: the vault may close."""
    if not speaking.is_awaited(session, event):
        return session, ()
    return _close(speaking.clip_ended_at_stop(session, event))


def photo_taken(session: Session, event: PhotoTaken) -> Step:
    """The last still is on its way: the vault may close."""
    return _close(photographing.taken(session, event))


def photo_failed(session: Session, event: PhotoFailed) -> Step:
    """There is no still: the vault may close."""
    return _close(photographing.failed(session, event))


def wait_for_reports(session: Session, event: Ticked) -> Step:
    """Nothing that does not come keeps the recording from being closed."""
    session = replace(session, closing_ns=session.closing_ns or event.at_ns)
    step = after(photographing.wait(session, event), _miss_close, event)
    overdue = event.at_ns - session.closing_ns >= LONGEST_REPORT_NS
    if session.speech is Speech.PLAYING and overdue:
        unreported = speaking.unreported(session, event.at_ns)
        return after(step, clip_ended, unreported)
    return _close(step)


def _miss_close(session: Session, event: Ticked) -> Step:
    """The close is awaited without a limit, for the vault may come back; the officer is told."""
    if event.at_ns - session.closing_ns < LONGEST_CLOSE_NS:
        return session, ()
    late = PartFailed(noting.STORAGE, "late", "the vault has not closed the recording for 12 s")
    return noting.note_failed(session, late)


def press_again(session: Session, event: RecordPressed) -> Step:
    """A press that cannot start yet: it does as soon as the session is closed."""
    same_hand = session.closing == "officer" and event.at_ns - session.closing_ns < MEANT_NS
    if same_hand or session.quitting:
        return session, (NotePress("record", "press", event.at_ns),)
    return replace(session, pressed_again_ns=event.at_ns), (Beep(1),)


def closed(session: Session, event: SessionClosed) -> Step:
    """The close is on the medium."""
    trouble = None if event.reason == session.closing else event.reason
    answered, ended = noting.vault_answers(session)
    idle, effects = _idle(answered, trouble)
    return idle, (ForgetSession(), *ended, *_farewell(session, trouble), *effects)


def closed_by_vault(session: Session, event: SessionClosed) -> Step:
    """The vault had to close by itself, for want of space: stop at once."""
    return _abandon(session, event.reason)


def lost(session: Session, held: ActiveSession | None) -> Step:
    """The vault no longer holds this session: it closed it as interrupted.

    Nothing starts again without a press.
    """
    if held is None:
        return _abandon(session, "session_lost")
    # A press for the next recording goes on waiting: the vault has to close this one first.
    idle, effects = _abandon(replace(session, pressed_again_ns=None), "session_lost")
    foreign = replace(
        idle,
        phase=Phase.STOPPING,
        sid=held.sid,
        closing="superseded",
        close_asked=True,
        pressed_again_ns=session.pressed_again_ns,
    )
    return foreign, (*effects, CloseVaultSession("superseded"))


def attached_stopping(session: Session, event: VaultAttached) -> Step:
    """The vault came back while closing: send what it may lack and ask again, or find it closed."""
    session, answered = noting.vault_answers(session)
    ready = replace(attaching.known(session, event), close_asked=False)
    held = event.session
    if held is not None and held.sid != session.sid:
        foreign, effects = lost(ready, held)
        return foreign, (*answered, *effects)
    if held is None:
        idle, effects = _idle(ready, None)
        return idle, (ForgetSession(), *answered, Say(sentences.stopped()), *effects)
    # A second stop returns when the replayed tail has been handed on.
    tail: tuple[Effect, ...] = (ReplayMedia(held.next_segment, held.gop_count), StopCapture())
    return _close((ready, (*answered, *tail)))


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


def _close(step: Step) -> Step:
    """Ask the vault to close, once nothing that belongs to the session is on its way."""
    session, effects = step
    if session.close_asked or session.speech is Speech.PLAYING or session.photos:
        return step
    asked = replace(session, close_asked=True)
    return asked, (*effects, CloseVaultSession(session.closing))


def _farewell(session: Session, trouble: str | None) -> tuple[Effect, ...]:
    """What is said of the end, unless its reason was said when it began."""
    if trouble is not None:
        return (Say(sentences.closing(trouble)),)
    return () if session.closing in _TOLD else (Say(sentences.stopped()),)


def _options(session: Session) -> tuple[str, ...]:
    """What the officer can say of the end: as the rules have it, or one of their causes."""
    as_ruled = () if session.ends == UNSTATED else (END + session.ends,)
    return (*as_ruled, *(STOP + cause for cause in session.conduct.causes))


def untold(session: Session, press: StoreEvent) -> Step:
    """Ended without a word about how, where the rules have one: signed, for the desk."""
    options = _options(session)
    if not options:
        return session, (press,)
    detail = f"ended by the officer, who did not say how; asked: {', '.join(options)}"
    return session, (
        press,
        StoreEvent("check", {"name": "ending", "passed": False, "detail": detail}),
    )


def _stop_as_asked(session: Session, event: RecordPressed | MarkTapped) -> Step:
    return stop(session, "officer", event.at_ns)


def unconfirmed(session: Session) -> Session:
    """Nobody confirmed: as before the hold."""
    silent = session.speech is Speech.SILENT
    going = Phase.RECORDING if silent else Phase.ANNOUNCING
    return replace(session, phase=going, endings=None, confirms_off=False)


def _abandon(session: Session, trouble: str) -> Step:
    idle, effects = _idle(session, trouble)
    hush: tuple[Effect, ...] = (StopSpeaking(),) if session.speech is Speech.PLAYING else ()
    told = (HushPrompts(), Beep(3), Say(sentences.closing(trouble)))
    return idle, (*hush, ForgetSession(), StopCapture(), *told, *effects)


def _idle(session: Session, trouble: str | None) -> Step:
    clear = replace(without_recording(session, Phase.IDLE), trouble=trouble)
    # The matter of an interrupted recording goes on in the next one.
    idle = clear if (trouble or session.closing) in _INTERRUPTED else choosing.forget(clear)
    if session.quitting:
        return idle, (Quit(),)
    if session.pressed_again_ns is None:
        if not session.switching_off:
            return idle, ()
        return replace(idle, switching_off=True), (Say(sentences.switching_off()),)
    return starting.start_late(replace(idle, pressed_again_ns=session.pressed_again_ns))
