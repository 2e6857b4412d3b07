"""What the status lamp shows.

Owns the order of what matters most. Refuses to read the button: red means that media reached the
medium a moment ago. Nothing here can turn the lamp off (S2§9).
"""

from __future__ import annotations

from typing import Final

from agent.session.states import CAPTURING, Phase, Session
from hw.types import LampPattern

HEARTBEAT_NS: Final = 3_000_000_000
"""The vault acknowledges about every second; three missed ones are a fault."""
LOW_BATTERY_PERCENT: Final = 10
_ROOMY: Final = frozenset({"ok", "warn"})


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
    if session.heartbeat_ns == 0:
        return LampPattern.STARTING
    late = now_ns - session.heartbeat_ns > HEARTBEAT_NS
    if session.faults or (late and session.phase is not Phase.STOPPING):
        return LampPattern.FAULT
    if _low(session):
        return LampPattern.LOW
    return LampPattern.UNVERIFIED if session.unannounced else LampPattern.CAPTURING


def _idle(session: Session, *, warm: bool) -> LampPattern:
    if session.trouble == "storage" or _low(session):
        return LampPattern.LOW
    if session.trouble is not None or session.faults:
        return LampPattern.FAULT
    return LampPattern.READY if warm and session.attached else LampPattern.STARTING


def _low(session: Session) -> bool:
    return session.storage not in _ROOMY or session.battery_percent <= LOW_BATTERY_PERCENT
