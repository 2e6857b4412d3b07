"""Attacks on the broker that ``provision init`` configured, judged by what they bring about.

An answer of the broker proves little: a denied subscription is granted all the same, and a refused
client only falls silent. So each attack is followed by what its victims, the desk and whoever comes
later received of it: nothing but what they would have received anyway.
"""

from __future__ import annotations

import signal
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from evidence.wire import Topics
from provisioning.custody.moves.ending import Revoke
from provisioning.custody.register import change
from tests.kits.wire.bureau_broker import (
    BrokerScene,
    another_bureaus,
    broker_scene,
    said_by,
    said_to,
)
from tests.kits.wire.peer import SECONDS, Credential, Peer, real_utc_ns, shake_hands

YEAR_NS: Final = 365 * 86_400 * 10**9
VICTIM, THIEF = Topics("ZF-001"), Topics("ZF-002")
MARK: Final = b"the next message that was due"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerScene]:
    folder = tmp_path_factory.mktemp("attacks")
    with broker_scene(folder, "ZF-001", "ZF-002", "ZF-009") as scene:
        yield scene


@pytest.fixture
def scene(whole: BrokerScene) -> Iterator[BrokerScene]:
    with whole.peers:
        yield whole


@dataclass(frozen=True)
class Stage:
    """The desk that hears everything, and the victim that hears all its own."""

    scene: BrokerScene
    desk: Peer
    victim: Peer

    def thief(self, **options: Any) -> Peer:
        """Another device of this bureau, with a good certificate."""
        peer = self.scene.connect(self.scene.device("ZF-002"), **options)
        peer.subscribe(THIEF.response)
        return peer

    def nothing_happened(self, thief: Peer | None = None) -> None:
        """Neither now nor for who comes later: the marks are the first that anybody hears."""
        self.victim.publish(VICTIM.log, MARK)
        assert self.desk.next() == (VICTIM.log, MARK)
        for device, listener in ((VICTIM, self.victim), (THIEF, thief)):
            self.desk.publish(device.response, MARK)
            assert listener is None or listener.next() == (device.response, MARK)
        # The desk has one name, so this one takes its place; here it listens to everything.
        later = self.scene.connect(self.scene.desk)
        later.subscribe("#")
        self.victim.publish(VICTIM.log, MARK)
        assert later.next() == (VICTIM.log, MARK)


@pytest.fixture
def stage(scene: BrokerScene) -> Stage:
    desk = scene.connect(scene.desk)
    for topic in (*said_to(VICTIM), *said_to(THIEF)):
        desk.publish(topic, b"", retain=True)
    victim = scene.connect(scene.device("ZF-001"))
    # The desk's own words come back to it too; here it listens to devices alone.
    for topic in ("rec/v1/+/f/#", "rec/v1/+/log", "rec/v1/+/state", "rec/v1/+/+/ack"):
        desk.subscribe(topic)
    desk.subscribe("rec/v1/+/receipt/+/+/ack")
    for topic in said_to(VICTIM):
        victim.subscribe(topic)
    return Stage(scene, desk, victim)


# TLS: who gets in at all.


def foreign(scene: BrokerScene, folder: Path) -> Credential:
    """The same id, of another bureau that gave itself the same name."""
    return another_bureaus(folder, "ZF-001", scene.ca)


def expired(scene: BrokerScene, _folder: Path) -> Credential:
    """Issued by this bureau for this device, eleven years ago."""
    at_ns = real_utc_ns() - 11 * YEAR_NS
    return scene.issued("ZF-001", ExtendedKeyUsageOID.CLIENT_AUTH, at_ns=at_ns)


def not_yet_valid(scene: BrokerScene, _folder: Path) -> Credential:
    """Issued by a clock that runs a year ahead."""
    at_ns = real_utc_ns() + YEAR_NS
    return scene.issued("ZF-001", ExtendedKeyUsageOID.CLIENT_AUTH, at_ns=at_ns)


