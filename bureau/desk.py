"""The receiving desk on MQTT 5: devices' messages in, the bureau's answers out.

Owns the connection to the broker (TLS 1.3, a certificate of the desk's own), the one thread on
which the intake works, and the one beside it that judges whole sessions: reading one of many
gigabytes must not keep every other device waiting. Refuses to believe the transport: an
acknowledgement by the broker means nothing, and a connection that breaks is begun anew without
relying on what the broker kept.
"""

from __future__ import annotations

import logging
import queue
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from bureau.adapted_paho import make_client
from bureau.errors import BureauError, LinkError
from bureau.intake.intake import Intake
from bureau.intake.message import Message, Outgoing
from bureau.intake.steps import Steps, Whole
from bureau.spoken import Spoken
from evidence.verify import Verdict
from evidence.wire import ROOT

_log = logging.getLogger(__name__)

TOPICS: Final = (
    f"{ROOT}/+/f/#",
    f"{ROOT}/+/log",
    f"{ROOT}/+/state",
    f"{ROOT}/+/receipt/+/+/ack",
    f"{ROOT}/+/plan/ack",
    f"{ROOT}/+/roster/ack",
    f"{ROOT}/+/policy/ack",
    f"{ROOT}/+/challenge/rsp",
    f"{ROOT}/+/update/want",
)
CONNECT_SECONDS: Final = 10.0

_QUEUED: Final = 64
_TURN_SECONDS: Final = 0.02
_LULL_SECONDS: Final = 0.002
"""Nothing came for so long: what was written is synced now; more gathers meanwhile."""
_KEEPALIVE_SECONDS: Final = 30
_PAUSE_SECONDS: Final = (0.2, 0.5, 1.0, 2.0, 5.0)
_RETAIN_NOT_SENT: Final = 2


@dataclass(frozen=True, kw_only=True)
class Connection:
    """How the desk reaches its broker.

    Attributes:
        host: Name in the broker's certificate.
        port: TCP port.
        name: The desk's client id, its certificate's CN.
        ca: The bureau CA's certificate.
        certificate: The desk's.
        key: Its private key.
    """

    host: str
    port: int
    name: str
    ca: Path
    certificate: Path
    key: Path

    def tls(self) -> ssl.SSLContext:
        """TLS 1.3 with both ends' certificates.

        Raises:
            LinkError: A certificate or key cannot be used.
        """
        try:
            context = ssl.create_default_context(cafile=str(self.ca))
            context.minimum_version = ssl.TLSVersion.TLSv1_3
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise LinkError(f"the desk's certificate is unusable: {error}") from error
        return context


class Desk:
    """Runs the intake behind one connection after the other until asked to end.

    Args:
        connection: How to reach the broker.
        intake: Takes every message, on this desk's thread alone.
        stop: Set by whoever ends the desk.
    """

    def __init__(self, connection: Connection, intake: Intake, stop: Event) -> None:
        self._connection = connection
        self._intake = intake
        self._stop = stop
        self._spoken = Spoken()

    def run(self) -> None:
        """Serve until ``stop`` is set.

        Raises:
            LinkError: The desk's own certificate is unusable.
        """
        tls = self._connection.tls()
        failures = 0
        with ThreadPoolExecutor(1, "judge") as judges:
            while not self._stop.is_set():
                link = _Link(self._connection, tls, self._spoken)
                try:
                    link.open(self._stop)
                    failures = 0
                    _log.info("the desk listens at %s", self._connection.port)
                    self._serve(link, _Bench(self._intake.steps, judges))
                except LinkError as error:
                    _log.warning("%s", error.detail)
                finally:
                    link.close()
                self._stop.wait(_PAUSE_SECONDS[min(failures, len(_PAUSE_SECONDS) - 1)])
                failures += 1

    def _serve(self, link: _Link, bench: _Bench) -> None:
        """Answer one connection until it ends."""
        link.publish(self._intake.steps.unacknowledged())
        self._intake.begin()
        while not self._stop.is_set() and link.is_up():
            lull = _LULL_SECONDS if self._intake.unsynced else _TURN_SECONDS
            message = link.receive(lull)
            if message is not None:
                link.publish(self._intake.handle(message))
            if self._intake.is_due() or (message is None and self._intake.unsynced):
                link.publish(self._intake.flush())
            link.publish(bench.turn())
            link.publish(self._turn(self._intake.courier.turn))
            link.publish(self._turn(self._intake.words.turn))
            link.publish(self._turn(self._intake.door.turn))
            link.publish(self._turn(self._intake.offer_updates))
        bench.rise()

    def _turn(self, courier: Callable[[], list[Outgoing]]) -> list[Outgoing]:
        try:
            return courier()
        except (BureauError, OSError):
            # What cannot be sent now must not end the desk for what comes in.
            _log.exception("session plans, words or updates cannot be sent now")
            return []


