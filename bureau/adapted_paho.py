"""paho-mqtt with less copying of what a recorder sends: a chunk is read where it stays.

Stock paho asks TLS for a whole chunk at each of its records of 16 KiB, puts the pieces together,
and then copies the rest of the chunk at every field it takes off its head: more than ten times.
Here it is read into one buffer and copied twice. It is judged like any other message; one that
does not begin as a recorder's messages do is left to stock paho.

Owns every use that the desk makes of paho's private names, and the one version in which they were
read; ``tests/unit/bureau/test_adapted_paho.py`` names what has changed. On another version the
desk uses paho as it is, and says so: it is slower, and nothing else.
"""

from __future__ import annotations

import logging
import ssl
from typing import Any, Final

import paho.mqtt
from paho.mqtt.client import Client, MQTTMessage, time_func
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from evidence.wire import CONTENT_TYPE, MAX_PACKET_BYTES

_log = logging.getLogger(__name__)

ADAPTED_TO: Final = "2.2.0"
"""The version whose private names are used here."""

_QOS: Final = 1
_RETAINED: Final = 0b1
_ANY_QOS: Final = 0b110
_AGAIN: Final = 0b1000
_AT_QOS_1: Final = _QOS << 1
_NUMBER_BYTES: Final = 2
"""Of a message's number, and of the length of its topic."""
_LONG_BYTES: Final = 16 * 1024
"""From here on a packet comes in more than one TLS record."""

_SPOKEN: Final = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
_SPOKEN.ContentType = CONTENT_TYPE
_PACKED: Final[bytes] = _SPOKEN.pack()  # type: ignore[no-untyped-call]
"""What stands on every message of a recorder."""


def make_client(*arguments: Any, **options: Any) -> Client:  # noqa: ANN401 - paho's own
    """A client of the desk, as paho takes its arguments."""
    installed = str(paho.mqtt.__version__)
    if installed == ADAPTED_TO:
        return AdaptedClient(*arguments, **options)
    _log.warning("paho-mqtt %s as it is: only %s is adapted", installed, ADAPTED_TO)
    return Client(*arguments, **options)


class AdaptedClient(Client):
    """paho's client for MQTT 5, for one connection.

    Args:
        arguments: As paho takes them.
        options: As paho takes them.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - paho's own
        super().__init__(*arguments, **options)
        self._room = memoryview(bytearray(MAX_PACKET_BYTES))
        self._read = 0

    def _sock_recv(self, bufsize: int) -> bytes:
        """What has come of a short packet; a long one only when all of it is here."""
        if not _LONG_BYTES <= bufsize <= MAX_PACKET_BYTES:
            return super()._sock_recv(bufsize)
        try:
            while self._read < bufsize:
                size = self._recv_into(self._room[self._read : bufsize])
                if size == 0:
                    return b""  # as a socket says that it is closed
                self._read += size
        finally:
            with self._msgtime_mutex:
                self._last_bytes_received = time_func()
        self._read = 0
        return self._room[:bufsize]  # type: ignore[return-value]  # paho appends it to what it has

    def _recv_into(self, room: memoryview) -> int:
        if self._sock is None:
            raise ConnectionError("the socket is gone")
        try:
            return int(self._sock.recv_into(room))  # type: ignore[attr-defined]
        except ssl.SSLWantReadError as error:
            raise BlockingIOError from error
        except ssl.SSLWantWriteError as error:
            self._call_socket_register_write()
            raise BlockingIOError from error

    def _handle_publish(self) -> MQTTErrorCode:
        """A message at QoS 1 with the property that recorders set (MQTT 5 §3.3.2)."""
        message = None
        if self._in_packet["command"] & _ANY_QOS == _AT_QOS_1:
            message = _spoken_message(self._in_packet["packet"])
        if message is None:
            return super()._handle_publish()
        message.retain = bool(self._in_packet["command"] & _RETAINED)
        message.dup = bool(self._in_packet["command"] & _AGAIN)
        self._handle_on_message(message)
        return self._send_puback(message.mid)


def _spoken_message(packet: bytearray) -> MQTTMessage | None:
    """What a PUBLISH at QoS 1 says; None where it is not whole or has other properties."""
    begin = _NUMBER_BYTES + int.from_bytes(packet[:_NUMBER_BYTES], "big")
    end = begin + _NUMBER_BYTES
    if packet[end : end + len(_PACKED)] != _PACKED:
        return None
    mid = int.from_bytes(packet[begin:end], "big")
    message = MQTTMessage(mid, bytes(packet[_NUMBER_BYTES:begin]))
    message.qos = _QOS
    message.properties = _SPOKEN
    message.payload = bytes(memoryview(packet)[end + len(_PACKED) :])
    return message
