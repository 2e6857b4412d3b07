"""What is written down, spoken, and changes nothing else.

Owns presses as records, marks, faults, space and the writer's heartbeat. Refuses to move a
recording on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from agent.session.effects import (
    Beep,
    Effect,
    HushPrompts,
    NoteFault,
    NotePress,
    RisingBeep,
    Say,
    StoreEvent,
)
from agent.session.events import (
    FirstFrame,
    MarkHeld,
    MarkTapped,
    MediaAdvanced,
    PartFailed,
    PartRecovered,
    PhotoPressed,
    RecordHeld,
    RecordHolding,
    StorageChanged,
)
from agent.session.moves import asking
from agent.session.moves.steps import Step
from agent.session.states import Fault, Session
from agent.voice import sentences

CASE: Final = "case"
STORAGE: Final = "storage"
VAULT: Final = "vault"
_SCARCE: Final = frozenset({"warn", "alarm", "unknown"})


def button(name: str, gesture: str, at_ns: int) -> StoreEvent:
    """A gesture in a session."""
    return StoreEvent("button", {"button": name, "gesture": gesture, "at_ns": at_ns})


def mark(code: str, at_ns: int) -> StoreEvent:
    """A moment worth finding again."""
    return StoreEvent("mark", {"code": code, "at_ns": at_ns})


def note_mark(session: Session, event: MarkTapped) -> Step:
    """A mark without a session goes into the device log."""
    return session, (NotePress("mark", "tap", event.at_ns),)


def note_mark_hold(session: Session, event: MarkHeld) -> Step:
    """A held mark without a session goes into the device log."""
    return session, (NotePress("mark", "hold", event.at_ns),)


def note_photo(session: Session, event: PhotoPressed) -> Step:
    """A photo press without a session goes into the device log."""
    return session, (NotePress("photo", "press", event.at_ns),)


def record_mark(session: Session, event: MarkTapped) -> Step:
    """Something worth finding again happened now; it may answer what was asked."""
    asked = session.asking is not None
    marked, code = asking.answer(session, event.at_ns)
    answered: tuple[Effect, ...] = (HushPrompts(),) if asked and marked.asking is None else ()
    press = button("mark", "tap", event.at_ns)
    return marked, (press, mark(code, event.at_ns), *answered, Beep(1))


def record_mark_hold(session: Session, event: MarkHeld) -> Step:
    """A new party has come; the announcement follows anyway."""
    return session, (button("mark", "hold", event.at_ns), mark("contact", event.at_ns))


def record_hold(session: Session, event: RecordHeld) -> Step:
    """Held before the vault has admitted the session that would end: on record, and no more."""
    if event.pressed_ns == session.pressed_ns:
        return session, ()  # the press that started, held on
    return session, (button("record", "hold", event.at_ns),)


def record_holding(session: Session, event: RecordHolding) -> Step:
    """A hold is on its way: each second sounds higher."""
    if event.pressed_ns == session.pressed_ns:
        return session, ()  # the press that started, held on
    return session, (RisingBeep(event.seconds),)


def storage_changed(session: Session, event: StorageChanged) -> Step:
    """The vault writes the record itself; the lamp shows it."""
    known = replace(session, storage=event.level, intact=event.intact)
    if event.intact:
        return known, ()
    # Nobody proves the medium once the recording is over: the check before use does, and refuses.
    return replace(known, checkup=replace(session.checkup, overtaken=True)), ()


def tell_storage(session: Session, event: StorageChanged) -> Step:
    """The vault writes the record itself; the lamp shows it, and it is spoken."""
    told, _ = storage_changed(session, event)
    scarce = event.level in _SCARCE and event.level != session.storage
    space = (Say(sentences.storage(event.level, event.minutes)),) if scarce else ()
    if event.intact == session.intact:
        return told, space
    proof = sentences.part_recovered if event.intact else sentences.part_failed
    return told, (Say(proof(STORAGE)), *space)


def media_advanced(session: Session, event: MediaAdvanced) -> Step:
    """The writer's heartbeat, which drives the lamp."""
    beating = replace(session, heartbeat_ns=event.at_ns)
    return part_recovered(beating, PartRecovered(STORAGE))


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
    """A part is gone without a session: in the device log, on the lamp, and spoken."""
    if standing(session, event.part) is not None:
        return session, ()
    return _with(session, event), (
        NoteFault(event.part, event.code, event.detail, "begun"),
        Say(sentences.part_failed(event.part)),
    )


def part_failed(session: Session, event: PartFailed) -> Step:
    """A part is gone in session: a signed fault, and spoken; the rest goes on."""
    return part_caught(session, event, Say(sentences.part_failed(event.part, recording=True)))


def part_caught(session: Session, event: PartFailed, told: Say) -> Step:
    """A part fails in session, with a sentence of its own: signed once while it lasts."""
    if standing(session, event.part) is not None:
        return session, ()
    known = _with(session, event)
    return known, (fault_begun(known.faults[-1]), told)


def note_recovered(session: Session, event: PartRecovered) -> Step:
    """A part is back without a session: in the device log, and spoken."""
    fault = standing(session, event.part)
    if fault is None:
        return session, ()
    ended = NoteFault(fault.part, fault.code, fault.detail, "ended")
    return _without(session, fault), (ended, Say(sentences.part_recovered(fault.part)))


def part_recovered(session: Session, event: PartRecovered) -> Step:
    """A part is back in session: the signed end of its fault, and spoken."""
    fault = standing(session, event.part)
    if fault is None:
        return session, ()
    back = Say(sentences.part_recovered(fault.part))
    return _without(session, fault), (_fault(fault, "ended"), back)


def vault_answers(session: Session) -> Step:
    """The vault has come back or has answered: what it was missed for is over."""
    back, ended = note_recovered(session, PartRecovered(VAULT))
    done, more = note_recovered(back, PartRecovered(STORAGE))
    return done, (*ended, *more)


def fault_begun(fault: Fault) -> StoreEvent:
    """The record of a fault that stands."""
    return _fault(fault, "begun")


def standing(session: Session, part: str) -> Fault | None:
    """The fault of ``part`` that has not ended."""
    return next((fault for fault in session.faults if fault.part == part), None)


def was_caught(session: Session, part: str) -> bool:
    """Whether a look at ``part`` found its fault: a fault its driver reported has its own code."""
    fault = standing(session, part)
    return fault is not None and fault.code != part


def _with(session: Session, event: PartFailed) -> Session:
    fault = Fault(event.part, event.code, event.detail)
    known = replace(session, faults=(*session.faults, fault))
    if event.part != CASE:
        return known
    # It is not to be used any more, also once the lid is back: the next check says so.
    return replace(known, checkup=replace(known.checkup, overtaken=True))


def _without(session: Session, fault: Fault) -> Session:
    others = tuple(other for other in session.faults if other is not fault)
    return replace(session, faults=others)


def _fault(fault: Fault, state: str) -> StoreEvent:
    fields = {"part": fault.part, "code": fault.code, "detail": fault.detail, "state": state}
    return StoreEvent("fault", fields)
