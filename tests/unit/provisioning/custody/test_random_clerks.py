"""Whatever clerks type, in whatever order: custody stays in order."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from evidence.assignment import Standing
from evidence.canonical import JsonObject
from evidence.moments import utc_text
from provisioning.bureau_folder import open_bureau
from provisioning.custody.errors import CustodyError
from provisioning.custody.lines import Kind
from provisioning.custody.moves import Around, propose
from provisioning.custody.oversight.audit import audit
from provisioning.custody.register import change, open_register
from provisioning.custody.state import Custody, State, replay
from tests.kits.bureau.custody import PEOPLE, Docking, settle
from tests.unit.provisioning.custody.sequences import DEVICES, RandomDesk, draw

SEQUENCES = 2_000
MOVES = 40
BEGIN_NS = 1_800_000_000_000_000_000


def founded() -> list[JsonObject]:
    """The lines of a bureau with people and two devices."""
    around = Around(utc=utc_text(BEGIN_NS), asks_training=False, desk=RandomDesk(random.Random(1)))
    enrolled: list[JsonObject] = [
        {"t": "enrolled", "device": name, "utc": around.utc} for name in DEVICES[:2]
    ]
    people = propose(State(), [PEOPLE], around).entries
    return [*enrolled, *({**one.fields, "t": str(one.kind), "utc": around.utc} for one in people)]


def require_order(custody: Custody) -> None:
    """One pair of hands at a time, and words without a hole."""
    ends = [(one.since, one.until) for one in custody.intervals]
    for (since, until), (next_since, _) in pairwise(ends):
        assert until is not None
        assert since < until <= next_since
    has = custody.custodian is not None
    assert has == (bool(ends) and ends[-1][1] is None)
    assert not has or custody.intervals[-1].custodian == custody.custodian
    assert not has or custody.standing in (Standing.ASSIGNED, Standing.FROZEN)
    assert (custody.standing is not Standing.ASSIGNED) or has
    assert [word.number for word in custody.words] == list(range(1, len(custody.words) + 1))
    assert all(word.standing is not Standing.ENDED for word in custody.words[:-1])


def require_rosters(state: State) -> int:
    """Nobody who left has a recorder that records or may use one; how many may."""
    gone = {one.id for one in state.people.values() if one.left is not None}
    for custody in state.devices.values():
        named = [one.id for one in custody.officers]
        assert len({*named, custody.custodian}) == len(named) + 1
        assert not gone & set(named)
        assert custody.standing is not Standing.ASSIGNED or custody.custodian not in gone
        assert not named or custody.custodian is not None
        assert not custody.words or [one.id for one in custody.words[-1].officers] == named
        assert all(state.people[name].certificate is not None for name in named)
    return sum(len(custody.officers) for custody in state.devices.values())


def require_approved(lines: list[JsonObject]) -> int:
    """By the lines alone: the head's own word for every assignment, each used once."""
    heads, approvals, used = set(), {}, set()
    for line in lines:
        if line["t"] == Kind.PERSON and line["role"] == "head":
            heads.add(line["id"])
        if line["t"] == Kind.APPROVED:
            assert line["approver"] in heads
            approvals[line["approval"]] = line
        if line["t"] == Kind.ASSIGNED:
            given = approvals[line["approval"]]
            assert given["custodian"] == line["custodian"]
            assert given["device"] in (line["device"], "*")
            assert line["approval"] not in used
            used.add(line["approval"])
    return len(used)


@pytest.mark.rule("A1", "A3", "A4", "A5")
@pytest.mark.slow
def test_2_000_random_sequences_make_no_assignment_without_approval_and_no_overlap() -> None:
    before = founded()
    begun = replay(before)
    handed_out, refusals, shared = 0, 0, 0
    for seed in range(SEQUENCES):
        dice = random.Random(seed)
        desk, state, lines = RandomDesk(dice), begun, list(before)
        for number in range(1, MOVES):
            utc = utc_text(BEGIN_NS + number * 1_000_000_000)
            around = Around(utc=utc, asks_training=dice.random() < 0.1, desk=desk)
            proposal = propose(state, [[draw(dice)]], around)
            if proposal.refused:
                assert proposal.state is state
                assert not proposal.entries
                refusals += 1
            state = proposal.state
            lines += [{**one.fields, "t": str(one.kind), "utc": utc} for one in proposal.entries]
        assert replay(lines) == state
        assert set(state.devices) == set(DEVICES[:2])
        for custody in state.devices.values():
            require_order(custody)
        shared += require_rosters(state)
        handed_out += require_approved(lines)
    # The clerks got somewhere, and were stopped often.
    assert handed_out > SEQUENCES
    assert refusals > 10 * SEQUENCES
    assert shared > SEQUENCES // 10


@pytest.mark.rule("A1", "A5")
def test_random_clerks_at_a_real_bureau_leave_a_ledger_that_audits_clean(
    bureau: Path,
    enrol: Callable[..., None],
    clock: Callable[[], int],
    tmp_path: Path,
    tree: Callable[[Path], dict[str, bytes]],
) -> None:
    docks = {}
    for name in DEVICES[:2]:
        enrol(tmp_path / name, name)
        docks[name] = Docking(bureau, tmp_path / name, clock)
    settle(bureau, clock)
    changed = refused = 0
    for seed in range(120):
        dice = random.Random(seed)
        before = tree(bureau)
        try:
            report = change(bureau, [draw(dice)], clock=clock)
        except CustodyError:
            refused += 1
            assert tree(bureau) == before
            continue
        changed += report.changed > 0
        assert (report.changed > 0) == (tree(bureau) != before)
        state = open_register(open_bureau(bureau), at_ns=clock()).state
        for name, dock in docks.items():
            number = state.devices[name].number
            if number and dice.random() < 0.7:
                dock.took(number)
    found = audit(open_bureau(bureau), at_ns=clock())
    assert found.discrepancies == ()
    assert min(changed, refused) > 15
    state = open_register(open_bureau(bureau), at_ns=clock()).state
    require_rosters(state)
    for custody in state.devices.values():
        require_order(custody)
