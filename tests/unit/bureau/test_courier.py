"""Plans on their way to recorders: sent until the vault answered, to the right recorder alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bureau.intake.message import Outgoing
from bureau.plans.courier import AGAIN_NS, LOOK_NS, REFUSED, TAKEN
from evidence import wire
from evidence.digests import sha256_hex
from evidence.wire import PlanAck, ReasonCode, Topics
from tests.kits.bureau.intake import IntakeRig
from tests.kits.records.plans import PLAN_ID, a_plan, signed

DEVICE, OTHER = "REC-0001", "REC-0002"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[IntakeRig]:
    rig = IntakeRig(tmp_path)
    for device in (DEVICE, OTHER):
        rig.enrol(device)
    yield rig
    rig.close()


def publish(rig: IntakeRig, *, number: int = 3, device: str = DEVICE, **changes: object) -> bytes:
    plan_id = f"{PLAN_ID}{number}"
    one = a_plan(device, number=number, plan_id=plan_id, **changes)
    return rig.office.plans.keep(plan_id, signed(rig.bureau, one)).token


def tell(rig: IntakeRig, *, device: str = DEVICE, docked: bool = True) -> list[bytes]:
    """A recorder says how it is; the plans that it is sent."""
    return plans(rig.is_told(device, docked=docked), device)


def plans(outgoing: list[Outgoing], device: str = DEVICE) -> list[bytes]:
    assert all(part.topic == Topics(device).plan and not part.retain for part in outgoing)
    return [part.payload for part in outgoing]


def turn(rig: IntakeRig, nanoseconds: int = LOOK_NS) -> list[bytes]:
    rig.mono_ns += nanoseconds
    return plans(rig.intake.courier.turn())


def answer(
    rig: IntakeRig, token: bytes, *, device: str = DEVICE, **changes: object
) -> list[wire.Response]:
    ack = PlanAck(sha256=sha256_hex(token), plan_id=f"{PLAN_ID}3", taken=True)
    told = replace(ack, **changes)  # type: ignore[arg-type]
    return rig.say(Topics(device).plan_ack, wire.encode_plan_ack(told))


def state_of(rig: IntakeRig, number: int = 3) -> str | None:
    row = rig.ledger.plan_answers().get((DEVICE, f"{PLAN_ID}{number}"))
    return None if row is None else row.state


def test_a_docked_recorder_is_sent_its_plans_until_it_has_answered(rig: IntakeRig) -> None:
    token = publish(rig)
    assert tell(rig) == [token]
    assert turn(rig) == []
    assert turn(rig, AGAIN_NS) == [token]
    assert answer(rig, token) == []
    assert state_of(rig) == TAKEN
    assert turn(rig, AGAIN_NS) == []
    assert tell(rig) == []


def test_a_recorder_off_the_cradle_is_sent_nothing(rig: IntakeRig) -> None:
    publish(rig)
    assert tell(rig, docked=False) == []
    assert turn(rig) == []


def test_a_plan_published_while_the_recorder_is_docked_goes_out_at_once(rig: IntakeRig) -> None:
    assert tell(rig) == []
    token = publish(rig)
    assert turn(rig) == [token]


def test_after_a_restart_the_desk_knows_who_is_docked(rig: IntakeRig) -> None:
    tell(rig)
    token = publish(rig)
    rig.restart()
    assert turn(rig) == [token]


def test_a_recorder_is_sent_no_other_recorders_plan(rig: IntakeRig) -> None:
    publish(rig)
    assert tell(rig, device=OTHER) == []


def test_a_recorder_that_is_no_longer_active_is_sent_nothing(rig: IntakeRig) -> None:
    tell(rig)
    publish(rig)
    rig.enrol(DEVICE, status="revoked")
    assert turn(rig) == []


def test_an_expired_plan_is_not_sent(rig: IntakeRig) -> None:
    publish(rig, expires="2026-11-21T04:00:00.000000Z")
    assert tell(rig) == []


def test_a_refused_plan_is_noted_and_offered_again_at_the_next_docking(rig: IntakeRig) -> None:
    token = publish(rig)
    tell(rig)
    answer(rig, token, taken=False, plan_id=None, code="plan_expired", detail="clock")
    assert rig.ledger.plan_answers()[DEVICE, f"{PLAN_ID}3"].code == "plan_expired"
    assert state_of(rig) == REFUSED
    assert turn(rig, AGAIN_NS) == []
    assert tell(rig) == []
    tell(rig, docked=False)
    assert tell(rig) == [token]


def test_a_plan_that_the_clerk_sends_again_is_sent_again(rig: IntakeRig) -> None:
    token = publish(rig)
    tell(rig)
    answer(rig, token)
    rig.ledger.ask_again(f"{PLAN_ID}3", "now")
    assert turn(rig, AGAIN_NS) == [token]


def test_an_answer_that_is_replayed_changes_nothing(rig: IntakeRig) -> None:
    token = publish(rig)
    tell(rig)
    assert [answer(rig, token) for _ in range(3)] == [[], [], []]
    assert state_of(rig) == TAKEN


def refused(responses: list[wire.Response]) -> bool:
    return [one.reason_code for one in responses] == [ReasonCode.REFUSED]


def test_an_answer_to_bytes_that_were_never_sent_is_refused(rig: IntakeRig) -> None:
    publish(rig)
    assert refused(answer(rig, b"another plan"))
    assert state_of(rig) is None


def test_a_recorder_does_not_answer_for_another(rig: IntakeRig) -> None:
    token = publish(rig)
    assert refused(answer(rig, token, device=OTHER))
    assert state_of(rig) is None


def test_an_answer_that_names_another_plan_is_refused(rig: IntakeRig) -> None:
    token = publish(rig)
    assert refused(answer(rig, token, plan_id="p-other"))
    assert state_of(rig) is None


@pytest.mark.parametrize("payload", [b"", b"{}", b"x" * 2_000_000, b'{"sha256":1}'], ids=len)
def test_what_is_no_answer_is_refused(rig: IntakeRig, payload: bytes) -> None:
    publish(rig)
    assert refused(rig.say(Topics(DEVICE).plan_ack, payload))


def test_an_answer_of_a_stranger_is_refused(rig: IntakeRig) -> None:
    token = publish(rig)
    assert refused(answer(rig, token, device="REC-0007"))
