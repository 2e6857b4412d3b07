"""What the dock expects of a link, with a real broker: the same on stock paho and on the adapted.

The last tests are about paho alone: which of its private parts the adapted client stands on.
"""

from __future__ import annotations

import random
import socket
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import paho.mqtt
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from agent.dock import adapted_paho
from agent.dock.adapted_paho import ADAPTED_TO, AdaptedClient, AdaptedLink
from agent.dock.link import (
    NO_SUBSCRIBER,
    Arrived,
    Confirmed,
    Connected,
    Link,
    LinkEvent,
    Lost,
    Mailbox,
    Subscribed,
    Will,
)
from agent.dock.paho_link import BrokerAddress, PahoLink
from agent.errors import LinkError
from evidence.digests import CHUNK_BYTES
from evidence.wire import Topics
from tests.kits.wire.bureau_broker import BrokerScene, broker_scene
from tests.kits.wire.peer import SECONDS, Peer
from tests.kits.wire.said import SAID, digests_inside, told_by

DEVICE = "REC-001"
TOPICS = Topics(DEVICE)
SIZES = (0, 1, 127, 128, 16_383, 16_384, 16_385, 65_536, 900_000, CHUNK_BYTES)


class Line:
    """A link and what came out of it."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self._bell = Event()
        self.mailbox = Mailbox(self._bell)

    def open(self) -> None:
        self.link.open(self.mailbox, Will(TOPICS.state, b"gone"))
        assert isinstance(self.next(Connected, Lost), Connected)

    def next(self, *kinds: type[LinkEvent]) -> LinkEvent:
        """The next event of one of ``kinds``."""
        while True:
            event = self.mailbox.take()
            if isinstance(event, kinds):
                return event
            if event is None:
                assert self._bell.wait(SECONDS), f"no {kinds}"
                self._bell.clear()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerScene]:
    with broker_scene(tmp_path_factory.mktemp("b"), DEVICE) as scene:
        yield scene


@pytest.fixture(params=[PahoLink, AdaptedLink], ids=["stock", "adapted"])
def kind(request: pytest.FixtureRequest) -> Callable[[BrokerAddress], PahoLink]:
    chosen: Callable[[BrokerAddress], PahoLink] = request.param
    return chosen


@pytest.fixture
def line(scene: BrokerScene, kind: Callable[[BrokerAddress], PahoLink]) -> Iterator[Line]:
    shown = scene.device(DEVICE)
    assert shown.certificate is not None
    assert shown.key is not None
    address = BrokerAddress(
        device_id=DEVICE,
        host="127.0.0.1",
        port=scene.port,
        ca=shown.ca,
        certificate=shown.certificate,
        key=shown.key,
        connect_seconds=SECONDS,
    )
    line = Line(kind(address))
    line.open()
    yield line
    line.link.close()


@pytest.fixture
def desk(scene: BrokerScene) -> Iterator[Peer]:
    peer = scene.connect(scene.desk)
    peer.subscribe(f"{TOPICS.base}/f/#")
    yield peer
    peer.close()


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def test_messages_of_every_size_arrive_byte_for_byte_in_their_order(line: Line, desk: Peer) -> None:
    tokens = set()
    for size in SIZES:
        content = noise(size)
        tokens.add(line.link.publish(f"{TOPICS.base}/f/a/{size}", memoryview(content)))
        tokens.add(line.link.publish(f"{TOPICS.base}/f/b/{size}", content))
    for size in SIZES:
        for part in "ab":
            topic, payload = desk.next()
            assert topic == f"{TOPICS.base}/f/{part}/{size}"
            assert payload == noise(size)
    confirmed = [line.next(Confirmed) for _ in tokens]
    assert {one.token for one in confirmed if isinstance(one, Confirmed)} == tokens
    assert all(isinstance(one, Confirmed) and one.reason == 0 for one in confirmed)


def test_messages_of_two_threads_never_mix(line: Line, desk: Peer) -> None:
    # While chunks go out, paho's own thread confirms what comes in: those packets lie between.
    line.link.subscribe((TOPICS.response,))
    line.next(Subscribed)
    for number in range(40):
        desk.throw(TOPICS.response, bytes([number]) * 1_000)
        if number % 4 == 0:
            line.link.publish(f"{TOPICS.base}/f/c/{number}", memoryview(noise(CHUNK_BYTES)))
    came = [line.next(Arrived) for _ in range(40)]
    assert [one.payload[0] for one in came if isinstance(one, Arrived)] == list(range(40))
    payloads: list[bytes] = []
    while len(payloads) < 10:
        payloads.append(desk.next()[1])
    assert all(payload == noise(CHUNK_BYTES) for payload in payloads)


def test_burst_from_the_desk_arrives_whole_and_in_order(line: Line, desk: Peer) -> None:
    line.link.subscribe((TOPICS.response,))
    line.next(Subscribed)
    sizes = [*(size % 3_000 for size in range(0, 60_000, 500)), 300_000, 5, 900_000, 0, 7]
    for size in sizes:
        desk.throw(TOPICS.response, noise(size))
    came = [line.next(Arrived) for _ in sizes]
    assert [one.payload for one in came if isinstance(one, Arrived)] == [*map(noise, sizes)]


def test_retained_message_is_there_for_who_comes_later(line: Line, scene: BrokerScene) -> None:
    line.link.publish(TOPICS.state, memoryview(b"here"), retain=True)
    line.next(Confirmed)
    late = scene.connect(scene.desk)
    late.subscribe(TOPICS.state)
    assert late.next() == (TOPICS.state, b"here")
    late.close()


def test_confirmation_says_that_nobody_listens(line: Line) -> None:
    token = line.link.publish(f"{TOPICS.base}/f/nobody", memoryview(noise(CHUNK_BYTES)))
    assert line.next(Confirmed) == Confirmed(token, NO_SUBSCRIBER)


def test_closing_within_a_message_ends_at_once_and_lets_go_of_its_bytes(line: Line) -> None:
    content = bytearray(noise(CHUNK_BYTES))
    for _ in range(8):
        line.link.publish(f"{TOPICS.base}/f/cut", memoryview(content))
    line.link.close()
    while line.mailbox.take() is not None:
        pass
    with pytest.raises(LinkError):
        line.link.publish(f"{TOPICS.base}/f/cut", memoryview(content))
    assert line.mailbox.take() is None


def test_lost_broker_is_told_once_and_nothing_can_be_published_after(
    tmp_path: Path, kind: Callable[[BrokerAddress], PahoLink]
) -> None:
    with broker_scene(tmp_path, DEVICE) as scene:
        shown = scene.device(DEVICE)
        assert shown.certificate is not None
        assert shown.key is not None
        line = Line(
            kind(
                BrokerAddress(
                    device_id=DEVICE,
                    host="127.0.0.1",
                    port=scene.port,
                    ca=shown.ca,
                    certificate=shown.certificate,
                    key=shown.key,
                    connect_seconds=SECONDS,
                )
            )
        )
        line.open()
    assert isinstance(line.next(Lost), Lost)
    with pytest.raises(LinkError):
        line.link.publish(f"{TOPICS.base}/f/late", memoryview(b"x"))
    line.link.close()


def test_broker_takes_chacha20_first_whatever_order_the_device_offers(scene: BrokerScene) -> None:
    # Python before 3.15 cannot order the suites of TLS 1.3, and Mosquitto would not follow it.
    context = scene.device(DEVICE).context()
    assert context.get_ciphers()[0]["name"] == "TLS_AES_256_GCM_SHA384"
    with (
        socket.create_connection(("127.0.0.1", scene.port), SECONDS) as raw,
        context.wrap_socket(raw, server_hostname="127.0.0.1") as connection,
    ):
        cipher = connection.cipher()
    assert cipher is not None
    assert cipher[0] == "TLS_CHACHA20_POLY1305_SHA256"


def test_adapted_client_hands_a_chunk_to_tls_without_copying_a_byte() -> None:
    """Stock paho copies 30 times as much as it sends: the rest of a packet at each record."""
    taken: list[object] = []

    class Taker:
        def send(self, content: memoryview) -> int:
            taken.append(content.obj)
            return min(len(content), 16_384)

    chunk = noise(CHUNK_BYTES)
    client = AdaptedClient(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client._sock = Taker()  # type: ignore[assignment]  # noqa: SLF001 - there is no other way in
    client.on_socket_register_write = lambda *_: None
    client.publish_view("t", memoryview(chunk), retain=False, properties=b"\0")
    client.loop_write()
    client._sock = None  # noqa: SLF001 - as above
    assert len(taken) == 1 + 60
    assert all(one is chunk for one in taken[1:])


@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
def test_adapted_client_makes_of_what_a_broker_says_what_stock_paho_makes_of_it(
    said: bytes,
) -> None:
    assert told_by(AdaptedClient, said) == told_by(Client, said)


# --- what the adapted client stands on

USED = {
    "__init__": "dd6fc426c25ab2d8",
    "_loop": "7372a4c2fc81b7f4",
    "loop_read": "4fa11ca2d451dbec",
    "loop_write": "57c360e5ae749fd9",
    "_packet_read": "bbe32d8af1e37955",
    "_packet_write": "d097b7b51bed128d",
    "_packet_queue": "e298fa9ab31e5f79",
    "_sock_recv": "c3b9043a46dd81b7",
    "_sock_send": "300d9f1031bd0dbd",
    "_call_socket_register_write": "bb825cf9532d2745",
    "_mid_generate": "55fc1e4a5f1584fb",
    "_pack_remaining_length": "588b47e80722ce0c",
    "_pack_str16": "98802a36e9783f17",
    "_send_publish": "4edd21dd50f58a28",
    "_packet_handle": "ac4c129ed409db42",
    "_handle_publish": "1bbaa3ef0e3afc6d",
    "_handle_on_message": "8ccc46fdb090aead",
    "_send_puback": "bb015cefb632f942",
    "_handle_pubackcomp": "04d39ba283b1f3be",
    "_do_on_publish": "5bbcad6f9447107a",
    "_loop_rc_handle": "ee5ad3b7849433a4",
    "reconnect": "3ecdf1a8299e8c8a",
}
"""Private parts of paho that are called, replaced or imitated, by the digest of their source."""


def test_paho_is_inside_as_it_was_when_it_was_adapted() -> None:
    found = digests_inside(USED)
    changed = sorted(name for name in USED if found[name] != USED[name])
    assert not changed, (
        f"paho-mqtt {paho.mqtt.__version__} differs from {ADAPTED_TO} in {', '.join(changed)}: "
        "read them against agent/dock/adapted_paho.py, then put the new digests here "
        f"({found}) and the version there and in pyproject.toml"
    )


def test_the_device_gets_exactly_the_version_that_was_adapted() -> None:
    root = Path(adapted_paho.__file__).parents[2]
    device = tomllib.loads((root / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]["device"]
    assert f"paho-mqtt=={ADAPTED_TO}" in device
    assert paho.mqtt.__version__ == ADAPTED_TO


def test_another_version_is_refused_by_name_and_stock_is_never_chosen_instead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(paho.mqtt, "__version__", "9.9.9")
    with pytest.raises(LinkError, match=r'9\.9\.9 is installed .* set client = "stock"') as refused:
        AdaptedClient(CallbackAPIVersion.VERSION2)
    assert refused.value.code == "client_version"
    assert "版本不符" in refused.value.diagnosis()