def the_brokers_own(scene: BrokerScene, _folder: Path) -> Credential:
    """Made to serve, not to connect."""
    broker = scene.bureau / "broker"
    return Credential(scene.ca, broker / "server.pem", broker / "server.key.pem")


ATTEMPTS: Final[dict[str, Callable[[BrokerScene, Path], Credential]]] = {
    "no certificate": lambda scene, _: Credential(scene.ca),
    "another bureau's certificate": foreign,
    "an expired certificate": expired,
    "a certificate of the future": not_yet_valid,
    "the broker's certificate": the_brokers_own,
    "the device's signing certificate": lambda scene, _: scene.device("ZF-001", "signing"),
}


@pytest.mark.rule("H8")
@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
def test_who_shows_the_wrong_certificate_neither_speaks_nor_hears(
    stage: Stage, attempt: Callable[[BrokerScene, Path], Credential], tmp_path: Path
) -> None:
    shown = attempt(stage.scene, tmp_path)
    stranger = stage.scene.try_to_connect(shown, will=(VICTIM.state, b"forged"))
    stranger.throw(VICTIM.log, b"forged")
    assert not stranger.is_accepted()
    stage.nothing_happened()
    assert stranger.received.empty()


@pytest.mark.rule("H8")
def test_a_revoked_device_neither_speaks_nor_hears_when_it_connects_next(stage: Stage) -> None:
    scene, lost = stage.scene, Topics("ZF-009")
    scene.connect(scene.device("ZF-009")).close()
    change(scene.bureau, [Revoke(device="ZF-009", reason="lost")], clock=real_utc_ns)
    scene.broker.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + SECONDS
    while scene.try_to_connect(scene.device("ZF-009")).is_accepted():
        assert time.monotonic() < deadline, "a revoked certificate is still accepted"
    late = scene.try_to_connect(scene.device("ZF-009"), will=(lost.state, b"forged"))
    late.throw(lost.log, b"forged")
    assert not late.is_accepted()
    stage.nothing_happened()


@pytest.mark.rule("H8")
def test_tls_1_2_is_refused(scene: BrokerScene) -> None:
    context = scene.device("ZF-001").context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        shake_hands(context, scene.port)


@pytest.mark.rule("H8")
def test_plain_tcp_is_not_answered(stage: Stage) -> None:
    connect = bytes.fromhex("101300044d5154540502003c000006") + b"ZF-001"
    topic = VICTIM.log.encode()
    publish = b"\x30" + bytes([len(topic) + 4]) + b"\x00" + bytes([len(topic)]) + topic + b"\x00x"
    with socket.create_connection(("127.0.0.1", stage.scene.port), SECONDS) as plain:
        plain.sendall(connect + publish)
        try:
            answer = plain.recv(1_024)
        except ConnectionResetError:
            answer = b""
    # Nothing, or the alert of a server that expected TLS; never a CONNACK (0x20).
    assert answer[:1] in (b"", b"\x15")
    stage.nothing_happened()


# The access list: what a device of this very bureau can do to others.


@pytest.mark.rule("H8")
@pytest.mark.parametrize("retain", [False, True], ids=["once", "retained"])
def test_a_device_cannot_speak_for_another(stage: Stage, retain: bool) -> None:  # noqa: FBT001 - a parameter of pytest
    thief = stage.thief()
    for topic in said_by(VICTIM):
        thief.publish(topic, b"forged", retain=retain)
    stage.nothing_happened(thief)


@pytest.mark.parametrize("retain", [False, True], ids=["once", "retained"])
@pytest.mark.parametrize("whom", [VICTIM, THIEF], ids=["another", "itself"])
def test_a_device_cannot_give_the_bureaus_word(stage: Stage, whom: Topics, retain: bool) -> None:  # noqa: FBT001 - a parameter of pytest
    thief = stage.thief()
    for topic in said_to(THIEF)[1:]:
        thief.subscribe(topic)
    for topic in said_to(whom):
        thief.publish(topic, b"forged", retain=retain)
    stage.nothing_happened(thief)


