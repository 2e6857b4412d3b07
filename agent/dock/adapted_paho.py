"""paho-mqtt with less copying: a message's header and body are queued as two parts.

Stock paho joins header and payload, and copies what is left of a packet at every 16 KiB that TLS
takes. Here the body stays where it is, a view of the mapped file, and what arrives is read into one
buffer instead of byte by byte. Stock paho also builds tables of every property of MQTT 5 anew for
each message and each confirmation, where ours all carry the same one and the desk's carry none.

Owns every use of paho's private names, and the one version in which they were read. Refuses to run
on another one: ``pyproject.toml`` pins it, ``tests/contract/test_link.py`` names what has changed,
and who wants another version without this asks for ``client = "stock"`` in ``device.toml``.
"""

from __future__ import annotations

import ssl
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Literal

import paho.mqtt
from paho.mqtt.client import Client, MQTTMessage, MQTTMessageInfo, time_func
from paho.mqtt.enums import MessageState, MessageType, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from agent.dock.paho_link import BrokerAddress, PahoLink
from agent.errors import LinkError

ADAPTED_TO: Final = "2.2.0"
"""The version whose private names are used here."""

_QOS: Final = 1
_PUBLISH: Final = int(MessageType.PUBLISH) | _QOS << 1
_RETAINED: Final = 0b1
_ANY_QOS: Final = 0b110
_AGAIN: Final = 0b1000
_AT_QOS_1: Final = _QOS << 1
_READ_BYTES: Final = 64 * 1024
_NUMBER_BYTES: Final = 2
"""Of a message's number, and of the length of its topic."""
_SUCCESS: Final = ReasonCode(PacketTypes.PUBACK)
_NONE: Final = Properties(PacketTypes.PUBACK)  # type: ignore[no-untyped-call]

if TYPE_CHECKING:
    from paho.mqtt.client import _OutPacket


class AdaptedLink(PahoLink):
    """A connection through the adapted client."""

    _client: AdaptedClient

    def __init__(self, address: BrokerAddress) -> None:
        super().__init__(address)
        self._packed: bytes = self._properties.pack()  # type: ignore[no-untyped-call]

    def _make_client(self, *arguments: Any, **options: Any) -> AdaptedClient:  # noqa: ANN401 - paho's own
        return AdaptedClient(*arguments, **options)

    def _hand_over(
        self, topic: str, payload: bytes | memoryview, *, retain: bool
    ) -> MQTTMessageInfo:
        view = memoryview(payload)
        return self._client.publish_view(topic, view, retain=retain, properties=self._packed)


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
        self, topic: str, body: memoryview, *, retain: bool, properties: bytes
    ) -> MQTTMessageInfo:
        """Queue a message at QoS 1 without copying its body; the view is held until it was sent.

        Args:
            topic: Without wildcards.
            body: Of bytes that do not change any more.
            retain: As in MQTT.
            properties: Of the message, packed.

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
        self, mid: int, name: bytes, size: int, *, retain: bool, properties: bytes
    ) -> bytearray:
        """MQTT 5 §3.3.1 and §3.3.2: everything before the payload."""
        header = bytearray((_PUBLISH | retain,))
        self._pack_remaining_length(header, 2 + len(name) + 2 + len(properties) + size)
        self._pack_str16(header, name)
        return header + struct.pack("!H", mid) + properties

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

    def _handle_pubackcomp(self, cmd: Literal["PUBACK", "PUBCOMP"]) -> MQTTErrorCode:
        """A confirmation that is its number alone means success (MQTT 5 §3.4.2.1)."""
        packet = self._in_packet["packet"]
        if cmd != "PUBACK" or len(packet) != _NUMBER_BYTES:
            return super()._handle_pubackcomp(cmd)
        mid = int.from_bytes(packet, "big")
        with self._out_message_mutex:
            if mid not in self._out_messages:
                return MQTTErrorCode.MQTT_ERR_SUCCESS
            return self._do_on_publish(mid, _SUCCESS, _NONE)

    def _handle_publish(self) -> MQTTErrorCode:
        """A message at QoS 1 without properties, as the desk sends them (MQTT 5 §3.3.2)."""
        message = None
        if self._in_packet["command"] & _ANY_QOS == _AT_QOS_1:
            message = _plain_message(bytes(self._in_packet["packet"]))
        if message is None:
            return super()._handle_publish()
        message.retain = bool(self._in_packet["command"] & _RETAINED)
        message.dup = bool(self._in_packet["command"] & _AGAIN)
        self._handle_on_message(message)
        return self._send_puback(message.mid)

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:  # noqa: ARG002 - paho's own
        """Read the packets of one TLS record, of which ``select`` no longer tells, and no more.

        Stock paho reads on until there is nothing, which costs more than asking ``select`` again.
        """
        while self._sock is not None:
            code = self._packet_read()
            if code > 0:
                return self._loop_rc_handle(code)
            if code == MQTTErrorCode.MQTT_ERR_AGAIN or not self._unread:
                return MQTTErrorCode.MQTT_ERR_SUCCESS
        return MQTTErrorCode.MQTT_ERR_NO_CONN

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


def _plain_message(packet: bytes) -> MQTTMessage | None:
    """What a PUBLISH at QoS 1 says; None where it is not whole or has properties."""
    begin = _NUMBER_BYTES + int.from_bytes(packet[:_NUMBER_BYTES], "big")
    end = begin + _NUMBER_BYTES
    if packet[end : end + 1] != b"\0":
        return None
    message = MQTTMessage(int.from_bytes(packet[begin:end], "big"), packet[_NUMBER_BYTES:begin])
    message.qos = _QOS
    message.payload = packet[end + 1 :]
    return message


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
