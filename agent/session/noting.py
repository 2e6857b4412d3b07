"""What is written down and changes nothing else.

Owns presses as records, faults and the battery's readings. Refuses to move a
recording on.
"""

from __future__ import annotations

from dataclasses import replace

from agent.session.effects import Beep, NotePress, StoreEvent
from agent.session.events import (
    BatteryRead,
    FirstFrame,
    MarkHeld,
    MarkTapped,
    MediaAdvanced,
    PartFailed,
    PartRecovered,
    PhotoPressed,
    RecordPressed,
    RecordTapped,
    StorageChanged,
)
from agent.session.speaking import Step
from agent.session.states import Fault, Session


def button(name: str, gesture: str, at_ns: int) -> StoreEvent:
    """A gesture in a session."""
    return StoreEvent("button", {"button": name, "gesture": gesture, "at_ns": at_ns})


def note_record(session: Session, event: RecordPressed) -> Step:
    """A press that starts nothing goes into the device log."""
    return session, (NotePress("record", "press", event.at_ns),)


def note_mark(session: Session, event: MarkTapped) -> Step:
    """A mark without a session goes into the device log."""
    return session, (NotePress("mark", "tap", event.at_ns),)


def note_mark_hold(session: Session, event: MarkHeld) -> Step:
    """A held mark without a session goes into the device log."""
    return session, (NotePress("mark", "hold", event.at_ns),)


def note_photo(session: Session, event: PhotoPressed) -> Step:
    """A photo press without a session goes into the device log."""
    return session, (NotePress("photo", "press", event.at_ns),)


def record_status(session: Session, event: RecordTapped) -> Step:
    """A second short press asks how things are; it never stops."""
    if event.pressed_ns == session.pressed_ns:
        return session, ()
    return session, (button("record", "tap", event.at_ns), Beep(1))


def record_mark(session: Session, event: MarkTapped) -> Step:
    """Something worth finding again happened now."""
    mark = StoreEvent("mark", {"code": "mark", "at_ns": event.at_ns})
    return session, (button("mark", "tap", event.at_ns), mark, Beep(1))


def record_photo(session: Session, event: PhotoPressed) -> Step:
    """The press is on record; this version takes no still."""
    return session, (button("photo", "press", event.at_ns),)


def storage_changed(session: Session, event: StorageChanged) -> Step:
    """The vault writes the record itself; the lamp shows it."""
    return replace(session, storage=event.level), ()


def media_advanced(session: Session, event: MediaAdvanced) -> Step:
    """The writer's heartbeat, which drives the lamp."""
    return replace(session, heartbeat_ns=event.at_ns), ()


def first_frame(session: Session, event: FirstFrame) -> Step:
    """A gap whose end was unknown ends at the first picture."""
    session = replace(session, first_frame_ns=event.pts_ns)
    if session.lost_from_ns is None:
        return session, ()
    gap = {
        "track": "both",
        "from_ns": session.lost_from_ns,
        "to_ns": event.pts_ns,
        "cause": "recorder_lost",
    }
    return replace(session, lost_from_ns=None), (StoreEvent("gap", gap),)


def note_failed(session: Session, event: PartFailed) -> Step:
    """A part is gone while nothing is recorded: the lamp shows it, the next session says it."""
    others = tuple(fault for fault in session.faults if fault.part != event.part)
    fault = Fault(event.part, event.code, event.detail)
    return replace(session, faults=(*others, fault)), ()


def part_failed(session: Session, event: PartFailed) -> Step:
    """A part is gone in session: a signed fault; the rest goes on."""
    if any(fault.part == event.part for fault in session.faults):
        return session, ()
    known, _ = note_failed(session, event)
    return known, (fault_begun(known.faults[-1]),)


def note_recovered(session: Session, event: PartRecovered) -> Step:
    """A part is back while nothing is recorded."""
    others = tuple(fault for fault in session.faults if fault.part != event.part)
    return replace(session, faults=others), ()


def part_recovered(session: Session, event: PartRecovered) -> Step:
    """A part is back in session: the signed end of its fault."""
    ended = [fault for fault in session.faults if fault.part == event.part]
    healed, _ = note_recovered(session, event)
    return healed, tuple(_fault(fault, "ended") for fault in ended)


def fault_begun(fault: Fault) -> StoreEvent:
    """The record of a fault that stands."""
    return _fault(fault, "begun")


def note_battery(session: Session, event: BatteryRead) -> Step:
    """The lamp shows it."""
    return replace(session, battery_percent=event.percent), ()


def battery_read(session: Session, event: BatteryRead) -> Step:
    """A reading in session is signed."""
    reading = {
        "percent": event.percent,
        "millivolts": event.millivolts,
        "charging": event.charging,
    }
    return replace(session, battery_percent=event.percent), (StoreEvent("battery", reading),)


def _fault(fault: Fault, state: str) -> StoreEvent:
    fields = {"part": fault.part, "code": fault.code, "detail": fault.detail, "state": state}
    return StoreEvent("fault", fields)
