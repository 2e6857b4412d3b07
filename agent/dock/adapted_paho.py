"""paho-mqtt with less copying: a message's header and body are queued as two parts.

Stock paho joins header and payload, and copies what is left of a packet at every 16 KiB that TLS
takes. Here the body stays where it is, a view of the mapped file, and what arrives is read into one
buffer instead of byte by byte.

Owns every use of paho's private names, and the one version in which they were read. Refuses to run
on another one: ``pyproject.toml`` pins it, ``tests/contract/test_link.py`` names what has changed,
and who wants another version without this asks for ``client = "stock"`` in ``device.toml``.
"""

from __future__ import annotations

import ssl
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import paho.mqtt
from paho.mqtt.client import Client, MQTTMessage, MQTTMessageInfo, time_func
from paho.mqtt.enums import MessageState, MessageType, MQTTErrorCode
from paho.mqtt.properties import Properties

from agent.dock.paho_link import PahoLink
from agent.errors import LinkError

ADAPTED_TO: Final = "2.2.0"
"""The version whose private names are used here."""

_QOS: Final = 1
_PUBLISH: Final = int(MessageType.PUBLISH) | _QOS << 1
_READ_BYTES: Final = 64 * 1024

if TYPE_CHECKING:
    from paho.mqtt.client import _OutPacket


class AdaptedLink(PahoLink):
    """A connection through the adapted client."""

    _client: AdaptedClient

    def _make_client(self, *arguments: Any, **options: Any) -> AdaptedClient:  # noqa: ANN401 - paho's own
        return AdaptedClient(*arguments, **options)

    def _hand_over(
        self, topic: str, payload: bytes | memoryview, *, retain: bool, properties: Properties
    ) -> MQTTMessageInfo:
        view = memoryview(payload)
        return self._client.publish_view(topic, view, retain=retain, properties=properties)


class AdaptedClient(Client):
    """paho's client for MQTT 5 with QoS 1, run by ``loop`` in one thread.

    Args:
        arguments: As paho takes them.
        options: As paho takes them.

    Raises:
        LinkError: ``client_version``: another version of paho is installed.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - paho's own
        super().__init__(*arguments, **options)
        installed = str(paho.mqtt.__version__)
        if installed != ADAPTED_TO:
            raise LinkError(
                f"paho-mqtt {installed} is installed where {ADAPTED_TO} was adapted; install the "
                'locked version, or set client = "stock" under [transfer] in device.toml',
                code="client_version",
            )
        self._unread = memoryview(b"")
        self._reading = bytearray(_READ_BYTES)

    def publish_view(
        self, topic: str, body: memoryview, *, retain: bool, properties: Properties
    ) -> MQTTMessageInfo:
        """Queue a message at QoS 1 without copying its body; the view is held until it was sent.

        Args:
            topic: Without wildcards.
            body: Of bytes that do not change any more.
            retain: As in MQTT.
            properties: Of the message.

        Returns:
            As ``publish`` does: ``mid`` and ``rc``.
        """
        name = topic.encode()
        message = MQTTMessage(self._mid_generate(), name)
        message.qos = _QOS
        message.state = MessageState.MQTT_MS_WAIT_FOR_PUBACK
        with self._out_message_mutex:
            if self._sock is None or message.mid in self._out_messages:
                message.info.rc = MQTTErrorCode.MQTT_ERR_NO_CONN
                return message.info
            self._out_messages[message.mid] = message
            self._inflight_messages += 1
        header = self._header(message.mid, name, len(body), retain=retain, properties=properties)
        self._queue_parts(message, memoryview(header), body)
        return message.info

    def _header(
        self, mid: int, name: bytes, size: int, *, retain: bool, properties: Properties
    ) -> bytearray:
        """MQTT 5 §3.3.1 and §3.3.2: everything before the payload."""
        packed: bytes = properties.pack()  # type: ignore[no-untyped-call]
        header = bytearray((_PUBLISH | retain,))
        self._pack_remaining_length(header, 2 + len(name) + 2 + len(packed) + size)
        self._pack_str16(header, name)
        return header + struct.pack("!H", mid) + packed

    def _queue_parts(self, message: MQTTMessage, *parts: memoryview) -> None:
        """Behind each other, with nothing between them: one call that no thread interrupts."""
        self._out_packet.extend([_part(message, content) for content in parts if content])
        if self._sockpairW is not None:
            # A full pair has woken the loop already.
            with suppress(BlockingIOError):
                self._sockpairW.send(b"0")
        self._call_socket_register_write()

    def _packet_write(self) -> MQTTErrorCode:
        """Write what is queued; the rest of a part is a view of it, never a copy."""
        while self._out_packet and isinstance(self._out_packet[0]["packet"], memoryview):
            code = self._write_part(self._out_packet[0])
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return code
            self._out_packet.popleft()
            with self._msgtime_mutex:
                self._last_msg_out = time_func()
        return super()._packet_write()

    def _write_part(self, part: _OutPacket) -> MQTTErrorCode:
        rest = part["packet"][part["pos"] :]
        try:
            while rest:
                rest = rest[self._sock_send(rest) :]
        except BlockingIOError:
            return MQTTErrorCode.MQTT_ERR_AGAIN
        except OSError:
            return MQTTErrorCode.MQTT_ERR_CONN_LOST
        finally:
            part["pos"] = len(part["packet"]) - len(rest)
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Read packets until what has come is used up: the socket no longer tells of it."""
        code = super().loop_read(max_packets)
        while code == MQTTErrorCode.MQTT_ERR_SUCCESS and self._unread:
            code = super().loop_read(max_packets)
        return code

    def _sock_recv(self, bufsize: int) -> bytes:
        """Some of what has come, at most ``bufsize`` bytes."""
        if not self._unread:
            self._fill()
        taken, self._unread = self._unread[:bufsize], self._unread[bufsize:]
        return bytes(taken)

    def _fill(self) -> None:
        if self._sock is None:
            raise ConnectionError("the socket is gone")
        try:
            size = self._sock.recv_into(self._reading)  # type: ignore[attr-defined]
        except ssl.SSLWantReadError as error:
            raise BlockingIOError from error
        except ssl.SSLWantWriteError as error:
            self._call_socket_register_write()
            raise BlockingIOError from error
        self._unread = memoryview(self._reading)[:size]


def _part(message: MQTTMessage, content: memoryview) -> _OutPacket:
    return {
        "command": _PUBLISH,
        "mid": message.mid,
        "qos": _QOS,
        "pos": 0,
        "to_process": len(content),
        "packet": content,  # type: ignore[typeddict-item]
        "info": message.info,
    }
