"""What a client of paho makes of what a broker says, byte for byte, without a broker."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterable

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

RECORD_BYTES = 16_384
"""What TLS hands over at a time."""


class Sayer:
    """A socket out of which a broker's bytes come; each ``None`` is a moment in which none do."""

    def __init__(self, *said: bytes | None) -> None:
        self.said = list(said)
        self.heard = bytearray()

    def recv(self, size: int) -> bytes:
        if not self.said or self.said[0] is None:
            self.said = self.said[1:]
            raise BlockingIOError
        size = min(size, RECORD_BYTES)
        said, rest = self.said[0][:size], self.said[0][size:]
        self.said[:1] = [rest] if rest else []
        return said

    def recv_into(self, buffer: bytearray | memoryview) -> int:
        said = self.recv(len(buffer))
        buffer[: len(said)] = said
        return len(said)

    def send(self, content: bytes) -> int:
        self.heard += content
        return len(content)

    def close(self) -> None:
        """As a socket does."""


def told_by(kind: Callable[..., Client], *said: bytes | None) -> tuple[object, ...]:
    """Messages and confirmations that a client tells of, how its reading ends, what it answers."""
    client = kind(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    sayer = Sayer(*said)
    client._sock = sayer  # type: ignore[assignment]  # noqa: SLF001 - there is no other way in
    told: list[tuple[object, ...]] = []
    client.on_socket_register_write = lambda *_: None
    client.on_message = lambda _client, _data, message: told.append(
        (
            *(message.topic, bytes(message.payload), message.mid, message.qos),
            *(message.retain, message.dup, message.state),
            getattr(message.properties, "ContentType", None),
        )
    )
    client.on_publish = lambda _client, _data, mid, reason, _more: told.append((mid, reason.value))
    client.publish("t", b"x", 1)
    client.loop_write()
    code = client.loop_read()
    while sayer.said and code == 0:
        code = client.loop_read()
    client.loop_write()
    client._sock = None  # noqa: SLF001 - as above
    return (*told, code, bytes(sayer.heard[-4:]))


def digests_inside(names: Iterable[str]) -> dict[str, str]:
    """Private parts of paho's client, by the digest of their source."""
    return {
        name: hashlib.sha256(inspect.getsource(getattr(Client, name)).encode()).hexdigest()[:16]
        for name in names
    }


SAID = {
    "at QoS 1": b"\x32\x08\x00\x01t\x00\x07\x00ab",
    "at QoS 0": b"\x30\x06\x00\x01t\x00ab",
    "again, retained": b"\x3b\x08\x00\x01t\x00\x07\x00ab",
    "with properties": b"\x32\x0e\x00\x01t\x00\x07\x06\x03\x00\x01p\x01\x00ab",
    "with an alias of nothing": b"\x32\x0a\x00\x01t\x00\x07\x02\x01\x00ab",
    "with an unknown property": b"\x32\x0a\x00\x01t\x00\x07\x02\x7f\x00ab",
    "nothing": b"\x32\x06\x00\x01t\x00\x07\x00",
    "two": b"\x32\x08\x00\x01t\x00\x07\x00ab\x32\x08\x00\x01u\x00\x08\x00cd",
    "ends in its topic": b"\x32\x04\x00\x09tt",
    "ends before its number": b"\x32\x03\x00\x01t",
    "ends before its properties": b"\x32\x05\x00\x01t\x00\x07",
    "ends in its properties": b"\x32\x07\x00\x01t\x00\x07\x20\x03",
    "properties without end": b"\x32\x09\x00\x01t\x00\x07\xff\xff\xff\xff",
    "empty": b"\x32\x00",
    "confirmed": b"\x40\x02\x00\x01",
    "confirmed, nobody listens": b"\x40\x03\x00\x01\x10",
    "refused with a property": b"\x40\x08\x00\x01\x87\x04\x1f\x00\x01w",
    "confirmed twice": b"\x40\x02\x00\x01\x40\x02\x00\x01",
    "confirmed, never sent": b"\x40\x02\x00\x63",
    "confirmed without a number": b"\x40\x01\x00",
}
"""After a message of its own, number 1."""
