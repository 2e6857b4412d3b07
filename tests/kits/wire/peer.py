"""A bare MQTT 5 client over TLS, and a real Mosquitto, for tests of the broker's configuration."""

from __future__ import annotations

import queue
import socket
import ssl
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from evidence.wire import CONTENT_TYPE

SECONDS = 5.0


def real_utc_ns() -> int:
    """The real time: TLS checks certificates against it."""
    return time.time_ns()  # noqa: TID251


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def shake_hands(context: ssl.SSLContext, port: int) -> None:
    """A TLS handshake and nothing more.

    Raises:
        ssl.SSLError: One side refused.
    """
    with (
        socket.create_connection(("127.0.0.1", port), SECONDS) as raw,
        context.wrap_socket(raw, server_hostname="127.0.0.1"),
    ):
        return


class Mosquitto:
    """A broker started with a configuration as it is; ended by its own process id."""

    def __init__(self, configuration: Path, port: int) -> None:
        self.process = subprocess.Popen(
            ["/usr/sbin/mosquitto", "-c", configuration],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            Event().wait(0.02)
        self.stop()
        log = configuration.with_name("mosquitto.log")
        raise AssertionError(f"no broker: {log.read_text() if log.exists() else 'no log'}")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(SECONDS)


@dataclass(frozen=True)
class Credential:
    """What a client shows: a CA to trust, and a certificate with its key or nothing."""

    ca: Path
    certificate: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca)
        if self.certificate is not None:
            context.load_cert_chain(self.certificate, self.key)
        return context


class Peer:
    """One connection; never reconnects by itself.

    Args:
        credential: What it shows.
        port: The broker's.
        client_id: What it would like to be called.
        will: Topic and payload that the broker is to publish, retained, once it is gone.
        protocol: MQTT 5, or what came before.
    """

    def __init__(
        self,
        credential: Credential,
        port: int,
        *,
        client_id: str = "",
        will: tuple[str, bytes] | None = None,
        protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5,
    ) -> None:
        self._protocol = protocol
        self.connected = Event()
        self.gone = Event()
        self.facts: dict[str, Any] = {}
        self.received: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._codes: queue.Queue[ReasonCode] = queue.Queue()
        self._subscribed: queue.Queue[list[ReasonCode]] = queue.Queue()
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=protocol,
            reconnect_on_failure=False,
        )
        if will is not None:
            self._client.will_set(*will, qos=1, retain=True)
        self._client.tls_set_context(credential.context())
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = lambda *_: self.gone.set()
        self._client.on_message = self._on_message
        self._client.on_publish = lambda _c, _u, _m, code, _p: self._codes.put(code)
        self._client.on_subscribe = lambda _c, _u, _m, codes, _p: self._subscribed.put(codes)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def _on_connect(self, *values: Any) -> None:
        _client, _user, _flags, code, properties = values
        if properties is not None:
            self.facts = properties.json()
        if not code.is_failure:
            self.connected.set()

    def _on_message(self, _client: Client, _user: object, message: MQTTMessage) -> None:
        self.received.put((message.topic, bytes(message.payload)))

    def is_accepted(self) -> bool:
        """Whether the broker took it in; a refused certificate just ends the connection."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline and not self.gone.is_set():
            if self.connected.wait(0.02):
                return True
        return self.connected.is_set()

    def tls_version(self) -> str | None:
        connection = self._client.socket()
        return connection.version() if isinstance(connection, ssl.SSLSocket) else None

    def publish(self, topic: str, payload: bytes = b"x", *, retain: bool = False) -> str:
        """Publish with QoS 1 and return what the broker answered."""
        self._client.publish(topic, payload, 1, retain, self._properties())
        return str(self._codes.get(timeout=SECONDS))

    def throw(self, topic: str, payload: bytes) -> None:
        """Publish without waiting for an answer."""
        self._client.publish(topic, payload, 1, properties=self._properties())

    def subscribe(self, topic: str) -> list[str]:
        self._client.subscribe(topic, qos=1)
        return [str(code) for code in self._subscribed.get(timeout=SECONDS)]

    def wish(self, topic: str) -> None:
        """Subscribe and leave it open what the broker makes of it, be it the end."""
        self._client.subscribe(topic, qos=1)
        with suppress(queue.Empty):
            self._subscribed.get(timeout=0.5)

    def next(self) -> tuple[str, bytes]:
        """The next message."""
        return self.received.get(timeout=SECONDS)

    def say_by_alias(self, topic: str, payload: bytes) -> None:
        """Name ``topic`` once under a number, then publish under the number alone."""
        for name in (topic, ""):
            properties = self._properties()
            assert properties is not None
            properties.TopicAlias = 1
            self._client.publish(name, payload, 1, properties=properties)

    def cut(self) -> None:
        """The connection breaks without a word: now the broker publishes the will."""
        connection = self._client.socket()
        assert isinstance(connection, socket.socket)
        # The base class's: nothing is said to the other end of TLS either.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def _properties(self) -> Properties | None:
        """What a recorder says with every message; the older version has no room for it."""
        if self._protocol is not MQTTProtocolVersion.MQTTv5:
            return None
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ContentType = CONTENT_TYPE
        return properties

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
