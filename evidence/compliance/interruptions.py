"""Where a session was interrupted, by the records: a gap, a crash, an early end, a pause.

Owns naming the cause in the words of the rules. Refuses to excuse anything: the judges of section E
compare the cause with the rulebook.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from evidence.canonical import JsonObject
from evidence.compliance.reading import Noted, Reading
from evidence.compliance.result import Proof, in_journal
from evidence.marks import END, RESUME, STOP
from evidence.rulebook.words import CAUSES

FRAME_NS: Final = 40_000_000
"""One frame at 25 frames/s: what is missing for no longer is no interruption (S3§6)."""

_BY_THE_OFFICER: Final = frozenset({"officer", "button", "power_off"})
"""Reasons of a close that the officer asked for."""
_LOST_HANDS: Final = frozenset({"recorder_lost", "vault_away"})
"""Causes of a gap after which recording had to be taken up again."""
_CAUSES: Final = {
    "battery": "battery",
    "storage": "storage",
    "space": "storage",
    "full": "storage",
    "disk": "storage",
}


@dataclass(frozen=True, slots=True)
class Interruption:
    """One interruption.

    Attributes:
        cause: Word of ``evidence.rulebook.words.CAUSES``; ``chosen`` where the officer stopped.
        why: The record's own code of it.
        proof: The record.
        length_ns: How long, where the record says.
        resumed_ns: CLOCK_BOOTTIME from which recording went on; None where it did not, within this
            session.
        asks_reason: Whether recording was stopped and begun again, so that a reason is due (S4§11);
            a loss within a running recording is not.
        undecided: Whether it can only be told elsewhere that both recordings are of one matter.
        told: Whether the cause is the officer's word, not the device's knowledge.
    """

    cause: str
    why: str
    proof: Proof
    length_ns: int | None = None
    resumed_ns: int | None = None
    asks_reason: bool = False
    undecided: bool = False
    told: bool = False


def interruptions(reading: Reading, *, related_minutes: int) -> list[Interruption]:
    """All interruptions of a session, the one before it first.

    Args:
        reading: Its records.
        related_minutes: A start so soon after a stop resumes it.
    """
    before = _before(reading, related_minutes)
    return [*before, *_gaps(reading), *_crashes(reading), *_early_end(reading)]


def cause_of(reason: str) -> str:
    """The rules' word for a device's code: what is neither battery nor storage is a fault."""
    if reason in _BY_THE_OFFICER:
        return "chosen"
    return next((word for code, word in _CAUSES.items() if code in reason), "fault")


def begins_late(reading: Reading, to_ns: int | None) -> bool:
    """Whether a gap ends where the first frame begins: nothing was interrupted yet."""
    if to_ns is None or not reading.segments:
        return False
    return to_ns <= int(reading.segments[0].payload["first_pts_ns"]) + FRAME_NS


def _before(reading: Reading, related_minutes: int) -> Iterator[Interruption]:
    """The session that this one resumes."""
    opened = reading.opened
    previous = None if opened is None else opened.payload.get("previous")
    if opened is None or previous is None:
        return
    cause, why = cause_of(previous["reason"]), previous["reason"]
    proof, told = in_journal(opened.record), False
    if cause == "chosen":
        if (previous.get("ending") or "").startswith(END):
            return  # it had come to its end: nothing was interrupted
        said = _said_why(reading, previous)
        if said is not None:
            why, proof = said
            told = why in CAUSES
            cause = why if told else cause
    related = previous["seconds"] <= related_minutes * 60
    planless = opened.payload.get("plan_id") is None
    if (cause == "chosen" or told) and not (previous["same_plan"] and related):
        return
    yield Interruption(
        cause,
        why,
        proof,
        length_ns=previous["seconds"] * 1_000_000_000,
        resumed_ns=opened.mono_ns,
        asks_reason=True,
        undecided=planless or not previous["same_plan"],
        told=told,
    )


def _said_why(reading: Reading, previous: JsonObject) -> tuple[str, Proof] | None:
    """What the officer said of the end before: at that stop, or when he went on."""
    ending = previous.get("ending")
    if ending is not None and ending.startswith(STOP):
        return ending.removeprefix(STOP), in_journal(0)
    marks = reading.marked(RESUME)
    if not marks:
        return None
    return marks[0].fields["code"].removeprefix(RESUME), in_journal(marks[0].record)


def _gaps(reading: Reading) -> Iterator[Interruption]:
    """Media that is signed as missing after the first frame; an open gap is told again closed."""
    last: dict[tuple[str, int, str], Noted] = {}
    for one in reading.events("gap"):
        fields = one.fields
        last[fields["track"], fields["from_ns"], fields["cause"]] = one
    for one in last.values():
        from_ns, to_ns, cause = (one.fields[name] for name in ("from_ns", "to_ns", "cause"))
        length = None if to_ns is None else to_ns - from_ns
        if begins_late(reading, to_ns) or (length is not None and length <= FRAME_NS):
            continue
        yield Interruption(
            cause_of(cause),
            cause,
            in_journal(one.record),
            length_ns=length,
            resumed_ns=to_ns,
            asks_reason=cause in _LOST_HANDS and to_ns is not None,
        )


def _crashes(reading: Reading) -> Iterator[Interruption]:
    for one in reading.of("resume"):
        went_on = any(seg.record > one.record for seg in reading.segments)
        cause = one.payload["cause"]
        yield Interruption(
            "fault",
            cause,
            in_journal(one.record),
            resumed_ns=one.mono_ns if went_on else None,
            asks_reason=went_on,
        )


def _early_end(reading: Reading) -> Iterator[Interruption]:
    closed = reading.closed
    if closed is None:
        return
    reason = closed.payload["reason"]
    cause = cause_of(reason)
    if cause != "chosen":
        yield Interruption(cause, reason, in_journal(closed.record))
        return
    stops = reading.marked(STOP)
    if stops:
        said = stops[-1].fields["code"].removeprefix(STOP)
        yield Interruption(said, said, in_journal(stops[-1].record), told=True)
