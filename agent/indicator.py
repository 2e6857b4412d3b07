"""What the status lamp shows.

Owns the order of what matters most. Refuses to read the button: red means that media reached the
medium a moment ago. Nothing here can turn the lamp off (S2§9).
"""

from __future__ import annotations

from typing import Final

from agent.preflight.results import OK, code_of
from agent.session.moves.powering import is_low
from agent.session.states import CAPTURING, Phase, Session
from agent.vault.messages import CheckResult
from hw.types import LampPattern

HEARTBEAT_NS: Final = 3_000_000_000
"""The vault acknowledges about every second; three missed ones are a fault."""
_ROOMY: Final = frozenset({"ok", "warn"})
_SPACE: Final = "storage"
"""Code of a refusal for want of space."""
_PARTS: Final = frozenset(
    {
        "camera",
        "microphone",
        "speaker",
        "lamp",
        "buttons",
        "storage",
        "key",
        "clock",
        "case",
        "parts",
    }
)
"""Checks of parts; what runs short (battery, space, backlog) has its own place."""
_MILD: Final = frozenset({"faint", "partly", "untested", "unknown", "slow"})
"""What a check found and a recording bears."""
_SPEAKER: Final = "speaker"


def pattern(session: Session, now_ns: int, *, warm: bool) -> LampPattern:
    """The lamp.

    Args:
        session: What is known.
        now_ns: CLOCK_BOOTTIME.
        warm: Whether camera and microphone deliver, so that a press records at once.
    """
    if session.phase in CAPTURING or session.phase is Phase.STOPPING:
        return _recording(session, now_ns)
    return _idle(session, warm=warm)


def _recording(session: Session, now_ns: int) -> LampPattern:
    begun = session.heartbeat_ns != 0
    late = begun and now_ns - session.heartbeat_ns > HEARTBEAT_NS
    broken = {fault.part for fault in session.faults}
    lies = not session.intact
    if broken - {_SPEAKER} or lies or (late and session.phase is not Phase.STOPPING):
        return LampPattern.FAULT
    if not begun:
        return LampPattern.STARTING
    if _low(session):
        return LampPattern.LOW
    mute = session.unverified or _SPEAKER in broken
    return LampPattern.UNVERIFIED if mute else LampPattern.CAPTURING


def _idle(session: Session, *, warm: bool) -> LampPattern:
    wrong = session.trouble or session.checkup.refused
    if wrong == _SPACE:
        return LampPattern.LOW
    if wrong is not None or session.faults or any(map(_is_fault, session.checkup.checks)):
        return LampPattern.FAULT
    if session.docked:
        return LampPattern.DOCKED
    if _low(session):
        return LampPattern.LOW
    return LampPattern.READY if warm and session.attached else LampPattern.STARTING


def _is_fault(check: CheckResult) -> bool:
    return check.state != OK and check.name in _PARTS and code_of(check) not in _MILD


def _low(session: Session) -> bool:
    return session.storage not in _ROOMY or is_low(session.power)
