"""A real Mosquitto with the configuration that ``provision init`` writes."""

from __future__ import annotations

import signal
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from evidence.digests import CHUNK_BYTES
from evidence.wire import MAX_PACKET_BYTES, Topics
from provisioning.authority.founding import Founding, init_bureau
from provisioning.custody.revocation import revoke_device
from provisioning.enrolment.enrol import enrol_device
from tests.kits.clip import write_clip
from tests.kits.peer import (
    SECONDS,
    Credential,
    Mosquitto,
    Peer,
    free_port,
    real_utc_ns,
    shake_hands,
)

FID, SHA = "0" * 32, "0" * 64
SID = "01890a5d-ac96-774b-bcce-b302099a8057"
DENIED = "Not authorized"
OURS, OTHER = Topics("ZF-001"), Topics("ZF-002")
HEARD = [
    OURS.init(FID),
    OURS.chunk(FID, 0, SHA),
    OURS.fin(FID, 1, SHA),
    OURS.log,
    OURS.state,
    f"{OURS.receipt(SID, 'stored')}/ack",
    OURS.plan_ack,
]
SAID_BY_THE_BUREAU = [
    OURS.response,
    OURS.receipt(SID, "committed"),
    OURS.plan,
    f"{OURS.base}/policy",
]


@dataclass(frozen=True)
class Desk:
    """A bureau whose broker runs, and two devices of it."""

    folder: Path
    port: int
    broker: Mosquitto

    @property
    def bureau(self) -> Path:
        return self.folder / "bureau"

    def device(self, name: str, key: str = "tls") -> Credential:
        device = self.folder / name
        return Credential(
            device / "certs" / "ca.pem",
            device / "certs" / f"{key}.pem",
            device / "keys" / f"{key}.pem",
        )

    @property
    def intake(self) -> Credential:
        return Credential(
            self.bureau / "certs" / "ca.pem",
            self.bureau / "certs" / "desk.pem",
            self.bureau / "keys" / "desk.pem",
        )


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("announce") / "zh-CN")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, clips: Path) -> Iterator[Desk]:
    # Spaces and Han characters stand in real paths.
    folder = tmp_path_factory.mktemp("某县 统计局")
    port = free_port()
    wish = Founding(name="某县统计局", port=port, announce=clips)
    init_bureau(folder / "bureau", wish, clock=real_utc_ns)
    for name in ("ZF-001", "ZF-002", "ZF-009"):
        enrol_device(folder / "bureau", folder / name, name, clock=real_utc_ns)
    broker = Mosquitto(folder / "bureau" / "broker" / "mosquitto.conf", port)
    yield Desk(folder, port, broker)
    broker.stop()


@pytest.fixture
def connect(desk: Desk) -> Iterator[Callable[..., Peer]]:
    with ExitStack() as open_peers:

        def open_peer(credential: Credential, **options: object) -> Peer:
            peer = Peer(credential, desk.port, **options)  # type: ignore[arg-type]
            open_peers.callback(peer.close)
            return peer

        yield open_peer


Connect = Callable[..., Peer]


def test_an_enrolled_device_connects_over_tls_1_3_and_learns_the_packet_limit(
    desk: Desk, connect: Connect
) -> None:
    peer = connect(desk.device("ZF-001"))
    assert peer.is_accepted()
    assert peer.tls_version() == "TLSv1.3"
    assert peer.facts["MaximumPacketSize"] == MAX_PACKET_BYTES


def test_tls_1_2_is_refused(desk: Desk) -> None:
    context = desk.device("ZF-001").context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        shake_hands(context, desk.port)


def test_who_shows_no_certificate_is_refused(desk: Desk, connect: Connect) -> None:
    assert not connect(Credential(desk.intake.ca)).is_accepted()


def test_a_certificate_of_another_bureau_is_refused(
    desk: Desk, connect: Connect, clips: Path, tmp_path: Path
) -> None:
    wish = Founding(name="某县统计局", announce=clips)
    init_bureau(tmp_path / "bureau", wish, clock=real_utc_ns)
    enrol_device(tmp_path / "bureau", tmp_path / "ZF-001", "ZF-001", clock=real_utc_ns)
    stranger = tmp_path / "ZF-001"
    shown = Credential(
        desk.intake.ca, stranger / "certs" / "tls.pem", stranger / "keys" / "tls.pem"
    )
    assert not connect(shown).is_accepted()


def test_a_signing_certificate_opens_no_connection(desk: Desk, connect: Connect) -> None:
    assert not connect(desk.device("ZF-001", "signing")).is_accepted()


def test_a_device_refuses_a_broker_of_another_bureau(
    desk: Desk, clips: Path, tmp_path: Path
) -> None:
    wish = Founding(name="另一统计局", announce=clips)
    init_bureau(tmp_path / "bureau", wish, clock=real_utc_ns)
    own = desk.device("ZF-001")
    foreign = Credential(tmp_path / "bureau" / "certs" / "ca.pem", own.certificate, own.key)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(foreign.context(), desk.port)


def test_a_revoked_device_is_refused_when_it_connects_next(desk: Desk, connect: Connect) -> None:
    before = connect(desk.device("ZF-009"))
    assert before.is_accepted()
    before.close()
    revoke_device(desk.bureau, "ZF-009", "lost", clock=real_utc_ns)
    desk.broker.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + SECONDS
    while connect(desk.device("ZF-009")).is_accepted():
        assert time.monotonic() < deadline, "a revoked certificate is still accepted"
    assert connect(desk.device("ZF-001")).is_accepted()


