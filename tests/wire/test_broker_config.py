"""A real Mosquitto with the configuration that ``provision init`` writes: what it lets through."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from evidence.digests import CHUNK_BYTES
from evidence.wire import MAX_PACKET_BYTES, Topics
from tests.kits.wire.bureau_broker import (
    FID,
    SHA,
    SID,
    BrokerScene,
    another_bureaus,
    broker_scene,
    said_by,
    said_to,
)
from tests.kits.wire.peer import SECONDS, shake_hands

DENIED = "Not authorized"
OURS = Topics("ZF-001")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerScene]:
    # Spaces and Han characters stand in real paths.
    with broker_scene(tmp_path_factory.mktemp("某县 统计局"), "ZF-001") as scene:
        yield scene


@pytest.fixture
def scene(whole: BrokerScene) -> Iterator[BrokerScene]:
    with whole.peers:
        yield whole


@pytest.mark.rule("H8")
def test_an_enrolled_device_connects_over_tls_1_3_and_learns_the_packet_limit(
    scene: BrokerScene,
) -> None:
    peer = scene.connect(scene.device("ZF-001"))
    assert peer.tls_version() == "TLSv1.3"
    assert peer.facts["MaximumPacketSize"] == MAX_PACKET_BYTES


@pytest.mark.rule("H8")
def test_a_device_refuses_a_broker_of_another_bureau(scene: BrokerScene, tmp_path: Path) -> None:
    another_bureaus(tmp_path, "ZF-001", scene.ca)
    trusting = replace(scene.device("ZF-001"), ca=tmp_path / "bureau" / "certs" / "ca.pem")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(trusting.context(), scene.port)


@pytest.mark.parametrize("topic", said_by(OURS))
def test_the_desk_hears_what_a_device_says(scene: BrokerScene, topic: str) -> None:
    desk, device = scene.connect(scene.desk), scene.connect(scene.device("ZF-001"))
    assert desk.subscribe("rec/v1/+/#") == ["Granted QoS 1"]
    assert device.publish(topic, b"said") == "Success"
    assert desk.next() == (topic, b"said")


@pytest.mark.parametrize("topic", said_to(OURS))
def test_a_device_hears_what_the_desk_says_to_it(scene: BrokerScene, topic: str) -> None:
    desk, device = scene.connect(scene.desk), scene.connect(scene.device("ZF-001"))
    device.subscribe(topic)
    assert desk.publish(topic, b"answered") == "Success"
    assert device.next() == (topic, b"answered")


def test_the_desk_cannot_speak_for_a_device(scene: BrokerScene) -> None:
    desk = scene.connect(scene.desk)
    for topic in said_by(OURS):
        assert desk.publish(topic) == DENIED


def test_a_whole_chunk_passes_and_an_oversize_packet_ends_the_connection(
    scene: BrokerScene,
) -> None:
    desk, device = scene.connect(scene.desk), scene.connect(scene.device("ZF-001"))
    desk.subscribe("rec/v1/+/f/#")
    topic = OURS.chunk(FID, 0, SHA)
    assert device.publish(topic, b"c" * CHUNK_BYTES) == "Success"
    assert desk.next() == (topic, b"c" * CHUNK_BYTES)
    device.throw(topic, b"c" * MAX_PACKET_BYTES)
    assert device.gone.wait(SECONDS)
    assert desk.received.empty()


@pytest.mark.parametrize("topic", [OURS.receipt(SID, "stored"), OURS.roster, OURS.policy])
def test_what_the_bureau_leaves_waits_for_a_device_that_is_away(
    scene: BrokerScene, topic: str
) -> None:
    desk = scene.connect(scene.desk)
    desk.publish(topic, b"signed", retain=True)
    device = scene.connect(scene.device("ZF-001"))
    device.subscribe(topic)
    assert device.next() == (topic, b"signed")
    desk.publish(topic, b"", retain=True)
