"""What the desk's adapted client makes of what a broker says: the same as stock paho.

The last test is about paho alone: which of its private parts the client stands on.
"""

from __future__ import annotations

import logging
import random
from itertools import chain

import paho.mqtt
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from bureau.adapted_paho import ADAPTED_TO, AdaptedClient, make_client
from evidence.digests import CHUNK_BYTES
from evidence.wire import CONTENT_TYPE, MAX_PACKET_BYTES
from tests.kits.wire.said import SAID, digests_inside, told_by

SIZES = (0, 1, 100, 16_000, 16_383, 16_384, 16_385, 33_000, CHUNK_BYTES, MAX_PACKET_BYTES + 1)


def message(size: int, *, first: int = 0x32, number: int = 7, content_type: str = "") -> bytes:
    """A PUBLISH as a recorder's arrives."""
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.ContentType = content_type or CONTENT_TYPE
    body = b"\x00\x01t" + number.to_bytes(2, "big") + properties.pack()  # type: ignore[no-untyped-call]
    body += random.Random(size).randbytes(size)
    left, length = len(body), bytearray()
    while left or not length:
        left, low = divmod(left, 128)
        length.append(low | (128 if left else 0))
    return b"".join((bytes((first,)), length, body))


@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
def test_it_makes_of_what_a_broker_says_what_stock_paho_makes_of_it(said: bytes) -> None:
    assert told_by(AdaptedClient, said) == told_by(Client, said)


@pytest.mark.parametrize("size", SIZES)
def test_messages_of_every_size_come_whole_in_whatever_pieces(size: int) -> None:
    said = message(size) + message(size, number=8)
    told = told_by(Client, said)
    assert len(told) == 4
    assert told_by(AdaptedClient, said) == told
    step = max(1, len(said) // 40)
    pieces = [said[at : at + step] for at in range(0, len(said), step)]
    assert told_by(AdaptedClient, *chain.from_iterable((piece, None) for piece in pieces)) == told


@pytest.mark.parametrize(
    "said",
    [
        message(CHUNK_BYTES, content_type="text/plain"),
        message(CHUNK_BYTES, first=0x33),
        message(CHUNK_BYTES, first=0x3A),
        message(CHUNK_BYTES, first=0x30),
        message(CHUNK_BYTES)[:-1],
    ],
    ids=["another type", "retained", "again", "at QoS 0", "not whole yet"],
)
def test_what_does_not_begin_as_a_recorders_message_is_read_by_stock_paho(said: bytes) -> None:
    assert told_by(AdaptedClient, said) == told_by(Client, said)


def test_connection_that_ends_within_a_chunk_is_lost() -> None:
    said = (message(CHUNK_BYTES)[:50_000], b"")
    told = told_by(AdaptedClient, *said)
    assert told == told_by(Client, *said)
    assert told[0] != 0


def test_another_version_of_paho_is_used_as_it_is_and_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert type(client_of_the_desk()) is AdaptedClient
    monkeypatch.setattr(paho.mqtt, "__version__", "9.9.9")
    with caplog.at_level(logging.WARNING):
        assert type(client_of_the_desk()) is Client
    assert "9.9.9" in caplog.text


def client_of_the_desk() -> Client:
    """A client as the desk makes it."""
    return make_client(CallbackAPIVersion.VERSION2)


USED = {
    "__init__": "dd6fc426c25ab2d8",
    "_packet_read": "bbe32d8af1e37955",
    "_sock_recv": "c3b9043a46dd81b7",
    "_call_socket_register_write": "bb825cf9532d2745",
    "_handle_publish": "1bbaa3ef0e3afc6d",
    "_handle_on_message": "8ccc46fdb090aead",
    "_send_puback": "bb015cefb632f942",
}
"""Private parts of paho that are called, replaced or imitated, by the digest of their source."""


def test_paho_is_inside_as_it_was_when_it_was_adapted() -> None:
    found = digests_inside(USED)
    changed = sorted(name for name in USED if found[name] != USED[name])
    assert not changed, (
        f"paho-mqtt {paho.mqtt.__version__} differs from {ADAPTED_TO} in {', '.join(changed)}: "
        f"read them against bureau/adapted_paho.py, then put the new digests here ({found}) and "
        "the version there"
    )
