"""Sessions to tamper with, and what a thief may hold of them.

Nothing here knows the verifier: what a mutation has to be found as is declared from the format.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache

from evidence import ids, journal
from evidence.canonical import JsonObject
from tests.kits.records.bureau import Bureau
from tests.kits.records.folders import Folder
from tests.kits.records.recorder import Recorder
from tests.kits.records.take import Take

BUREAU = Bureau()
STRANGER = Bureau("stranger")
SHAPES = 24


@dataclass(frozen=True, slots=True)
class Case:
    """One honest session.

    Attributes:
        folder: Its evidence folder.
        recorder: The device: a thief may hold its keys.
        take: The session: a thief may hold its chain key.
        other: Another session's folder of the same device.
        foreign: A session's folder of another device of the same bureau.
    """

    folder: Folder
    recorder: Recorder
    take: Take
    other: Folder
    foreign: Folder

    def lines(self, name: str = ids.JOURNAL_NAME) -> list[bytes]:
        """The lines of a chain."""
        return list(journal.split(self.folder[name]).complete)

    def records(self, name: str = ids.JOURNAL_NAME) -> list[JsonObject]:
        """The records of a chain, torn lines left out."""
        return journal.payloads(self.folder[name])


def record(take: Take, dice: random.Random) -> None:
    """A session of any shape: clean, with losses, or through one or two crashes."""
    if dice.random() < 0.8:
        take.announce()
    for _ in range(dice.randint(2, 4)):
        take.segment(seconds=dice.randint(1, 4), size=dice.choice((900, 5_000, 30_000)))
        _something(take, dice)
    if dice.random() < 0.15:
        take.segment(seconds=3, size=1_200_000)
    if dice.random() < 0.3:
        _crash(take, dice, same_boot=True)
        take.segment(seconds=2, size=2_000)
    if dice.random() < 0.25:
        _crash(take, dice, same_boot=False)
        take.close("interrupted")
    else:
        take.close()


def _something(take: Take, dice: random.Random) -> None:
    match dice.randrange(8):
        case 0:
            take.still(dice.randint(300, 2_000))
        case 1:
            take.gap(dice.randint(1, 3) * 400_000_000)
        case 2:
            take.event("battery", {"percent": 50, "millivolts": 3_700, "charging": False})
        case 3:
            take.segment(seconds=1, dropped=2, ended_by="vault")
        case _:
            pass


def _crash(take: Take, dice: random.Random, *, same_boot: bool) -> None:
    torn = b"eyJhbGciOiJFUzI1NiIsImtpZCI6"[: dice.choice((0, 7, 20))]
    if dice.random() < 0.7:
        left = take.begin(4_000)
        take.ticks(left, dice.randint(1, 3))
        take.crash(orphan=left[:3_500], torn=torn, same_boot=same_boot)
    else:
        take.crash(torn=torn, same_boot=same_boot)


@cache
def cases(seed: int = 1, count: int = SHAPES) -> tuple[Case, ...]:
    """Honest sessions of ``count`` different shapes."""
    return tuple(_case(random.Random(f"{seed} {n}"), n) for n in range(count))


def _case(dice: random.Random, number: int) -> Case:
    recorder = Recorder(BUREAU, f"REC-{number:04d}")
    before, take = _recorded(recorder, dice), _recorded(recorder, dice)
    _recorded(recorder, dice)
    foreign = Recorder(BUREAU, f"OTHER-{number:04d}")
    stranger = _recorded(foreign, dice)
    recorder.note("press", {"button": "record", "gesture": "short", "at_ns": 5})
    return Case(take.folder(), recorder, take, before.folder(), stranger.folder())


def _recorded(recorder: Recorder, dice: random.Random) -> Take:
    take = Take(recorder, dice=dice, plan=dice.random() < 0.5)
    record(take, dice)
    return take
