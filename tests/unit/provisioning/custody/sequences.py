"""Random clerks: moves drawn from a seed, sensible often enough to get somewhere."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from provisioning.custody.docked import Docked, Latch
from provisioning.custody.lines import ANY_DEVICE, Role
from provisioning.custody.moves import Move
from provisioning.custody.moves.approving import Approve
from provisioning.custody.moves.assigning import Assign, Keep, Return
from provisioning.custody.moves.ending import Lose, Retire, Revoke
from provisioning.custody.moves.leaving import Leave
from provisioning.custody.moves.people import AddPerson
from provisioning.custody.moves.repairing import FAULT, REPAIR, Clear, Freeze, Maintain
from provisioning.custody.state import Permitted
from tests.kits.bureau.custody import PEOPLE

DEVICES = ("ZF-001", "ZF-002", "ZF-404")
"""The last one is never enrolled."""
OFFICERS = ("O-1", "O-2", "L-1", "K-1", "X-9")
"""Two officers, a leader, a keeper without a certificate, and nobody."""


@dataclass
class RandomDesk:
    """What a desk might hold: mostly what lets a device go on."""

    dice: random.Random
    taken: dict[str, int] = field(default_factory=dict)

    def docked(self, device: str) -> Docked:
        """Emptied four times out of five."""
        drawn = self.dice.random()
        if drawn < 0.1:
            return Docked()
        return Docked(
            lines=3,
            head="0" * 64,
            whole=drawn > 0.13,
            left=("sid",) if drawn < 0.17 else (),
            adopted=0 if drawn < 0.2 else 10_000,
            stopped=Latch("camera", "dead", self.dice.randint(0, 4)) if drawn > 0.95 else None,
        )


@dataclass(frozen=True)
class Drawn:
    """A clerk with a device and an officer in mind."""

    dice: random.Random
    device: str
    officer: str
    sensible: bool


def draw(dice: random.Random) -> Move:
    """Anything a clerk could type, sensible three times out of four."""
    sensible = dice.random() < _SENSIBLE
    device = dice.choice(DEVICES[:2] if sensible else DEVICES)
    officer = dice.choice(OFFICERS[:3] if sensible else OFFICERS)
    (make,) = dice.choices([one for one, _ in _MOVES], [weight for _, weight in _MOVES])
    return make(Drawn(dice, device, officer, sensible))


def _approve(it: Drawn) -> Move:
    return Approve(
        approver="H-1" if it.sensible else "L-1",
        custodian=it.officer,
        device=it.dice.choice((it.device, ANY_DEVICE)),
        document=f"{it.dice.randint(1, 40)}号",
        date=None if it.sensible else it.dice.choice(("2026-01-01", "2099-01-01", "昨天")),
    )


def _assign(it: Drawn) -> Move:
    return Assign(
        device=it.device,
        custodian=it.officer,
        keeper="K-1" if it.sensible else it.dice.choice((None, "K-2", "O-1")),
        leader="L-1" if it.sensible else it.dice.choice((None, "H-1", "K-1")),
        approval=None if it.sensible else f"a-{it.dice.randint(1, 9):04d}",
        again=None if it.sensible else it.dice.choice((True, False)),
        officers=_roster(it),
    )


def _roster(it: Drawn) -> tuple[Permitted, ...]:
    """Somebody else, nobody, or whom no clerk should name."""
    many = it.dice.choice((0, 0, 1, 1, 2))
    days: tuple[str | None, ...]
    if it.sensible:
        others = [one for one in OFFICERS[:3] if one != it.officer]
        days, wanted = (None, "2099-01-01"), it.dice.sample(others, many)
    else:
        days, wanted = (None, "2020-01-01", "明年"), it.dice.choices(OFFICERS, k=many)
    return tuple(Permitted(id=one, until=it.dice.choice(days)) for one in wanted)


def _return(it: Drawn) -> Move:
    return Return(device=it.device)


def _freeze(it: Drawn) -> Move:
    return Freeze(device=it.device, because=it.dice.choice((REPAIR, FAULT)), note="送修")


def _clear(it: Drawn) -> Move:
    return Clear(device=it.device, keeper="K-1" if it.sensible else it.officer, note="修好")


def _keep(it: Drawn) -> Move:
    return Keep(device=it.device, keeper=it.dice.choice(("K-1", "K-2")), leader="H-1")


def _share(it: Drawn) -> Move:
    without = () if it.dice.random() < _SENSIBLE else (it.dice.choice(OFFICERS),)
    return Keep(device=it.device, officers=_roster(it), without=without)


def _leave(it: Drawn) -> Move:
    return Leave(id=it.dice.choice((it.officer, "K-1", "K-2")), note="调离" if it.sensible else "")


def _come_back(it: Drawn) -> Move:
    one = it.dice.choice([one for one in PEOPLE if one.id in OFFICERS])
    return replace(one, update=it.sensible)


def _maintain(it: Drawn) -> Move:
    return Maintain(device=it.device, keeper="K-1" if it.sensible else it.officer, note="充电")


def _person(it: Drawn) -> Move:
    role = it.dice.choice(tuple(Role))
    return AddPerson(id="K-2", name="钱", certificate=None, department="队", role=role, update=True)


def _end(it: Drawn) -> Move:
    drawn = it.dice.randrange(8)
    if drawn == 0:
        return Lose(device=it.device, note="遗失")
    if drawn == 1:
        return Revoke(device=it.device, reason="compromised")
    return Retire(device=it.device, left=it.dice.choice((None, None, None, "损坏")))


_Make = Callable[[Drawn], Move]
_SENSIBLE = 0.75
_MOVES: tuple[tuple[_Make, int], ...] = (
    (_approve, 26),
    (_assign, 34),
    (_return, 16),
    (_freeze, 7),
    (_clear, 10),
    (_keep, 3),
    (_share, 6),
    (_leave, 1),
    (_come_back, 7),
    (_maintain, 4),
    (_person, 3),
    (_end, 3),
)