def test_a_device_cannot_take_the_bureaus_word_back(stage: Stage) -> None:
    thief = stage.thief()
    for device in (VICTIM, THIEF):
        stage.desk.publish(device.roster, b"signed", retain=True)
        thief.publish(device.roster, b"", retain=True)
    for name, device in (("ZF-001", VICTIM), ("ZF-002", THIEF)):
        later = stage.scene.connect(stage.scene.device(name))
        later.subscribe(device.roster)
        assert later.next() == (device.roster, b"signed")
        stage.desk.publish(device.roster, b"", retain=True)


@pytest.mark.parametrize(
    "wish",
    [
        pytest.param(said_to(VICTIM), id="exactly"),
        pytest.param([*said_by(VICTIM), f"{VICTIM.base}/#"], id="what the other says"),
        pytest.param(["#", "+/#", "rec/v1/+/#", "rec/v1/+/+"], id="wildcards"),
        pytest.param(["$share/g/rec/v1/+/#", "$share/g/#", "$share/g/+/+/+/rsp"], id="shared"),
        pytest.param([f"{THIEF.base}/../ZF-001/rsp", "rec/v1//#", "/#"], id="odd"),
    ],
)
def test_a_device_hears_nothing_of_another(stage: Stage, wish: list[str]) -> None:
    for topic in said_to(VICTIM):
        stage.desk.publish(topic, b"kept for the victim", retain=True)
        assert stage.victim.next() == (topic, b"kept for the victim")
    thief = stage.thief()
    for topic in wish:
        thief.wish(topic)
    for topic in said_to(VICTIM):
        stage.desk.publish(topic, b"", retain=True)
        assert stage.victim.next() == (topic, b"")
    stage.victim.publish(VICTIM.state, b"how the victim is")
    assert stage.desk.next() == (VICTIM.state, b"how the victim is")
    stage.nothing_happened(thief)


def test_a_device_cannot_evict_another_or_take_its_messages_by_its_client_id(
    stage: Stage,
) -> None:
    thief = stage.thief(client_id="ZF-001")
    stage.desk.publish(VICTIM.response, b"for the victim")
    assert stage.victim.next() == (VICTIM.response, b"for the victim")
    assert not stage.victim.gone.is_set()
    stage.nothing_happened(thief)


def test_a_device_cannot_leave_a_will_for_another(stage: Stage) -> None:
    for topic in (VICTIM.state, VICTIM.roster, THIEF.policy, "$SYS/broker/uptime"):
        dying = stage.scene.try_to_connect(stage.scene.device("ZF-002"), will=(topic, b"forged"))
        if dying.is_accepted():
            dying.cut()
            assert dying.gone.wait(SECONDS)
    stage.nothing_happened()


def test_a_topics_number_does_not_go_round_the_access_list(stage: Stage) -> None:
    thief = stage.thief()
    thief.say_by_alias(VICTIM.state, b"forged")
    thief.say_by_alias(VICTIM.roster, b"forged")
    stage.nothing_happened(thief)


def test_a_device_neither_reads_nor_writes_what_the_broker_says_of_itself(stage: Stage) -> None:
    thief = stage.thief()
    for topic in ("$SYS/#", "$SYS/broker/clients/connected", "$CONTROL/#"):
        thief.wish(topic)
    thief.publish("$SYS/broker/clients/connected", b"forged", retain=True)
    thief.publish("$CONTROL/dynamic-security/v1", b"{}")
    stage.nothing_happened(thief)


def test_what_stands_on_no_list_reaches_nobody(stage: Stage) -> None:
    thief = stage.thief()
    for topic in ("rec/v1", "rec/v2/ZF-001/log", "elsewhere", f"{THIEF.base}/secret"):
        thief.publish(topic, b"forged", retain=True)
    stage.nothing_happened(thief)
