"""What may happen next: the pure, total table of a recording.

Owns the way from an event to its row. Refuses everything else: no clock, no thread, no file, and no
event or phase without a row, which the type checker proves. The rows stand in ``table``, what they
do in ``moves``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, assert_never

from agent.session import events as e
from agent.session.moves.steps import Step
from agent.session.states import Session
from agent.session.table import body, officer, vault
from agent.session.table.rows import Ignored, Rows


def rows_of(event: e.Event) -> Rows:  # noqa: C901, PLR0911, PLR0912 - one case for each event
    """What ``event`` does in each phase."""
    match event:
        case e.RecordPressed():
            return officer.RECORD_PRESSED
        case e.RecordTapped():
            return officer.RECORD_TAPPED
        case e.RecordHolding():
            return officer.RECORD_HOLDING
        case e.RecordHeld():
            return officer.RECORD_HELD
        case e.MarkTapped():
            return officer.MARK_TAPPED
        case e.MarkHeld():
            return officer.MARK_HELD
        case e.PhotoPressed():
            return officer.PHOTO_PRESSED
        case e.PhotoHeld():
            return officer.PHOTO_HELD
        case e.PowerTapped():
            return officer.POWER_TAPPED
        case e.PowerHeld():
            return officer.POWER_HELD
        case e.VaultAttached():
            return vault.VAULT_ATTACHED
        case e.VaultLost():
            return vault.VAULT_LOST
        case e.SessionOpened():
            return vault.SESSION_OPENED
        case e.SessionRefused():
            return vault.SESSION_REFUSED
        case e.MediaTaken():
            return vault.MEDIA_TAKEN
        case e.MediaAdvanced():
            return vault.MEDIA_ADVANCED
        case e.SessionClosed():
            return vault.SESSION_CLOSED
        case e.StorageChanged():
            return vault.STORAGE_CHANGED
        case e.StatusTold():
            return vault.STATUS_TOLD
        case e.DockChanged():
            return vault.DOCK_CHANGED
        case e.PlansChanged():
            return vault.PLANS_CHANGED
        case e.PreflightReady():
            return body.PREFLIGHT_READY
        case e.PreflightStored():
            return vault.PREFLIGHT_STORED
        case e.Watched():
            return body.WATCHED
        case e.FirstFrame():
            return body.FIRST_FRAME
        case e.PartFailed():
            return body.PART_FAILED
        case e.PartRecovered():
            return body.PART_RECOVERED
        case e.PhotoTaken():
            return body.PHOTO_TAKEN
        case e.PhotoStored():
            return vault.PHOTO_STORED
        case e.PhotoFailed():
            return body.PHOTO_FAILED
        case e.ClipEnded():
            return body.CLIP_ENDED
        case e.Spoken():
            return body.SPOKEN
        case e.WindowHeard():
            return body.WINDOW_HEARD
        case e.Ticked():
            return body.TICKED
        case e.BatteryRead():
            return body.BATTERY_READ
        case e.Terminated():
            return body.TERMINATED
        case _:
            assert_never(event)


TABLE: Final[Mapping[type, Rows]] = {kind: rows_of(object.__new__(kind)) for kind in e.EVENT_TYPES}
"""Event → phase → what happens, for those who read it."""


def step(session: Session, event: e.Event) -> Step:
    """What the recording is after ``event``, and what is to be done, in that order.

    Pure: the same arguments give the same result, and nothing else happens.
    """
    row = rows_of(event).of(session.phase)
    if isinstance(row, Ignored):
        return session, ()
    return row(session, event)
