"""Who else may use a recorder, and what becomes of it when somebody leaves the bureau."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from evidence.assignment import MOST_OFFICERS, Assignment, Officer, Standing
from provisioning.bureau_folder import open_bureau
from provisioning.custody import registry
from provisioning.custody.errors import CustodyError
from provisioning.custody.lines import Role
from provisioning.custody.moves import Move
from provisioning.custody.moves.assigning import Assign, Keep, Return
from provisioning.custody.moves.leaving import Leave
from provisioning.custody.moves.people import AddPerson
from provisioning.custody.moves.repairing import REPAIR, Clear, Freeze
from provisioning.custody.oversight.audit import audit
from provisioning.custody.register import change, open_register
from provisioning.custody.state import Custody, Permitted
from provisioning.plan import Report
from tests.kits.bureau.custody import PEOPLE, Docking, approval, settle
from tests.kits.bureau.policy import set_policy
from tests.unit.provisioning.custody.test_handing_out import words

pytestmark = pytest.mark.rule("A4")

Clock = Callable[[], int]
Tree = Callable[[Path], dict[str, bytes]]
Do = Callable[..., Report]
O_2, L_1 = Permitted(id="O-2"), Permitted(id="L-1", until="2027-03-31")
GIVE = Assign(device="ZF-001", custodian="O-1", keeper="K-1", leader="L-1")
SHARED = replace(GIVE, officers=(O_2, L_1))
END = "2027-03-31T16:00:00.000000Z"


@pytest.fixture
def do(bureau: Path, device: Path, clock: Clock) -> Do:
    """Carry moves out in a bureau with people and one device."""
    del device
    settle(bureau, clock)

    def carry(*moves: Move, dry_run: bool = False) -> Report:
        return change(bureau, moves, clock=clock, dry_run=dry_run)

    return carry


def refused(do: Do, *moves: Move) -> str:
    with pytest.raises(CustodyError) as error:
        do(*moves)
    assert error.value.diagnosis()
    return error.value.code


def custody(bureau: Path, clock: Clock, device: str = "ZF-001") -> Custody:
    return open_register(open_bureau(bureau), at_ns=clock()).state.devices[device]


def require_clean(bureau: Path, clock: Clock) -> None:
    assert audit(open_bureau(bureau), at_ns=clock()).discrepancies == ()


def named(word: Assignment) -> list[str]:
    return [one.id for one in word.officers]


def test_the_word_names_who_else_may_use_it_each_to_the_end_of_a_day(bureau: Path, do: Do) -> None:
    do(approval(), SHARED)
    assert words(bureau)[-1].officers == (Officer(id="O-2"), Officer(id="L-1", until=END))
    assert do(SHARED).changed == 0


def test_a_roster_changes_without_an_approval_and_outlives_a_repair(
    bureau: Path, do: Do, clock: Clock
) -> None:
    do(approval(), SHARED)
    longer = Keep(device="ZF-001", officers=(Permitted(id="L-1", until="2028-01-01"),))
    do(longer)
    assert words(bureau)[-1].officers[1].until == "2028-01-01T16:00:00.000000Z"
    assert do(longer).changed == 0
    do(Freeze(device="ZF-001", because=REPAIR, note="lens"), Clear(
        device="ZF-001", keeper="K-1", note="done"
    ))  # fmt: skip
    assert named(words(bureau)[-1]) == ["O-2", "L-1"]
    fewer = Keep(device="ZF-001", without=("O-2", "X-9"))
    do(fewer)
    assert named(words(bureau)[-1]) == ["L-1"]
    assert do(fewer).changed == 0
    require_clean(bureau, clock)


@pytest.mark.rule("A3")
def test_a_roster_ends_with_the_custody_that_it_belonged_to(
    bureau: Path, do: Do, docking: Docking
) -> None:
    do(approval(), SHARED)
    do(Return(device="ZF-001"))
    assert words(bureau)[-1].officers == ()
    assert refused(do, Keep(device="ZF-001", officers=(O_2,))) == "not_held"
    docking.took(2)
    do(approval("L-1"), Assign(device="ZF-001", custodian="L-1"))
    assert words(bureau)[-1].officers == ()


@pytest.fixture
def docking(bureau: Path, device: Path, clock: Clock) -> Docking:
    return Docking(bureau, device, clock)


@pytest.mark.parametrize(
    ("officers", "code"),
    [
        ((Permitted(id="X-9"),), "unknown_person"),
        ((Permitted(id="K-1"),), "certificate"),
        ((Permitted(id="O-1"),), "roster"),
        ((O_2, Permitted(id="O-2", until="2027-03-31")), "roster"),
        (tuple(Permitted(id=f"O-{n}") for n in range(100, 101 + MOST_OFFICERS)), "roster"),
        ((Permitted(id="O-2", until="2020-01-01"),), "until"),
        ((Permitted(id="O-2", until=""),), "until"),
        ((Permitted(id="张三"),), "line"),
    ],
)
def test_who_cannot_be_on_a_roster_is_refused_and_nothing_changes(
    bureau: Path, do: Do, tree: Tree, officers: tuple[Permitted, ...], code: str
) -> None:
    do(approval(), GIVE, approval(document="2"))
    before = tree(bureau)
    assert refused(do, Keep(device="ZF-001", officers=officers)) == code
    both = Keep(device="ZF-001", officers=(O_2,), without=("O-2",))
    assert refused(do, both) == "roster"
    assert tree(bureau) == before


@pytest.mark.rule("A8")
def test_who_comes_onto_a_roster_is_trained_where_the_rulebook_asks_and_who_is_there_stays(
    bureau: Path, do: Do, clock: Clock
) -> None:
    do(approval(), replace(GIVE, officers=(O_2,)))
    set_policy(bureau, {"officers.training": True}, clock=clock)
    assert refused(do, Keep(device="ZF-001", officers=(L_1,))) == "training"
    do(Keep(device="ZF-001", officers=(Permitted(id="O-2", until="2027-03-31"),)))
    assert words(bureau)[-1].officers == (Officer(id="O-2", until=END),)
    require_clean(bureau, clock)


def test_who_leaves_loses_every_recorder_and_every_roster_by_one_line(
    bureau: Path, do: Do, clock: Clock, enrol: Callable[..., None], tmp_path: Path
) -> None:
    for number in (2, 3):
        enrol(tmp_path / f"d{number}", f"ZF-00{number}")
    do(approval(), SHARED)
    do(approval("O-2", "ZF-002"), replace(GIVE, device="ZF-002", custodian="O-2"))
    do(
        approval("L-1", "ZF-003"),
        Assign(
            device="ZF-003",
            custodian="L-1",
            keeper="K-1",
            leader="H-1",
            officers=(Permitted(id="O-1"), O_2),
        ),
    )
    before = open_register(open_bureau(bureau), at_ns=clock()).state.lines
    leave = Leave(id="O-2", note="调往市统计局")
    assert do(leave, dry_run=True).changed == 4
    assert do(leave).changed == 4
    assert open_register(open_bureau(bureau), at_ns=clock()).state.lines == before + 1
    first, second, third = (words(bureau, f"ZF-00{number}")[-1] for number in (1, 2, 3))
    assert (first.number, first.standing, named(first)) == (2, Standing.ASSIGNED, ["L-1"])
    assert (second.standing, second.because) == (Standing.FROZEN, "left")
    assert (second.number, second.custodian) == (2, "O-2")
    assert (third.standing, named(third)) == (Standing.ASSIGNED, ["O-1"])
    assert do(leave).changed == 0
    assert registry.find(bureau / "registry", "ZF-002").status == "active"  # type: ignore[union-attr]
    require_clean(bureau, clock)


@pytest.mark.rule("A1")
def test_who_left_is_neither_approved_nor_given_nor_named(bureau: Path, do: Do, tree: Tree) -> None:
    do(
        approval(),
        approval("O-2"),
        GIVE,
        Leave(id="O-2", note="退休"),
        Leave(id="K-1", note="退休"),
    )
    before = tree(bureau)
    for move in (
        approval("O-2", document="2"),
        Keep(device="ZF-001", officers=(O_2,)),
        Keep(device="ZF-001", leader="H-1"),
        Clear(device="ZF-001", keeper="K-1", note="done"),
        replace(PEOPLE[4], department="法制科"),
        PEOPLE[4],
    ):
        assert refused(do, move) == "left"
    assert refused(do, Leave(id="X-9", note="退休")) == "unknown_person"
    assert refused(do, Leave(id="O-1", note=" ")) == "note"
    assert tree(bureau) == before


@pytest.mark.rule("A3", "A5")
def test_the_recorder_of_who_left_is_handed_on_once_it_came_back_and_was_emptied(
    bureau: Path, do: Do, docking: Docking, clock: Clock
) -> None:
    do(approval(), SHARED, Leave(id="O-1", note="调离"))
    assert refused(do, Clear(device="ZF-001", keeper="K-1", note="ok")) == "left"
    do(Return(device="ZF-001"))
    assert words(bureau)[-1].standing is Standing.UNASSIGNED
    docking.took(3)
    do(approval("O-2"), Assign(device="ZF-001", custodian="O-2"))
    assert [one.custodian for one in custody(bureau, clock).intervals] == ["O-1", "O-2"]
    require_clean(bureau, clock)


@pytest.mark.rule("M1")
def test_a_recorder_in_repair_stays_so_when_its_custodian_leaves(
    bureau: Path, do: Do, clock: Clock
) -> None:
    do(approval(), SHARED, Freeze(device="ZF-001", because=REPAIR, note="lens"))
    do(Leave(id="O-1", note="调离"))
    assert custody(bureau, clock).number == 2
    do(Leave(id="O-2", note="调离"))
    last = words(bureau)[-1]
    assert (last.because, named(last)) == ("repair", ["L-1"])
    assert refused(do, Clear(device="ZF-001", keeper="K-1", note="ok")) == "left"
    do(Return(device="ZF-001"))
    assert custody(bureau, clock).standing is Standing.FROZEN
    do(Clear(device="ZF-001", keeper="K-1", note="ok"))
    assert custody(bureau, clock).standing is Standing.UNASSIGNED
    require_clean(bureau, clock)


def test_who_comes_back_is_entered_again_and_gets_nothing_back_by_that_alone(
    bureau: Path, do: Do, clock: Clock
) -> None:
    do(approval(), SHARED, Leave(id="O-1", note="调离"), Leave(id="O-2", note="调离"))
    do(*(replace(one, update=True) for one in PEOPLE if one.id in ("O-1", "O-2")))
    last = words(bureau)[-1]
    assert (last.standing, last.because, named(last)) == (Standing.FROZEN, "left", ["L-1"])
    do(Clear(device="ZF-001", keeper="K-1", note="复职"))
    assert words(bureau)[-1].permits_recording
    require_clean(bureau, clock)


@pytest.mark.rule("A7")
def test_a_recorder_whose_keeper_left_gets_another_one_first(bureau: Path, do: Do) -> None:
    other = AddPerson(id="K-2", name="钱", certificate=None, department="队", role=Role.KEEPER)
    do(approval(), GIVE, other, Leave(id="K-1", note="退休"))
    assert words(bureau)[-1].keeper == "K-1"
    do(Keep(device="ZF-001", keeper="K-2", officers=(O_2,)))
    assert (words(bureau)[-1].keeper, named(words(bureau)[-1])) == ("K-2", ["O-2"])
