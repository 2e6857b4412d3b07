"""Doing what the machine asks for.

Owns which part an effect goes to. Refuses to decide, to remember and to wait.
"""

from __future__ import annotations

import logging
from typing import assert_never

import msgspec

from agent.session import effects as f
from agent.session.parts import Parts
from agent.vault.messages import NoteFault, NotePress, StorePreflight
from agent.voice.catalog import text

_log = logging.getLogger(__name__)

_Ordering = f.OpenVaultSession | f.CloseVaultSession | f.ForgetSession
_Filming = f.BeginCapture | f.PassMedia | f.ReplayMedia | f.StopCapture | f.TakePhoto
_Writing = f.StoreEvent | f.SendPhoto | f.NotePress | f.NoteFault
_Asking = f.StorePreflight | f.AskStatus | f.Check | f.Watch | f.Attend | f.Listen
_Sounding = f.PlayClip | f.StopSpeaking | f.HushPrompts | f.Say | f.Beep | f.RisingBeep


def perform(parts: Parts, effect: _Ordering | _Filming | _Writing | _Asking | _Sounding) -> None:
    """Hand ``effect`` to the part that does it."""
    match effect:
        case f.OpenVaultSession() | f.CloseVaultSession() | f.ForgetSession():
            _order(parts, effect)
        case f.BeginCapture() | f.PassMedia() | f.ReplayMedia() | f.StopCapture() | f.TakePhoto():
            _film(parts, effect)
        case f.StoreEvent() | f.SendPhoto() | f.NotePress() | f.NoteFault():
            _write(parts, effect)
        case f.StorePreflight() | f.AskStatus() | f.Check() | f.Watch():
            _ask(parts, effect)
        case f.Attend() | f.Listen():
            _ask(parts, effect)
        case (
            f.PlayClip() | f.StopSpeaking() | f.HushPrompts() | f.Say() | f.Beep() | f.RisingBeep()
        ):
            _sound(parts, effect)
        case _:
            assert_never(effect)


def _order(parts: Parts, effect: _Ordering) -> None:
    match effect:
        case f.OpenVaultSession(plan_id):
            parts.vault.open_session(msgspec.structs.replace(parts.request, plan_id=plan_id))
        case f.CloseVaultSession(reason):
            parts.vault.close_session(reason)
        case f.ForgetSession():
            parts.media.forget()
            parts.vault.forget_session()
        case _:
            assert_never(effect)


def _film(parts: Parts, effect: _Filming) -> None:
    match effect:
        case f.BeginCapture(number, gop, pressed_ns):
            parts.media.begin(number, gop, pressed_ns)
        case f.PassMedia(number, gop):
            parts.media.let_pass(number, gop)
            parts.vault.go_on()
        case f.ReplayMedia(number, gop):
            parts.media.replay(number, gop)
            parts.vault.go_on()
        case f.StopCapture():
            parts.media.stop()
        case f.TakePhoto(pressed_ns):
            parts.media.take_photo(pressed_ns)
        case _:
            assert_never(effect)


def _write(parts: Parts, effect: _Writing) -> None:
    match effect:
        case f.StoreEvent(kind, fields):
            parts.vault.store_event(kind, fields)
        case f.SendPhoto(pts_ns, content):
            parts.vault.store_photo(pts_ns, content)
        case f.NotePress(button, gesture, at_ns):
            parts.vault.note(NotePress(button=button, gesture=gesture, at_ns=at_ns))
        case f.NoteFault(part, code, detail, state):
            parts.vault.note(NoteFault(part=part, code=code, detail=detail, state=state))
        case _:
            assert_never(effect)


def _ask(parts: Parts, effect: _Asking) -> None:
    match effect:
        case f.StorePreflight(trigger, checks):
            ours = StorePreflight(trigger=trigger, checks=list(checks))
            parts.vault.store_preflight(ours)
        case f.AskStatus():
            parts.vault.ask_status()
        case f.Check(trigger):
            parts.checker.check(trigger)
        case f.Watch():
            parts.checker.watch()
        case f.Attend(seconds):
            parts.listener.attend(seconds)
        case f.Listen(template, from_ns, to_ns):
            parts.listener.listen(template, from_ns, to_ns)
        case _:
            assert_never(effect)


def _sound(parts: Parts, effect: _Sounding) -> None:
    match effect:
        case f.PlayClip(clip):
            parts.voice.play(clip)
        case f.StopSpeaking():
            parts.voice.stop()
        case f.HushPrompts():
            parts.voice.hush()
        case f.Say(words):
            _log.info("says: %s", text(words))
            parts.voice.say(words)
        case f.Beep(times):
            parts.voice.beep(times)
        case f.RisingBeep(step):
            parts.voice.rising_beep(step)
        case _:
            assert_never(effect)
