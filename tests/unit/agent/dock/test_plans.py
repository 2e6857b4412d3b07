"""Session plans through the dock: bytes in, the vault's answer out."""

from pathlib import Path

import pytest

from agent.dock.link import Arrived
from evidence import wire
from evidence.digests import sha256_hex
from evidence.plan import MAX_PLAN_BYTES
from evidence.wire import PlanAck, Topics
from tests.kits.device.dock import DEVICE, Rig

TOPICS = Topics(DEVICE)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    rig = Rig(tmp_path, seconds=20)
    rig.vault.on_empty = lambda: None
    return rig


def answers(rig: Rig, *contents: bytes) -> list[PlanAck]:
    """What the dock answers to plans that arrive one after the other."""
    acks: list[PlanAck] = []

    def look(topic: str, payload: bytes) -> None:
        if topic == TOPICS.plan_ack:
            acks.append(wire.decode_plan_ack(payload))

    rig.network.on_publish = look
    says = [(TOPICS.plan, content) for content in contents]
    rig.later(3, lambda: rig.network.links[-1].hear(says))
    rig.run()
    return acks


def test_a_plan_reaches_the_vault_and_its_answer_the_desk(rig: Rig) -> None:
    assert answers(rig, b"plan p-1") == [
        PlanAck(sha256=sha256_hex(b"plan p-1"), plan_id="p-1", taken=True)
    ]
    assert rig.vault.plans == ["p-1"]


def test_what_the_vault_refuses_is_answered_with_its_code(rig: Rig) -> None:
    (ack,) = answers(rig, b"forged")
    assert (ack.taken, ack.code, ack.plan_id) == (False, "plan_signature", None)
    assert ack.sha256 == sha256_hex(b"forged")


def test_what_is_too_large_for_a_plan_never_reaches_the_vault(rig: Rig) -> None:
    (ack,) = answers(rig, b"plan " + b"x" * MAX_PLAN_BYTES)
    assert ack.code == "plan_size"
    assert (rig.vault.plans, rig.vault.refused) == ([], [])


def test_a_replayed_plan_is_answered_again_each_time(rig: Rig) -> None:
    assert [ack.taken for ack in answers(rig, b"plan p-1", b"plan p-1")] == [True, True]


def test_a_flood_of_forged_plans_is_refused_one_by_one_and_logged_a_few_times(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.card.add_session(1_000)
    acks = answers(rig, *[b"forged %d" % number for number in range(200)])
    assert len(acks) == 200
    assert not any(ack.taken for ack in acks)
    assert sum("session plan" in one.message for one in caplog.records) == 20
    assert rig.missing() == []


def test_a_plan_on_another_devices_topic_is_not_a_plan(rig: Rig) -> None:
    elsewhere = Arrived(Topics("REC-002").plan, b"plan p-1")
    rig.later(3, lambda: rig.network.links[-1].hear_event(elsewhere))
    assert answers(rig) == []
    assert rig.vault.plans == []


def test_a_plan_that_finds_no_vault_is_not_answered(rig: Rig) -> None:
    rig.later(2, lambda: setattr(rig.vault, "is_there", False))
    assert answers(rig, b"plan p-1") == []
    assert rig.vault.plans == []
