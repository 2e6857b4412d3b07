"""paho-mqtt behind ``Link``: MQTT 5, QoS 1, TLS 1.3, certificates at both ends.

Owns one network thread per connection; paho's callbacks only enqueue. Refuses to reconnect by
itself, to keep a session at the broker, and older protocol versions: MQTT 3.1.1 acknowledges a
message that the access list denied. ``PahoLink`` is on stock paho; ``adapted_paho`` has the same on
a client that copies less.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Final

from paho.mqtt.client import Client, MQTTMessage, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from agent.dock.link import (
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
from agent.errors import LinkError
from evidence.wire import CONTENT_TYPE, MAX_PACKET_BYTES

_QOS: Final = 1
_KEEPALIVE_S: Final = 20
_LOOP_S: Final = 1.0
_RECEIVE_MAXIMUM: Final = 65_535
"""MQTT 5 §3.2.2.3.3: what holds when the broker says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAddress:
    """Where the broker is and how each side proves who it is.

    Attributes:
        device_id: Client id; the certificate's common name says the same.
        host: Name or address, as in the broker's certificate.
        port: TCP port.
        ca: The pinned bureau CA.
        certificate: The device's TLS certificate.
        key: Its private key.
        connect_seconds: Bound on each step of connecting.
    """

    device_id: str
    host: str
    port: int
    ca: Path
    certificate: Path
    key: Path
    connect_seconds: float


