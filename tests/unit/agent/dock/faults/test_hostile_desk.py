"""Answers that no honest desk gives."""

import pytest

from agent.dock.link import Arrived
from evidence import wire
from evidence.digests import CHUNK_BYTES
from evidence.wire import ChunkTopic, DeviceTopic, ReasonCode
from tests.kits.device.dock import DEVICE, Rig
from tests.kits.device.scripted_desk import Says


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{" * 100_000,
        b'{"vsn":"0.1"}',
        b'{"reason_code":[]}',
        wire.encode_response(wire.Response(topic="x", reason_code=ReasonCode.SUCCESS)).replace(
            b'"reason_code":0', b'"reason_code":[0]'
        ),
        wire.encode_response(wire.Response(topic="no/such", reason_code=ReasonCode.REFUSED)),
        wire.encode_response(
            wire.Response(topic=f"rec/v1/OTHER-1/f/{'0' * 32}/init", reason_code=ReasonCode.REFUSED)
        ),
        wire.encode_response(
            wire.Response(
                topic=f"rec/v1/{DEVICE}/f/{'0' * 32}/init",
                reason_code=ReasonCode.SUCCESS,
                done=True,
                credit=0,
                retry_after_s=86_400,
            )
        ),
    ],
)
def test_hostile_answers_are_ignored(rig: Rig, payload: bytes) -> None:
    rig.card.add_session(2 * CHUNK_BYTES)

    def intrude(topic: str, _payload: bytes) -> None:
        if not topic.endswith("/state"):
            rig.network.links[-1].hear([(rig.desk.topics.response, payload)])

    rig.network.on_publish = intrude
    rig.run()
    assert rig.missing() == []
    assert len(rig.network.links) == 1


def test_message_on_a_topic_nobody_asked_for_is_ignored(rig: Rig) -> None:
    rig.card.add_session(10)
    rig.network.on_publish = lambda _topic, _payload: rig.network.links[-1].hear_event(
        Arrived("rec/v1/REC-002/cmd", b"now")
    )
    rig.run()
    assert rig.missing() == []


def test_flood_is_bounded_and_the_push_recovers(rig: Rig) -> None:
    rig.card.add_session(10)
    flooded: list[bool] = []

    def flood(topic: str, _payload: bytes) -> None:
        if topic.endswith("/log") and not flooded:
            flooded.append(True)
            for _ in range(20):
                rig.network.links[-1].hear([(rig.desk.topics.response, b"x" * 1_000_000)])

    rig.network.on_publish = flood
    rig.run()
    assert rig.missing() == []


def test_desk_that_acknowledges_what_was_never_sent_changes_nothing(rig: Rig) -> None:
    rig.card.add_session(12 * CHUNK_BYTES)

    def overdo(topic: DeviceTopic, payload: bytes) -> Says | None:
        if isinstance(topic, ChunkTopic):
            name = rig.desk.named(topic)
            honest = rig.desk.answer(topic, name, payload)
            far = (*range(0, 50 * CHUNK_BYTES, CHUNK_BYTES), 1, 7)
            return honest + rig.desk.say(name, acknowledged=far)
        return None

    rig.desk.override = overdo
    rig.run()
    assert rig.missing() == []
