"""Switching the recorder off.

Owns the power button's part: a hold switches an idle recorder off; while something is recorded it
asks, as the record button does, and a confirming press ends the recording with its reason and
switches off afterwards. Refuses a short press, and to switch off before it was said and the
recording is closed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from agent.session.effects import Effect, HushPrompts, NotePress, Quit, RisingBeep, Say
from agent.session.events import BatteryRead, PowerHeld, PowerTapped, Spoken, Ticked
from agent.session.moves import ending
from agent.session.moves.noting import button
from agent.session.moves.steps import Step, after
from agent.session.states import Phase, Session
from agent.voice import sentences

REASON: Final = "power_off"
LONGEST_FAREWELL_NS: Final = 8_000_000_000
"""A loudspeaker that has not said it by then will not."""
LONGEST_CLOSE_NS: Final = 30_000_000_000
"""A vault that has not closed the recording by then does so when it is started again."""
_RISEN: Final = 3


def tell_how(session: Session, event: PowerTapped) -> Step:
    """A short press switches nothing off: on record, and spoken what does."""
    return session, (NotePress("power", "tap", event.at_ns), Say(sentences.how_to_switch_off()))


def switch_off(session: Session, event: PowerHeld) -> Step:
    """Held while nothing is recorded: on record, spoken, and off once that is said."""
    bye = replace(session, switching_off=True, off_since_ns=event.at_ns)
    held = (NotePress("power", "hold", event.at_ns), RisingBeep(_RISEN), HushPrompts())
    return bye, (*held, Say(sentences.switching_off()))


def warn(session: Session, event: PowerTapped) -> Step:
    """A short press while something is recorded: on record, and a spoken warning."""
    return session, (button("power", "tap", event.at_ns), Say(sentences.not_off_while_recording()))


def warn_of_hold(session: Session, event: PowerHeld) -> Step:
    """Held before the vault has admitted the session that would end: on record, and a warning."""
    held = button("power", "hold", event.at_ns)
    return session, (held, Say(sentences.not_off_while_recording()))


def ask(session: Session, event: PowerHeld) -> Step:
    """A hold asks for the end and for switching off; recording goes on until it is confirmed."""
    until_ns = event.at_ns + ending.CONFIRM_NS
    asked = replace(
        session,
        phase=Phase.CONFIRMING,
        confirm_until_ns=until_ns,
        endings=None,
        confirms_off=True,
    )
    held = button("power", "hold", event.at_ns)
    return asked, (held, RisingBeep(_RISEN), HushPrompts(), Say(sentences.confirm_off()))


def confirm(session: Session, event: PowerTapped | PowerHeld) -> Step:
    """The confirming press ends the recording and switches off, unless it comes too late."""
    gesture = "hold" if isinstance(event, PowerHeld) else "tap"
    felt = button("power", gesture, event.at_ns)
    if not session.confirms_off:
        return session, (felt,)
    if event.pressed_ns > session.confirm_until_ns:
        return ending.unconfirmed(session), (felt,)
    press = button("power", "confirm", event.at_ns)
    off = replace(session, switching_off=True)
    return after(ending.untold(off, press), _stop, event)


def off_afterwards(session: Session, event: PowerHeld) -> Step:
    """Held while the recording is being closed: off as soon as it is."""
    held = NotePress("power", "hold", event.at_ns)
    return replace(session, switching_off=True), (held, RisingBeep(_RISEN))


def note_tap(session: Session, event: PowerTapped) -> Step:
    """A short press while the recording is being closed: on record, and no more."""
    return session, (NotePress("power", "tap", event.at_ns),)


def spoken(session: Session, event: Spoken) -> Step:
    """It has been said that the recorder switches off: off."""
    if not session.switching_off or event.words != sentences.switching_off():
        return session, ()
    return replace(session, quitting=True), (Quit(),)


def wait(session: Session, event: Ticked) -> Step:
    """A loudspeaker that does not say it keeps nobody waiting."""
    if not session.switching_off:
        return session, ()
    if session.off_since_ns == 0:
        return replace(session, off_since_ns=event.at_ns), ()
    if event.at_ns - session.off_since_ns < LONGEST_FAREWELL_NS:
        return session, ()
    return replace(session, quitting=True), (Quit(),)


def closing(session: Session, event: Ticked) -> Step:
    """The close is awaited; a recorder that is to be off does not wait for ever."""
    step = ending.wait_for_reports(session, event)
    late = event.at_ns - step[0].closing_ns >= LONGEST_CLOSE_NS
    if not (session.switching_off and late):
        return step
    return replace(step[0], quitting=True), (*step[1], Quit())


def run_empty(session: Session, event: BatteryRead) -> Step:
    """Nothing is left in the battery and nothing is recorded: off in order, before it goes dark."""
    if session.switching_off:
        return session, ()
    bye = replace(session, switching_off=True, off_since_ns=event.at_ns)
    said: tuple[Effect, ...] = (Say(sentences.battery_empty()), Say(sentences.switching_off()))
    return bye, (HushPrompts(), *said)


def _stop(session: Session, event: PowerTapped | PowerHeld) -> Step:
    return ending.stop(session, REASON, event.at_ns)