class PahoLink(Link):
    """A connection through stock paho."""

    def __init__(self, address: BrokerAddress) -> None:
        self._address = address
        self._mailbox: Mailbox | None = None
        self._context: _Context | None = None
        self._closed = False
        self._lock = Lock()
        self._properties = _in_version_5(PacketTypes.PUBLISH)
        self._client = self._ready_client()
        self._thread = Thread(target=self._run, name="mqtt", daemon=True)

    def open(self, mailbox: Mailbox, will: Will) -> None:
        """Begin to connect.

        Raises:
            LinkError: Key, certificate or CA cannot be used.
        """
        self._context = _tls_context(self._address)
        self._client.tls_set_context(self._context)
        properties = _in_version_5(PacketTypes.WILLMESSAGE)
        self._client.will_set(will.topic, will.payload, _QOS, retain=True, properties=properties)
        self._mailbox = mailbox
        self._thread.start()

    def publish(self, topic: str, payload: bytes | memoryview, *, retain: bool = False) -> int:
        """Hand over a message; ``is_published`` is never asked: it is True for a refused one."""
        if self._closed:
            # paho itself may not know yet, and would take it.
            raise LinkError("the connection is closed")
        handed = self._hand_over(topic, payload, retain=retain)
        if handed.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise LinkError(f"the connection is gone ({handed.rc.name})")
        return handed.mid

    def subscribe(self, topics: tuple[str, ...]) -> None:
        """Ask for the messages on ``topics``."""
        options = SubscribeOptions(qos=_QOS)
        code, _ = self._client.subscribe([(topic, options) for topic in topics])
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise LinkError(f"the connection is gone ({code.name})")

    def close(self) -> None:
        """Cut it; paho's own way first sends what is queued, perhaps to a frozen broker."""
        with self._lock:
            self._closed = True
        if self._context is not None and self._context.connection is not None:
            # The base class's: after SSLSocket.shutdown paho's thread would write in the clear.
            # A socket that is gone already is well.
            with suppress(OSError):
                socket.socket.shutdown(self._context.connection, socket.SHUT_RDWR)
        if self._thread.is_alive():
            self._thread.join(2 * _LOOP_S)

    def _make_client(self, *arguments: Any, **options: Any) -> Client:  # noqa: ANN401 - paho's own
        return Client(*arguments, **options)

    def _hand_over(
        self, topic: str, payload: bytes | memoryview, *, retain: bool
    ) -> MQTTMessageInfo:
        return self._client.publish(topic, bytes(payload), _QOS, retain, self._properties)

    def _ready_client(self) -> Client:
        client = self._make_client(
            CallbackAPIVersion.VERSION2,
            client_id=self._address.device_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        client.connect_timeout = self._address.connect_seconds
        client.max_inflight_messages = _RECEIVE_MAXIMUM
        client.on_socket_open = _send_small_messages_at_once
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        # With this callback set, only the network thread ever writes to the socket.
        client.on_socket_register_write = _leave_writing_to_the_loop
        return client

    def _run(self) -> None:
        reason = "the connection ended"
        try:
            self._connect()
            while not self._closed and self._client.loop(_LOOP_S) == MQTTErrorCode.MQTT_ERR_SUCCESS:
                pass
        except Exception as error:  # noqa: BLE001 - a hostile broker may break paho's parser: the link ends, the dock goes on
            reason = f"{type(error).__name__}: {error}"
        finally:
            self._emit(Lost(reason))
            # paho leaves a socket whose handshake failed to the garbage collector.
            if self._context is not None and self._context.connection is not None:
                self._context.connection.close()

    def _connect(self) -> None:
        self._client.connect(
            self._address.host,
            self._address.port,
            keepalive=_KEEPALIVE_S,
            clean_start=True,
            properties=_connect_properties(),
        )

    def _emit(self, event: LinkEvent) -> None:
        with self._lock:
            if self._mailbox is not None and not self._closed:
                self._mailbox.put(event)

    def _on_connect(
        self,
        _client: Client,
        _user: object,
        _flags: object,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._emit(Lost(f"the broker refuses the connection: {reason}"))
            return
        most = getattr(properties, "MaximumPacketSize", None)
        receive = getattr(properties, "ReceiveMaximum", _RECEIVE_MAXIMUM)
        self._emit(Connected(most, receive))

    def _on_subscribe(
        self,
        _client: Client,
        _user: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: object,
    ) -> None:
        self._emit(Subscribed(tuple(reason.value for reason in reasons)))

    def _on_publish(
        self, _client: Client, _user: object, mid: int, reason: ReasonCode, _properties: object
    ) -> None:
        self._emit(Confirmed(mid, reason.value))

    def _on_message(self, _client: Client, _user: object, message: MQTTMessage) -> None:
        self._emit(Arrived(message.topic, bytes(message.payload)))

    def _on_disconnect(
        self,
        _client: Client,
        _user: object,
        _flags: object,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        self._emit(Lost(f"disconnected: {reason}"))


def _send_small_messages_at_once(_client: Client, _user: object, connection: Any) -> None:  # noqa: ANN401 - paho says no more of it
    """An init or a fin must not wait for the acknowledgement of the bytes before it."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _leave_writing_to_the_loop(_client: Client, _user: object, _socket: object) -> None:
    """Leave it: paho's loop looks by itself whether there is something to write."""


def _connect_properties() -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.MaximumPacketSize = MAX_PACKET_BYTES
    properties.SessionExpiryInterval = 0
    return properties


def _in_version_5(packet: int) -> Properties:
    """What shows the desk that a message was not sent over an older version."""
    properties = Properties(packet)  # type: ignore[no-untyped-call]
    properties.ContentType = CONTENT_TYPE
    return properties


class _Context(ssl.SSLContext):
    """Remembers the connection it wrapped, so that it can be cut while it still shakes hands."""

    connection: ssl.SSLSocket | None = None

    def wrap_socket(self, *args: Any, **kwargs: Any) -> ssl.SSLSocket:  # noqa: ANN401 - as in ssl
        """Wrap the one connection of this link."""
        self.connection = super().wrap_socket(*args, **kwargs)
        return self.connection


def _tls_context(address: BrokerAddress) -> _Context:
    context = _Context(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_verify_locations(address.ca)
        context.load_cert_chain(address.certificate, address.key)
    except OSError as error:
        raise LinkError(
            f"TLS key, certificate or CA cannot be used ({error}); enrol the device again",
            code="tls_key",
        ) from error
    return context
