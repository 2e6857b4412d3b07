"""The scripted desk behind a real broker, and a dock in a thread of this process."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.subscribeoptions import SubscribeOptions

from agent.dock.serve import serve
from agent.settings import Device
from hw.fake.board import dock_board
from hw.fake.world import FakeWorld
from tests.kits.device.scripted_desk import ScriptedDesk
from tests.kits.wire.peer import SECONDS

PATIENCE = 30.0


class WireDesk:
    """Connects a scripted desk to the broker, with the bureau's own certificate.

    Args:
        bureau: The bureau's folder.
        port: The broker's.
        desk: Answers.
    """

    def __init__(self, bureau: Path, port: int, desk: ScriptedDesk) -> None:
        self.desk = desk
        self._lock = Lock()
        self._up = Event()
        context = ssl.create_default_context(cafile=bureau / "certs" / "ca.pem")
        context.load_cert_chain(bureau / "certs" / "desk.pem", bureau / "keys" / "desk.pem")
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.reconnect_delay_set(1, 1)
        self._client.tls_set_context(context)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._up.set()
        self._client.on_message = self._on_message
        self._client.connect("localhost", port)
        self._client.loop_start()
        assert self._up.wait(SECONDS), "the desk does not get in"

    def _on_connect(self, *_: Any) -> None:
        options = SubscribeOptions(qos=1, noLocal=True)
        self._client.subscribe([(f"{self.desk.topics.base}/#", options)])

    def _on_message(self, _client: Client, _user: object, message: MQTTMessage) -> None:
        if message.topic.split("/")[3] in ("receipt", "rsp") and not message.topic.endswith("/ack"):
            return  # retained, of an earlier connection of the desk itself
        with self._lock:
            for topic, payload in self.desk.hear(message.topic, bytes(message.payload)):
                self._client.publish(topic, payload, qos=1, retain="/receipt/" in topic)
            if message.topic.endswith("/ack"):
                receipt = message.topic.removesuffix("/ack")
                self._client.publish(receipt, b"", qos=1, retain=True)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Say something of the test's own."""
        self._client.publish(topic, payload, qos=1, retain=retain)

    def close(self) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class RunningDock:
    """A dock in a thread, on the cradle of a world of its own."""

    def __init__(self, device: Device, *, docked: bool = True) -> None:
        self.error: BaseException | None = None
        self.world = FakeWorld.here()
        if docked:
            self.world.dock()
        self._stop = Event()
        self._thread = Thread(target=self._serve, args=(device,), daemon=True)
        self._thread.start()

    def _serve(self, device: Device) -> None:
        try:
            serve(device, dock_board(self.world.link), self._stop)
        except BaseException as error:  # noqa: BLE001 - shown by the test that stops the dock
            self.error = error

    def stop(self) -> None:
        """End it."""
        self._stop.set()
        self._thread.join(SECONDS)
        assert not self._thread.is_alive(), "the dock does not end"
        self.world.close()
        if self.error is not None:
            raise self.error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def wait_until(fact: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Wait until ``fact`` is true."""
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, f"never: {what}"
        Event().wait(0.02)
