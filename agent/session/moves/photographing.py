"""A still within a recording (D9).

Owns the press, the picture's way to the vault and what becomes of one that does not come. Refuses a
still without a session: nothing would sign it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from agent.session.effects import Beep, Effect, Say, SendPhoto, StoreEvent, TakePhoto
from agent.session.events import PhotoFailed, PhotoPressed, PhotoStored, PhotoTaken, Ticked
from agent.session.moves.noting import button
from agent.session.moves.steps import Step
from agent.session.states import Session
from agent.voice import sentences

MOST_AWAITED: Final = 4
"""Presses faster than the camera takes stills."""
LONGEST_NS: Final = 8_000_000_000
"""A camera that has not delivered a still by then hangs."""


def record(session: Session, event: PhotoPressed) -> Step:
    """Take a still; the recording goes on."""
    press = button("photo", "press", event.at_ns)
    if len(session.photos) >= MOST_AWAITED:
        busy = PhotoFailed(None, "busy", f"{MOST_AWAITED} stills are awaited already")
        return session, (press, *_failed(busy))
    awaiting = replace(session, photos=(*session.photos, event.at_ns))
    return awaiting, (press, TakePhoto(event.at_ns), Beep(1))


def taken(session: Session, event: PhotoTaken) -> Step:
    """The still is there: the vault seals and signs it."""
    if event.pressed_ns not in session.photos:
        return session, ()  # it was given up, or belongs to a session that has ended
    return _arrived(session, event.pressed_ns), (SendPhoto(event.pts_ns, event.content),)


def failed(session: Session, event: PhotoFailed) -> Step:
    """There is no still: a signed fault, and spoken."""
    if event.pressed_ns is None:
        return session, _failed(event)
    if event.pressed_ns not in session.photos:
        return session, ()
    return _arrived(session, event.pressed_ns), _failed(event)


def stored(session: Session, event: PhotoStored) -> Step:
    """The still is on the medium: the officer is told."""
    del event
    return session, (Say(sentences.photo_taken()),)


def refused(session: Session, event: PhotoFailed) -> Step:
    """The still of a session that has ended is lost: the officer is told."""
    del event
    return session, (Say(sentences.photo_failed()),)


def wait(session: Session, event: Ticked) -> Step:
    """Give up a still that does not come."""
    done: tuple[Effect, ...] = ()
    for pressed_ns in session.photos:
        if event.at_ns - pressed_ns >= LONGEST_NS:
            hung = PhotoFailed(pressed_ns, "hung", "the camera delivered no still")
            session, effects = failed(session, hung)
            done = (*done, *effects)
    return session, done


def _arrived(session: Session, pressed_ns: int) -> Session:
    return replace(session, photos=tuple(one for one in session.photos if one != pressed_ns))


def _failed(event: PhotoFailed) -> tuple[Effect, ...]:
    fields = {"part": "photo", "code": event.code, "detail": event.detail, "state": "begun"}
    return StoreEvent("fault", fields), Say(sentences.photo_failed()), Beep(3)
