"""What is in the picture is a secret: its class, raised by a hold of PHOTO (L1).

Owns the ladder: personal privacy, a trade secret, a state secret. Refuses to go down it, since
nothing on the device may; and to leave anything unrecorded for it.
"""

from __future__ import annotations

from dataclasses import replace

from agent.session.effects import Beep, HushPrompts, NotePress, Say
from agent.session.events import PhotoHeld
from agent.session.moves.noting import button, mark
from agent.session.moves.steps import Step
from agent.session.states import Session
from agent.voice import sentences
from evidence.marks import OF_CLASS, raised


def raise_class(session: Session, event: PhotoHeld) -> Step:
    """One class higher, signed and spoken; the highest is marked again."""
    secrecy = raised(session.secrecy)
    signed = (button("photo", "hold", event.at_ns), mark(OF_CLASS + secrecy, event.at_ns))
    told = (Beep(1), HushPrompts(), Say(sentences.secrecy(secrecy)))
    return replace(session, secrecy=secrecy), (*signed, *told)


def note_hold(session: Session, event: PhotoHeld) -> Step:
    """Held without a session: in the device log."""
    return session, (NotePress("photo", "hold", event.at_ns),)
