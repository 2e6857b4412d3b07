"""A broker that is not there, refuses, falls silent or is cut off in the middle of a push."""

import random
from pathlib import Path

import pytest

from agent.dock.link import Connected, Subscribed
from evidence.digests import CHUNK_BYTES
from evidence.wire import ChunkTopic, DeviceTopic
from tests.kits.device.dock import NS, WINDOW, Rig, is_chunk
from tests.kits.device.scripted_desk import Says


def test_no_answer_to_the_connection_is_a_clear_failure_and_tried_again(rig: Rig) -> None:
    rig.card.add_session(100)
    rig.network.connected = None
    rig.run()
    assert rig.states() == ["docked", "failed"]
    assert "certificate" in rig.vault.notes[-1][1]
    assert len(rig.network.links) > 2
    assert not any(link.is_open for link in rig.network.links)


def test_broker_that_is_too_small_for_a_chunk_is_refused(rig: Rig) -> None:
    rig.card.add_session(100)
    rig.network.connected = Connected(1_000_000, 20)
    rig.run()
    assert "max_packet_size" in rig.vault.notes[-1][1]
    assert rig.network.sent == []


def test_broker_that_refuses_the_subscription_is_a_clear_failure(rig: Rig) -> None:
    rig.network.subscribed = Subscribed((0x87, 1))
    rig.run()
    assert rig.vault.notes[-1][1].startswith("not_authorised")


def test_absent_desk_backs_off_and_is_told_once(rig: Rig) -> None:
    rig.card.add_session(100)
    rig.network.reason = lambda _topic: 0x10
    rig.network.is_delivering = False
    rig.run()
    assert rig.states() == ["docked", "failed"]
    assert rig.vault.notes[-1][1].startswith("desk_absent")
    assert 3 < len(rig.network.links) < 40


def test_device_that_may_not_publish_is_told_so(rig: Rig) -> None:
    rig.card.add_session(100)
    rig.network.reason = lambda topic: 0x87 if topic.endswith("/init") else 0
    rig.run()
    assert rig.vault.notes[-1][1].startswith("not_authorised")


def test_silent_desk_is_given_up_after_the_timeout_and_asked_anew(rig: Rig) -> None:
    rig.card.add_session(3 * CHUNK_BYTES)
    silent = [True]

    def fall_silent(topic: DeviceTopic, _payload: bytes) -> Says | None:
        if isinstance(topic, ChunkTopic) and topic.offset == CHUNK_BYTES and silent:
            silent.clear()
            rig.network.is_delivering = False
            return []
        return None

    rig.desk.override = fall_silent
    rig.network.on_publish = lambda topic, _payload: (
        setattr(rig.network, "is_delivering", True) if topic.endswith("/log") else None
    )
    rig.run()
    assert rig.missing() == []
    assert rig.vault.notes[1][1].startswith("desk_silent")
    assert len(rig.network.links) == 2


@pytest.mark.parametrize("seed", range(12))
def test_cut_at_any_message_costs_at_most_a_window(tmp_path: Path, seed: int) -> None:
    rig = Rig(tmp_path, seconds=600)
    dice = random.Random(seed)
    for _ in range(3):
        rig.card.add_session(dice.randrange(1, 12 * CHUNK_BYTES), dice.randrange(CHUNK_BYTES))
    cuts = 6
    left = [dice.randrange(1, 40) for _ in range(cuts)]

    def cut(_topic: str, _payload: bytes) -> None:
        if left:
            left[0] -= 1
            if left[0] == 0:
                left.pop(0)
                rig.network.cut()

    rig.network.on_publish = cut
    rig.run()
    assert rig.missing() == []
    sent = sum(size for topic, size in rig.network.sent if is_chunk(topic))
    assert sent <= rig.file_bytes() + cuts * WINDOW


def test_watchdog_is_petted_through_every_wait(rig: Rig) -> None:
    rig.card.add_session(100)
    rig.network.connected = None
    rig.run()
    assert rig.overseer.most_apart_ns <= NS


def test_link_never_holds_more_than_a_few_chunks(rig: Rig) -> None:
    rig.card.add_session(30 * CHUNK_BYTES)
    rig.network.confirms_at_once = False
    rig.run()
    assert rig.missing() == []
    assert max(link.most_unconfirmed_bytes for link in rig.network.links) <= 3 * CHUNK_BYTES
