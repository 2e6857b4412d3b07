"""How a recording begins, and how it goes on after an interruption.

Owns the start, the vault's answer to it, and what the vault's return means in each phase. Refuses
to let the camera wait for the vault: capture begins with the press, and what the vault does not
admit is dropped unseen.
"""

from __future__ import annotations

from dataclasses import replace

from agent.session import ending, noting, speaking
from agent.session.effects import (
    Beep,
    BeginCapture,
    Effect,
    ForgetSession,
    NotePress,
    OpenVaultSession,
    PassMedia,
    ReplayMedia,
    StopCapture,
)
from agent.session.events import (
    FirstFrame,
    RecordPressed,
    SessionOpened,
    SessionRefused,
    VaultAttached,
)
from agent.session.noting import button, fault_begun
from agent.session.speaking import Step
from agent.session.states import Phase, Session
from agent.vault.messages import ActiveSession


def start(session: Session, event: RecordPressed) -> Step:
    """Start on the press: camera and microphone first, then the vault's admission."""
    begun = Session(
        phase=Phase.OPENING,
        attached=session.attached,
        rules=session.rules,
        pressed_ns=event.at_ns,
        faults=session.faults,
        battery_percent=session.battery_percent,
    )
    effects: tuple[Effect, ...] = (BeginCapture(0, 0, event.at_ns),)
    return begun, (*effects, OpenVaultSession()) if session.attached else effects


def opened(session: Session, event: SessionOpened) -> Step:
    """Admitted: the vault takes the media from the first frame on."""
    return _admitted(session, event.session, (PassMedia(0, 0),))


def refused(session: Session, event: SessionRefused) -> Step:
    """Not admitted: the vault has signed why, the press is signed too, and nothing is kept."""
    idle = replace(session, phase=Phase.IDLE, pressed_ns=None, trouble=event.code)
    press = NotePress("record", "press", session.pressed_ns or 0)
    return idle, (ForgetSession(), StopCapture(), press, Beep(3))


def turned_away(session: Session, event: SessionRefused) -> Step:
    """The vault cannot work, and says why: nothing can be recorded until it can."""
    return replace(session, trouble=event.code), ()


def attached_idle(session: Session, event: VaultAttached) -> Step:
    """Ready; a session that the vault holds open goes on, for nothing but a press began it."""
    ready = _attached(session, event)
    if event.session is None:
        first = session.phase is Phase.STARTING
        return replace(ready, phase=Phase.IDLE, trouble=None if first else ready.trouble), ()
    held = event.session
    going = replace(
        ready,
        phase=Phase.ANNOUNCING,
        sid=held.sid,
        pressed_ns=None,
        lost_from_ns=_end_of_pictures(held),
        heartbeat_ns=0,
        trouble=None,
    )
    faults = tuple(fault_begun(fault) for fault in session.faults)
    begin = BeginCapture(held.next_segment, held.gop_count)
    return speaking.await_media(going), (begin, PassMedia(begin.number, begin.gop), *faults)


def attached_opening(session: Session, event: VaultAttached) -> Step:
    """The vault came back before it answered: it opened the session, or it is asked now."""
    ready = _attached(session, event)
    held = event.session
    if held is None:
        return ready, (OpenVaultSession(),)
    if held.next_segment == 0:
        return _admitted(ready, held, (PassMedia(0, 0),))
    # Another process of this recorder had begun it: the press found a recording under way.
    gap: tuple[Effect, ...] = ()
    going = replace(ready, lost_from_ns=_end_of_pictures(held))
    if going.first_frame_ns:
        going, gap = noting.first_frame(going, FirstFrame(going.first_frame_ns))
    return _admitted(going, held, (ReplayMedia(held.next_segment, held.gop_count), *gap))


def attached_capturing(session: Session, event: VaultAttached) -> Step:
    """The vault came back: what it may not have is sent again, and the party is told again."""
    held = event.session
    if held is None or held.sid != session.sid:
        return ending.lost(_attached(session, event), held)
    # What a session says was settled when it was opened.
    going = speaking.await_media(replace(session, attached=True))
    if going.phase is Phase.RECORDING:
        going = replace(going, phase=Phase.ANNOUNCING)
    return going, (ReplayMedia(held.next_segment, held.gop_count),)


def vault_lost(session: Session, event: object) -> Step:
    """Capture goes on; what the vault has not got is kept until it is back."""
    del event
    return replace(session, attached=False), ()


def _end_of_pictures(held: ActiveSession) -> int | None:
    """Where the gap begins; without a picture before it, the recording just begins later."""
    return held.video_end_ns or None


def _attached(session: Session, event: VaultAttached) -> Session:
    return replace(session, attached=True, rules=event.announcements)


def _admitted(session: Session, held: ActiveSession, media: tuple[Effect, ...]) -> Step:
    going = replace(session, phase=Phase.ANNOUNCING, sid=held.sid, trouble=None)
    press = button("record", "press", session.pressed_ns or 0)
    faults = tuple(fault_begun(fault) for fault in session.faults)
    return speaking.await_media(going), (*media, press, *faults)
