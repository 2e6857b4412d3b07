"""The press that starts.

Owns the one way a recording begins. Refuses to wait for anything: camera and microphone first.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from agent.session.effects import BeginCapture, Effect, HushPrompts, OpenVaultSession
from agent.session.events import RecordPressed
from agent.session.gauge import CRITICAL_PERCENT
from agent.session.moves import choosing
from agent.session.moves.steps import Step
from agent.session.states import Phase, Session, without_recording

LAST_PERCENT: Final = 1
"""A recording that began with a critical battery goes on to here: a press always starts."""


def start(session: Session, event: RecordPressed) -> Step:
    """Start on the press: camera and microphone first, then the vault's admission."""
    return _begin(session, event.at_ns, BeginCapture(0, 0, event.at_ns))


def start_late(session: Session) -> Step:
    """Start on a press that came while the session before was still closing: from now on."""
    pressed_ns = session.pressed_again_ns or 0
    return _begin(session, pressed_ns, BeginCapture(0, 0))


def open_vault(session: Session) -> OpenVaultSession:
    """What the vault is asked, by the plan that was chosen."""
    return OpenVaultSession(choosing.plan_id(session))


def close_percent(session: Session) -> int:
    """Where the battery ends a recording that begins now."""
    return CRITICAL_PERCENT if session.power.percent > CRITICAL_PERCENT else LAST_PERCENT


def _begin(session: Session, pressed_ns: int, begin: BeginCapture) -> Step:
    begun = replace(
        without_recording(session, Phase.OPENING),
        trouble=None,
        pressed_ns=pressed_ns,
        began_ns=pressed_ns,
        close_percent=close_percent(session),
    )
    ask: tuple[Effect, ...] = (open_vault(session),) if session.attached else ()
    return begun, (begin, *ask, HushPrompts())