class _Bench:
    """The judge's bench: one session at a time, on a thread of its own.

    Args:
        steps: Say which session waits, and take the verdict.
        judges: The one thread.
    """

    def __init__(self, steps: Steps, judges: ThreadPoolExecutor) -> None:
        self._steps = steps
        self._judges = judges
        self._whole: Whole | None = None
        self._verdict: Future[Verdict] | None = None

    def turn(self) -> list[Outgoing]:
        """Take a verdict if there is one, and hand in the next session."""
        if self._verdict is None:
            self._hand_in()
            return []
        return self._take() if self._verdict.done() else []

    def rise(self) -> None:
        """The connection ended: wait for the verdict; its receipt goes out at the next greeting."""
        if self._verdict is not None:
            self._take()

    def _hand_in(self) -> None:
        self._whole = self._steps.next_whole()
        if self._whole is not None:
            self._verdict = self._judges.submit(self._steps.judge, self._whole)

    def _take(self) -> list[Outgoing]:
        whole, verdict = self._whole, self._verdict
        self._whole = self._verdict = None
        if whole is None or verdict is None:
            return []
        return self._steps.conclude(whole, verdict.result)


class _Link:
    """One connection."""

    def __init__(self, connection: Connection, tls: ssl.SSLContext, spoken: Spoken) -> None:
        self._connection = connection
        self._spoken = spoken
        self._messages: queue.Queue[Message] = queue.Queue(_QUEUED)
        self._settled = Event()
        self._down = Event()
        self._why = ""
        self._client = make_client(
            CallbackAPIVersion.VERSION2,
            client_id=connection.name,
            protocol=mqtt.MQTTv5,
            reconnect_on_failure=False,
        )
        self._client.tls_set_context(tls)
        self._client.on_socket_open = _answer_at_once
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish

    def open(self, stop: Event) -> None:
        """Connect and subscribe.

        Raises:
            LinkError: Not within ``CONNECT_SECONDS``, or refused: a broker that does not accept a
                certificate just falls silent.
        """
        try:
            self._client.connect(
                self._connection.host,
                self._connection.port,
                keepalive=_KEEPALIVE_SECONDS,
                clean_start=True,
            )
        except (OSError, ValueError) as error:
            raise LinkError(f"the broker cannot be reached: {error}") from error
        self._client.loop_start()
        self._wait(self._settled, stop)
        if self._down.is_set() or not self._settled.is_set():
            raise LinkError(f"the broker does not accept the desk: {self._why or 'it is silent'}")

    def is_up(self) -> bool:
        """Whether the connection stands."""
        return not self._down.is_set()

    def receive(self, seconds: float) -> Message | None:
        """The next message, or None when none came in time."""
        try:
            return self._messages.get(timeout=seconds)
        except queue.Empty:
            return None

    def publish(self, parts: list[Outgoing]) -> None:
        """Publish answers; one that is lost is asked for again by the device."""
        for part in parts:
            self._client.publish(part.topic, part.payload, qos=1, retain=part.retain)

    def close(self) -> None:
        """End the connection and its thread."""
        self._down.set()
        self._client.disconnect()
        self._client.loop_stop()

    def _wait(self, event: Event, stop: Event) -> None:
        for _ in range(int(CONNECT_SECONDS / _TURN_SECONDS)):
            if event.wait(_TURN_SECONDS) or self._down.is_set() or stop.is_set():
                return

    def _on_connect(
        self, client: mqtt.Client, _data: object, _flags: object, code: ReasonCode, _more: object
    ) -> None:
        if code.is_failure:
            self._fail(str(code))
            return
        options = SubscribeOptions(qos=1, retainHandling=_RETAIN_NOT_SENT)
        client.subscribe([(topic, options) for topic in TOPICS])

    def _on_subscribe(
        self, _client: mqtt.Client, _data: object, _mid: int, codes: list[ReasonCode], _more: object
    ) -> None:
        refused = [str(code) for code in codes if code.is_failure]
        if refused:
            self._fail(f"a subscription was refused: {refused[0]}")
        self._settled.set()

    def _on_disconnect(
        self, _client: mqtt.Client, _data: object, _flags: object, code: ReasonCode, _more: object
    ) -> None:
        self._fail(f"disconnected: {code}")

    def _on_publish(
        self, _client: mqtt.Client, _data: object, _mid: int, code: ReasonCode, _more: object
    ) -> None:
        # The library counts a refused message as published.
        if code.is_failure:
            _log.error("the broker refused an answer of the desk: %s", code)

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        if not self._spoken.counts(message):
            self.publish(self._spoken.refuse(message.topic))
            return
        # A full queue holds this thread, and through it the broker: that is the flow control.
        offered = Message(message.topic, bytes(message.payload))
        while not self._down.is_set():
            try:
                self._messages.put(offered, timeout=_TURN_SECONDS)
            except queue.Full:
                continue
            return

    def _fail(self, why: str) -> None:
        self._why = self._why or why
        self._down.set()


def _answer_at_once(_client: mqtt.Client, _data: object, connection: Any) -> None:  # noqa: ANN401 - paho says no more of it
    """An answer must not wait 40 ms for the broker to acknowledge the bytes before it."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