@pytest.mark.parametrize("topic", HEARD)
def test_the_desk_hears_what_a_device_says(desk: Desk, connect: Connect, topic: str) -> None:
    intake, device = connect(desk.intake), connect(desk.device("ZF-001"))
    assert intake.is_accepted()
    assert device.is_accepted()
    assert intake.subscribe("rec/v1/+/#") == ["Granted QoS 1"]
    assert device.publish(topic, b"said") == "Success"
    assert intake.next() == (topic, b"said")


@pytest.mark.parametrize("topic", SAID_BY_THE_BUREAU)
def test_a_device_hears_what_the_desk_says_to_it(desk: Desk, connect: Connect, topic: str) -> None:
    intake, device = connect(desk.intake), connect(desk.device("ZF-001"))
    assert intake.is_accepted()
    assert device.is_accepted()
    device.subscribe(topic)
    assert intake.publish(topic, b"answered") == "Success"
    assert device.next() == (topic, b"answered")


def test_a_device_cannot_speak_for_another(desk: Desk, connect: Connect) -> None:
    intake, device = connect(desk.intake), connect(desk.device("ZF-002"))
    assert intake.is_accepted()
    assert device.is_accepted()
    intake.subscribe("rec/v1/+/#")
    for topic in HEARD:
        assert device.publish(topic) == DENIED
    assert device.publish(OTHER.log, b"own") == "Success"
    assert intake.next() == (OTHER.log, b"own")


def test_a_device_cannot_speak_for_the_bureau(desk: Desk, connect: Connect) -> None:
    device = connect(desk.device("ZF-001"))
    assert device.is_accepted()
    for topic in [*SAID_BY_THE_BUREAU, "$SYS/broker/uptime", "rec/v1", "elsewhere"]:
        assert device.publish(topic) == DENIED


def test_the_desk_cannot_speak_for_a_device(desk: Desk, connect: Connect) -> None:
    intake = connect(desk.intake)
    assert intake.is_accepted()
    for topic in HEARD:
        assert intake.publish(topic) == DENIED


def test_a_device_hears_nothing_of_another(desk: Desk, connect: Connect) -> None:
    intake = connect(desk.intake)
    ours, other = connect(desk.device("ZF-001")), connect(desk.device("ZF-002"))
    assert intake.is_accepted()
    assert ours.is_accepted()
    assert other.is_accepted()
    ours.subscribe(OURS.response)
    # The broker grants every subscription; what counts is what it delivers.
    for topic in ("#", "rec/v1/+/rsp", OURS.response, f"{OURS.base}/#"):
        other.subscribe(topic)
    intake.publish(OURS.response, b"for ZF-001 alone")
    intake.publish(OTHER.response, b"for ZF-002")
    assert ours.next() == (OURS.response, b"for ZF-001 alone")
    assert other.next() == (OTHER.response, b"for ZF-002")


def test_a_device_cannot_evict_another_by_its_client_id(desk: Desk, connect: Connect) -> None:
    ours = connect(desk.device("ZF-001"))
    assert ours.is_accepted()
    assert connect(desk.device("ZF-002"), client_id="ZF-001").is_accepted()
    assert ours.publish(OURS.log) in ("Success", "No matching subscribers")
    assert not ours.gone.is_set()


def test_a_whole_chunk_passes_and_an_oversize_packet_ends_the_connection(
    desk: Desk, connect: Connect
) -> None:
    intake, device = connect(desk.intake), connect(desk.device("ZF-001"))
    assert intake.is_accepted()
    assert device.is_accepted()
    intake.subscribe("rec/v1/+/f/#")
    topic = OURS.chunk(FID, 0, SHA)
    assert device.publish(topic, b"c" * CHUNK_BYTES) == "Success"
    assert intake.next() == (topic, b"c" * CHUNK_BYTES)
    device.throw(topic, b"c" * MAX_PACKET_BYTES)
    assert device.gone.wait(SECONDS)
    assert intake.received.empty()


def test_nobody_but_the_desk_sends_plans_and_nobody_else_reads_them(
    desk: Desk, connect: Connect
) -> None:
    intake = connect(desk.intake)
    ours, other = connect(desk.device("ZF-001")), connect(desk.device("ZF-002"))
    assert intake.is_accepted()
    assert ours.is_accepted()
    assert other.is_accepted()
    for device in (ours, other):
        for topic in (OURS.plan, OTHER.plan):
            assert device.publish(topic, b"forged") == DENIED
    assert intake.publish(OURS.plan_ack, b"forged") == DENIED
    ours.subscribe(OURS.plan)
    for topic in (OURS.plan, "rec/v1/+/plan", "#"):
        other.subscribe(topic)
    intake.publish(OURS.plan, b"for ZF-001 alone")
    intake.publish(OTHER.plan, b"for ZF-002")
    assert ours.next() == (OURS.plan, b"for ZF-001 alone")
    assert other.next() == (OTHER.plan, b"for ZF-002")


def test_a_receipt_waits_for_a_device_that_is_away(desk: Desk, connect: Connect) -> None:
    intake = connect(desk.intake)
    assert intake.is_accepted()
    topic = OURS.receipt(SID, "stored")
    intake.publish(topic, b"signed", retain=True)
    device = connect(desk.device("ZF-001"))
    assert device.is_accepted()
    device.subscribe(OURS.receipts)
    assert device.next() == (topic, b"signed")
    intake.publish(topic, b"", retain=True)
