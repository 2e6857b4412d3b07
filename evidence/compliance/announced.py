"""The announcements of a session, round by round.

Owns which attempts make one round and what it came to. Refuses the words: the judges compare them
with the rulebook.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, unique

from evidence.compliance.reading import Noted, Reading

ATTESTED = "attested"
"""Code of the mark by which an officer states that he said it himself."""


@unique
class Outcome(Enum):
    """What a round came to."""

    HEARD = "heard"
    """The microphone heard all of it."""
    ATTESTED = "attested"
    """It was not heard; the officer says that he said it himself."""
    UNHEARD = "unheard"
    """It was not heard, and nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Round:
    """One clip, played until it was heard or given up.

    Attributes:
        last: The attempt that counts.
        outcome: What it came to.
        mark: The officer's own word, where he gave it.
    """

    last: Noted
    outcome: Outcome
    mark: Noted | None = None

    @property
    def clip(self) -> str:
        """Id of the clip."""
        return str(self.last.fields["clip"])

    @property
    def text_sha256(self) -> str:
        """Digest of what was said."""
        return str(self.last.fields["text_sha256"])


def rounds(reading: Reading) -> list[Round]:
    """All rounds, in order: an attempt after the first goes on with the round of its clip."""
    last: list[Noted] = []
    for one in reading.events("disclosure"):
        again = one.fields.get("attempt", 1) > 1
        if again and last and last[-1].fields["clip"] == one.fields["clip"]:
            last[-1] = one
        else:
            last.append(one)
    marks = [mark for mark in reading.events("mark") if mark.fields["code"] == ATTESTED]
    ends = [*(one.record for one in last[1:]), 2**63]
    return [
        _judge(one, next((m for m in marks if one.record < m.record < end), None))
        for one, end in zip(last, ends, strict=False)
    ]


def _judge(last: Noted, mark: Noted | None) -> Round:
    if last.fields["verdict"] == "verified":
        return Round(last, Outcome.HEARD)
    return Round(last, Outcome.UNHEARD if mark is None else Outcome.ATTESTED, mark)
