"""Many at once: one reading of the ledger, however many rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from provisioning.bureau_folder import open_bureau
from provisioning.custody import registry
from provisioning.custody.lines import Kind, Role
from provisioning.custody.moves import Around, Entry, Move
from provisioning.custody.moves.approving import Approve
from provisioning.custody.moves.assigning import Assign
from provisioning.custody.moves.people import AddPerson
from provisioning.custody.oversight.audit import audit
from provisioning.custody.register import change, open_register
from provisioning.custody.state import State
from tests.kits.bureau.custody import approval, settle

Clock = Callable[[], int]
DEVICES = 200


@dataclass(frozen=True, kw_only=True)
class Enrol:
    """A device with the keys of another one: its line alone, as admission would write it."""

    device: str
    like: registry.Entry

    def entries(self, state: State, around: Around) -> Sequence[Entry]:
        del around
        known = state.devices.get(self.device)
        if known is not None and known.enrolled is not None:
            return ()
        fields = {
            "device": self.device,
            "signing": self.like.signing.sha256,
            "tls": self.like.tls.sha256,
            "serial": self.like.serial,
            "model": self.like.model,
        }
        return (Entry(Kind.ENROLLED, fields),)


def test_200_recorders_are_handed_out_in_seconds_and_a_second_run_changes_nothing(
    bureau: Path, device: Path, clock: Clock
) -> None:
    del device
    settle(bureau, clock)
    like = registry.find(bureau / "registry", "ZF-001")
    assert like is not None
    moves: list[Move] = []
    for number in range(DEVICES):
        name, who = f"ZF-1{number:03d}", f"P-{number}"
        moves += [
            Enrol(device=name, like=like),
            AddPerson(
                id=who,
                name=f"执法员{number}",
                certificate=f"豫2{number:04d}",
                department="执法队",
                role=Role.OFFICER,
            ),
            Approve(approver="H-1", custodian=who, device=name, document=f"{number}号"),
            Assign(device=name, custodian=who, keeper="K-1", leader="L-1"),
        ]
    began = time.monotonic()
    assert change(bureau, moves, clock=clock).changed == 1 + DEVICES
    first = time.monotonic() - began
    began = time.monotonic()
    assert change(bureau, moves, clock=clock).changed == 0
    again = time.monotonic() - began
    # Generous: the disk of a test machine is slow, what is guarded against is quadratic reading.
    assert first < 20
    assert again < 5
    state = open_register(open_bureau(bureau), at_ns=clock()).state
    assert len(state.devices) == DEVICES + 1


def test_a_row_holds_whole_or_is_refused_whole_and_named(
    bureau: Path, device: Path, clock: Clock
) -> None:
    del device
    settle(bureau, clock)
    register = open_register(open_bureau(bureau), at_ns=clock())
    good: list[Move] = [
        approval(),
        Assign(device="ZF-001", custodian="O-1", keeper="K-1", leader="L-1"),
    ]
    bad: list[Move] = [approval("L-1", "ZF-404"), Assign(device="ZF-404", custodian="L-1")]
    proposal = register.propose([bad, good, bad])
    assert {row: error.code for row, error in proposal.refused.items()} == {
        0: "unknown_device",
        2: "unknown_device",
    }
    assert [one.kind for one in proposal.entries] == ["approved", "assigned"]
    assert set(proposal.state.approvals) == {"a-0001"}
    assert audit(open_bureau(bureau), at_ns=clock()).discrepancies == ()
