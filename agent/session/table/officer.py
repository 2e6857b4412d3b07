"""What the buttons do.

Owns the rows of the officer's gestures. Refuses a gesture that hides, pauses, mutes or removes.
"""

from __future__ import annotations

from typing import Final

from agent.session.moves import (
    choosing,
    classing,
    ending,
    noting,
    photographing,
    starting,
    switching,
    telling,
)
from agent.session.table.rows import BOUNCE, LATER, NO_SESSION, Ignored, Rows

RECORD_PRESSED: Final = Rows(
    starting=starting.start,
    idle=starting.start,
    opening=LATER,
    announcing=LATER,
    recording=LATER,
    confirming=ending.confirm,
    stopping=ending.press_again,
)
RECORD_TAPPED: Final = Rows(
    starting=NO_SESSION,
    idle=NO_SESSION,
    opening=telling.ask_in_session,
    announcing=telling.ask_in_session,
    recording=telling.ask_in_session,
    confirming=BOUNCE,
    stopping=BOUNCE,
)
RECORD_HOLDING: Final = Rows(
    starting=NO_SESSION,
    idle=NO_SESSION,
    opening=Ignored("the vault has not admitted the session that would end"),
    announcing=noting.record_holding,
    recording=noting.record_holding,
    confirming=BOUNCE,
    stopping=BOUNCE,
)
RECORD_HELD: Final = Rows(
    starting=NO_SESSION,
    idle=NO_SESSION,
    opening=noting.record_hold,
    announcing=ending.ask,
    recording=ending.ask,
    confirming=BOUNCE,
    stopping=BOUNCE,
)
MARK_TAPPED: Final = Rows(
    starting=noting.note_mark,
    idle=choosing.offer,
    opening=noting.record_mark,
    announcing=noting.record_mark,
    recording=noting.record_mark,
    confirming=ending.tell_end,
    stopping=noting.note_mark,
)
MARK_HELD: Final = Rows(
    starting=noting.note_mark_hold,
    idle=choosing.choose,
    opening=noting.record_mark_hold,
    announcing=ending.announce_again,
    recording=ending.announce_again,
    confirming=ending.announce_again,
    stopping=noting.note_mark_hold,
)
PHOTO_PRESSED: Final = Rows(
    starting=telling.ask_idle,
    idle=telling.ask_idle,
    opening=photographing.record,
    announcing=photographing.record,
    recording=photographing.record,
    confirming=photographing.record,
    stopping=noting.note_photo,
)
PHOTO_HELD: Final = Rows(
    starting=classing.note_hold,
    idle=classing.note_hold,
    opening=classing.raise_class,
    announcing=classing.raise_class,
    recording=classing.raise_class,
    confirming=classing.raise_class,
    stopping=classing.note_hold,
)
POWER_TAPPED: Final = Rows(
    starting=switching.tell_how,
    idle=switching.tell_how,
    opening=switching.warn,
    announcing=switching.warn,
    recording=switching.warn,
    confirming=switching.confirm,
    stopping=switching.note_tap,
)
POWER_HELD: Final = Rows(
    starting=switching.switch_off,
    idle=switching.switch_off,
    opening=switching.warn_of_hold,
    announcing=switching.ask,
    recording=switching.ask,
    confirming=switching.confirm,
    stopping=switching.off_afterwards,
)
