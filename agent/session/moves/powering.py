"""The battery's part in a recording.

Owns what a reading means: signed in session, spoken when it is low or charging begins, and, when
next to nothing is left, the orderly end of the recording. Refuses to end one for a single reading,
or for a gauge that the cell's own voltage contradicts; and to keep anybody from starting.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from agent.session.effects import Effect, Say, StoreEvent
from agent.session.events import BatteryRead
from agent.session.gauge import CRITICAL_PERCENT
from agent.session.moves import ending, switching
from agent.session.moves.starting import LAST_PERCENT
from agent.session.moves.steps import Step
from agent.session.states import Power, Session
from agent.voice import sentences

LOW_PERCENT: Final = 10
VERY_LOW_PERCENT: Final = 5
"""Said once more here: whoever did not hear it the first time still has some minutes."""
HEALTHY_MILLIVOLTS: Final = 3_600
"""A lithium cell that still has this much is not empty, whatever the gauge says."""
READINGS: Final = 2
_WARNED: Final = (LOW_PERCENT, VERY_LOW_PERCENT)


def take_reading(session: Session, event: BatteryRead) -> Step:
    """A reading: the lamp shows it."""
    return _with(session, event), ()


def hear_reading(session: Session, event: BatteryRead) -> Step:
    """A reading while nothing is recorded: charging that begins and a low battery are spoken."""
    return _with(session, event), _spoken(session, event)


def judge_idle(session: Session, event: BatteryRead) -> Step:
    """The same; a battery that is empty while nothing is recorded switches off in order."""
    known, spoken = hear_reading(session, event)
    empty = known.power.critical >= READINGS and event.percent <= LAST_PERCENT
    if not empty or session.docked:
        return known, spoken
    return switching.run_empty(known, event)


def sign_reading(session: Session, event: BatteryRead) -> Step:
    """A reading before the session is admitted: signed with it."""
    return _with(session, event), (_signed(event),)


def judge_reading(session: Session, event: BatteryRead) -> Step:
    """A reading in session: signed; a battery that is nearly empty ends the recording in order."""
    known = _with(session, event)
    effects = (_signed(event), *_spoken(session, event))
    if known.power.critical < READINGS or event.percent > session.close_percent:
        return known, effects
    stopping, closing = ending.stop(known, "battery", event.at_ns)
    return stopping, (*effects, *closing, Say(sentences.closing("battery")))


def is_low(power: Power) -> bool:
    """Whether the lamp has to say so."""
    return power.percent <= LOW_PERCENT and not power.charging


def _with(session: Session, event: BatteryRead) -> Session:
    empty = event.percent <= CRITICAL_PERCENT and event.millivolts < HEALTHY_MILLIVOLTS
    critical = session.power.critical + 1 if empty and not event.charging else 0
    power = Power(
        percent=event.percent, charging=event.charging, minutes=event.minutes, critical=critical
    )
    return replace(session, power=power)


def _spoken(session: Session, event: BatteryRead) -> tuple[Effect, ...]:
    before = session.power
    if event.charging and not before.charging:
        return (Say(sentences.charging()),)
    fell = any(event.percent <= least < before.percent for least in _WARNED)
    if fell and not event.charging:
        return (Say(sentences.battery_low(event.minutes)),)
    return ()


def _signed(event: BatteryRead) -> StoreEvent:
    reading = {
        "percent": event.percent,
        "millivolts": event.millivolts,
        "charging": event.charging,
    }
    return StoreEvent("battery", reading)
