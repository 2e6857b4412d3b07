"""What can be said of one row of the rules: its state, the reason, and the record that proves it.

Owns the four states. Refuses degrees: what only a person can judge is ``open``, never half met.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum, unique

from evidence.assignment import Assignment
from evidence.canonical import JsonObject
from evidence.compliance.reading import Reading
from evidence.ids import DEVICE_LOG_NAME, JOURNAL_NAME
from evidence.plan import Particulars
from evidence.rulebook import Rulebook
from evidence.verify import Verdict


@unique
class State(StrEnum):
    """How a row stands for one session."""

    MET = "met"
    NOT_MET = "not_met"
    NOT_APPLICABLE = "not_applicable"
    """This rulebook does not ask it, or nothing happened that it speaks of."""
    OPEN = "open"
    """The records of the recorder cannot say; ``Part`` says who will."""


@unique
class Part(StrEnum):
    """Which part brings the answer to an open row."""

    HARDWARE = "hardware"
    PROVISIONING = "provisioning"
    DESK = "desk"


@dataclass(frozen=True, slots=True)
class Proof:
    """The record that proves a row: a file of the evidence folder, and its number there."""

    file: str
    record: int | None = None


@dataclass(frozen=True, slots=True)
class Ruling:
    """What one judge says of a session.

    Attributes:
        state: How the row stands.
        because_en: Why, one English sentence.
        because_zh: The same in Chinese.
        proof: The record that proves it; None where nothing has to be proved.
        part: Of an open row, who will answer it.
    """

    state: State
    because_en: str
    because_zh: str
    proof: Proof | None = None
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class RowResult:
    """One row of the report.

    Attributes:
        row: Id of the row, ``A1`` to ``N7``.
        state: How it stands.
        proof: The record that proves it.
        because_en: Why, in English.
        because_zh: Why, in Chinese.
        part: Of an open row, who will answer it.
    """

    row: str
    state: State
    proof: Proof | None
    because_en: str
    because_zh: str
    part: Part | None = None

    def to_json(self) -> JsonObject:
        """For machines."""
        proof = self.proof
        return {
            "row": self.row,
            "state": self.state.value,
            "proof": None if proof is None else {"file": proof.file, "record": proof.record},
            "because_en": self.because_en,
            "because_zh": self.because_zh,
            "part": None if self.part is None else self.part.value,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything a judge is given.

    Attributes:
        reading: The session's records.
        verdict: What verifying them gave.
        book: The rulebook to judge by.
        plan: What the session plan says under its seal; None where it was not opened.
        now: UTC; None where the time of the report does not matter.
        assignment: The bureau's word under which it was opened; None where it is not at hand.
    """

    reading: Reading
    verdict: Verdict
    book: Rulebook
    plan: Particulars | None = None
    now: str | None = None
    assignment: Assignment | None = None


Judge = Callable[[Facts], Ruling]


def met(en: str, zh: str, proof: Proof | None) -> Ruling:
    """The row is met, and ``proof`` shows it."""
    return Ruling(State.MET, en, zh, proof)


def not_met(en: str, zh: str, proof: Proof | None = None) -> Ruling:
    """The row is not met."""
    return Ruling(State.NOT_MET, en, zh, proof)


def beside(en: str, zh: str) -> Ruling:
    """The row does not apply."""
    return Ruling(State.NOT_APPLICABLE, en, zh)


def left(part: Part, en: str, zh: str, proof: Proof | None = None) -> Ruling:
    """The records cannot say; ``part`` will."""
    return Ruling(State.OPEN, en, zh, proof, part)


def desk(en: str, zh: str) -> Judge:
    """A row that the desk answers, whatever the session."""
    return lambda _: left(Part.DESK, en, zh)


def asked(condition: Callable[[Rulebook], bool], judge: Judge) -> Judge:
    """A row that applies where the rulebook asks it."""

    def rule(facts: Facts) -> Ruling:
        if condition(facts.book):
            return judge(facts)
        return beside("this rulebook does not ask it", "本单位办法未作此规定")

    return rule


def in_journal(record: int | None = None) -> Proof:
    """A record of the session's journal."""
    return Proof(JOURNAL_NAME, record)


def in_log(record: int | None = None) -> Proof:
    """A record of the device log."""
    return Proof(DEVICE_LOG_NAME, record)
