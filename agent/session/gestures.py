"""From the edges of a button to what the officer meant.

Owns the debouncing and the times of a hold, as a pure value per button: no thread, no clock.
Refuses meaning: whether a press starts or confirms is for ``machine``. A press counts at its first
edge, so that a recording starts on the press; what follows within 20 ms is bounce, and the level is
read again afterwards, so that a lost edge heals.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from agent.session.events import (
    Event,
    MarkHeld,
    MarkTapped,
    PhotoHeld,
    PhotoPressed,
    PowerHeld,
    PowerTapped,
    RecordHeld,
    RecordHolding,
    RecordPressed,
    RecordTapped,
)
from hw.types import ButtonName, Edge

MILLISECOND_NS: Final = 1_000_000
BOUNCE_NS: Final = 20 * MILLISECOND_NS
RECORD_HOLD_NS: Final = 3_000 * MILLISECOND_NS
"""A stop must be meant: capture design, "a 3 s hold and a confirming press"."""
MARK_HOLD_NS: Final = 1_500 * MILLISECOND_NS
PHOTO_HOLD_NS: Final = MARK_HOLD_NS
POWER_HOLD_NS: Final = RECORD_HOLD_NS
_SECOND_NS: Final = 1_000 * MILLISECOND_NS

_HOLD_NS: Final = {
    ButtonName.RECORD: RECORD_HOLD_NS,
    ButtonName.MARK: MARK_HOLD_NS,
    ButtonName.PHOTO: PHOTO_HOLD_NS,
    ButtonName.POWER: POWER_HOLD_NS,
}


@dataclass(frozen=True, slots=True)
class Press:
    """One button, as far as it has been felt.

    Attributes:
        button: Which one.
        down: The level that counts.
        changed_ns: When it last changed.
        held: Whether the present press was reported as a hold.
        seconds: How many whole seconds of the present press were reported before that.
    """

    button: ButtonName
    down: bool = False
    changed_ns: int = -BOUNCE_NS
    held: bool = False
    seconds: int = 0


def feel(press: Press, edge: Edge) -> tuple[Press, tuple[Event, ...]]:
    """Take one edge, or one reading of the level put as an edge.

    Returns:
        The button as it is now, and what the officer did.
    """
    if edge.pressed == press.down or edge.at_ns - press.changed_ns < BOUNCE_NS:
        return press, ()
    felt = replace(press, down=edge.pressed, changed_ns=edge.at_ns, held=False, seconds=0)
    if edge.pressed:
        return felt, _pressed(press.button, edge.at_ns)
    # A hold whose moment fell between two looks at the clock is still a hold.
    late, gestures = pass_time(press, edge.at_ns)
    if late.held:
        return felt, gestures
    return felt, _tapped(press, edge.at_ns)


def pass_time(press: Press, now_ns: int) -> tuple[Press, tuple[Event, ...]]:
    """Notice that a button is being held, and how far a hold of the record button is."""
    hold_ns = _HOLD_NS[press.button]
    if not press.down or press.held:
        return press, ()
    if now_ns - press.changed_ns >= hold_ns:
        return replace(press, held=True), _held(press.button, press.changed_ns, now_ns)
    seconds = (now_ns - press.changed_ns) // _SECOND_NS
    if press.button is not ButtonName.RECORD or seconds == press.seconds:
        return press, ()
    holding = RecordHolding(press.changed_ns, seconds, now_ns)
    return replace(press, seconds=seconds), (holding,)


def _pressed(button: ButtonName, at_ns: int) -> tuple[Event, ...]:
    match button:
        case ButtonName.RECORD:
            return (RecordPressed(at_ns),)
        case ButtonName.PHOTO:
            return (PhotoPressed(at_ns),)
        case ButtonName.MARK | ButtonName.POWER:
            return ()


def _tapped(press: Press, at_ns: int) -> tuple[Event, ...]:
    match press.button:
        case ButtonName.RECORD:
            return (RecordTapped(press.changed_ns, at_ns),)
        case ButtonName.MARK:
            return (MarkTapped(at_ns),)
        case ButtonName.POWER:
            return (PowerTapped(press.changed_ns, at_ns),)
        case ButtonName.PHOTO:
            return ()


def _held(button: ButtonName, pressed_ns: int, at_ns: int) -> tuple[Event, ...]:
    match button:
        case ButtonName.RECORD:
            return (RecordHeld(pressed_ns, at_ns),)
        case ButtonName.MARK:
            return (MarkHeld(at_ns),)
        case ButtonName.PHOTO:
            return (PhotoHeld(at_ns),)
        case ButtonName.POWER:
            return (PowerHeld(pressed_ns, at_ns),)
