"""The desk behind a real Mosquitto: what a device publishes ends in the archive and a receipt."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from bureau.desk import Connection, Desk
from evidence import wire
from evidence.digests import CHUNK_BYTES, facts_of, file_id
from evidence.receipt import read_receipt
from evidence.wire import FileMeta, LogBatch, ReasonCode, Response, Topics
from tests.kits.bureau.enrolment import Enrolled, enrol
from tests.kits.bureau.intake import IntakeRig, closed_take, files_of
from tests.kits.records.recorder import Recorder
from tests.kits.records.take import Take
from tests.kits.wire.peer import SECONDS, Credential, Mosquitto, Peer, free_port

DEVICE = "REC-0001"
PATIENCE = 30.0
STATE = wire.encode_state(
    wire.DeviceState(
        online=True,
        docked=True,
        firmware="0",
        utc="2026-11-21T01:00:00.000000Z",
        utc_source="rtc",
    )
)


@dataclass
class RunningDesk:
    """A broker, and the desk in a thread of this process."""

    enrolled: Enrolled
    rig: IntakeRig
    port: int
    broker: Mosquitto
    stop: Event = field(default_factory=Event)
    thread: Thread | None = None

    def begin(self) -> None:
        bureau = self.enrolled.bureau
        connection = Connection(
            host="127.0.0.1",
            port=self.port,
            name="DESK-01",
            ca=bureau / "certs" / "ca.pem",
            certificate=bureau / "certs" / "desk.pem",
            key=bureau / "keys" / "desk.pem",
        )
        self.stop = Event()
        desk = Desk(connection, self.rig.intake, self.stop)
        self.thread = Thread(target=desk.run, daemon=True)
        self.thread.start()

    def end(self) -> None:
        self.stop.set()
        assert self.thread is not None
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()

    def restart_broker(self) -> None:
        self.broker.stop()
        self.broker = Mosquitto(self.enrolled.bureau / "broker" / "mosquitto.conf", self.port)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningDesk]:
    port = free_port()
    enrolled = enrol(tmp_path, device_id=DEVICE, port=port)
    rig = IntakeRig(tmp_path / "desk")
    rig.enrol(DEVICE)
    rig.mono_ns = time.monotonic_ns()
    broker = Mosquitto(enrolled.bureau / "broker" / "mosquitto.conf", port)
    running = RunningDesk(enrolled, rig, port, broker)
    running.begin()
    yield running
    running.end()
    running.broker.stop()
    rig.close()


class Device:
    """A device's end: asks, and waits for the answer."""

    def __init__(self, running: RunningDesk, **options: Any) -> None:
        paths = running.enrolled.device.paths.folder
        self.topics = Topics(DEVICE)
        self.peer = Peer(
            Credential(paths / "certs/ca.pem", paths / "certs/tls.pem", paths / "keys/tls.pem"),
            running.port,
            **options,
        )
        assert self.peer.is_accepted()
        self.receipts: dict[str, bytes] = {}
        self.peer.subscribe(self.topics.response)
        self.peer.subscribe(self.topics.receipts)

    def next(self, seconds: float = SECONDS) -> Response | None:
        topic, payload = self.peer.received.get(timeout=seconds)
        if topic != self.topics.response:
            self.receipts[topic.rsplit("/", 1)[1]] = payload
            return None
        return wire.decode_response(payload)

    def ask(self, topic: str, payload: bytes = b"") -> Response:
        """Ask until answered: while the desk is away nobody hears the question."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self.peer.throw(topic, payload)
            try:
                while (answer := self.next(2.0)) is None or answer.topic != topic:
                    pass
            except queue.Empty:
                continue
            return answer
        raise AssertionError(f"no answer to {topic}")

    def push_log(self, recorder: Recorder) -> None:
        lines = tuple(bytes(recorder.log).split(b"\n")[:-1])
        answer = self.ask(self.topics.log, wire.encode_log(LogBatch(first=0, lines=lines)))
        assert answer.next_index == len(lines)

    def push_file(self, take: Take, name: str, content: bytes) -> None:
        facts = facts_of(content)
        fid = file_id(DEVICE, facts.sha256)
        meta = FileMeta(
            name=name,
            size=facts.size,
            checksum=facts.sha256,
            sid=take.sid,
            counter=take.counter,
            journal_sha256=facts_of(bytes(take.content)).sha256,
        )
        while True:
            opened = self.ask(self.topics.init(fid), wire.encode_meta(meta))
            assert opened.reason_code is ReasonCode.SUCCESS, opened
            if opened.done:
                return
            missing = {
                offset
                for offset in range(0, facts.size, CHUNK_BYTES)
                if not any(first <= offset < last for first, last in opened.have)
            }
            for offset in sorted(missing):
                topic = self.topics.chunk(fid, offset, facts.chunks[offset // CHUNK_BYTES])
                self.peer.throw(topic, content[offset : offset + CHUNK_BYTES])
            self._await(missing)
            self.ask(self.topics.fin(fid, facts.size, facts.sha256))

    def _await(self, missing: set[int]) -> None:
        try:
            while missing:
                answer = self.next(2.0)
                missing -= set(answer.acknowledged if answer is not None else ())
        except queue.Empty:
            return

    def await_receipt(self, kind: str) -> bytes:
        deadline = time.monotonic() + PATIENCE
        while kind not in self.receipts and time.monotonic() < deadline:
            try:
                self.next(0.5)
            except queue.Empty:
                continue
        return self.receipts[kind]


@pytest.mark.rule("H9")
def test_a_session_travels_through_the_broker_into_the_archive(running: RunningDesk) -> None:
    recorder = Recorder(running.rig.bureau)
    take = closed_take(recorder, segments=1, size=3 * CHUNK_BYTES + 5)
    device = Device(running)
    device.push_log(recorder)
    for name, content in files_of(take):
        device.push_file(take, name, content)
    receipt = read_receipt(device.await_receipt("stored"), running.rig.bureau.ca)
    assert {file.name for file in receipt.files} == {name for name, _ in files_of(take)}
    for name, content in files_of(take):
        assert running.rig.archive.file(DEVICE, take.sid, name).read_bytes() == content
    device.peer.close()


@pytest.mark.rule("H8")
def test_nothing_that_was_sent_over_mqtt_3_1_1_is_taken(
    running: RunningDesk, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder(running.rig.bureau)
    take = closed_take(recorder, segments=1)
    lines = tuple(bytes(recorder.log).split(b"\n")[:-1])
    log = wire.encode_log(LogBatch(first=0, lines=lines))
    name, content = files_of(take)[0]
    fid, facts = file_id(DEVICE, facts_of(content).sha256), facts_of(content)
    topics = Topics(DEVICE)
    # Its certificate is a good one, and the broker lets it in.
    old = Device(running, protocol=MQTTProtocolVersion.MQTTv311, will=(topics.state, STATE))
    said = {
        topics.log: log,
        topics.state: STATE,
        topics.init(fid): b"{}",
        topics.chunk(fid, 0, facts.chunks[0]): content,
        topics.fin(fid, facts.size, facts.sha256): b"",
        topics.receipt_ack(take.sid, "stored"): b"",
        topics.plan_ack: b"{}",
    }
    for topic, payload in said.items():
        answer = old.ask(topic, payload)
        assert answer.reason_code is ReasonCode.REFUSED
        assert "MQTT 5" in answer.reason_description
    old.peer.cut()
    device = Device(running)
    empty = wire.encode_log(LogBatch(first=0))
    assert device.ask(topics.log, empty).next_index == 0
    assert running.rig.ledger.devices() == []
    assert f"{DEVICE} spoke over an older MQTT: refused 1 messages" in caplog.text
    # The same words count once they are said over MQTT 5.
    device.push_log(recorder)
    device.push_file(take, name, content)
    assert running.rig.archive.file(DEVICE, take.sid, name).read_bytes() == content
    device.peer.close()


def handed_in(running: RunningDesk) -> tuple[Take, Device]:
    """A session of one segment, and the device that has pushed all of it."""
    recorder = Recorder(running.rig.bureau)
    take = closed_take(recorder, segments=1)
    device = Device(running)
    device.push_log(recorder)
    for name, content in files_of(take):
        device.push_file(take, name, content)
    return take, device


def test_receipts_wait_at_the_broker_until_the_device_acknowledges_them(
    running: RunningDesk,
) -> None:
    take, device = handed_in(running)
    stored = device.await_receipt("stored")
    device.peer.close()
    again = Device(running)
    assert again.await_receipt("stored") == stored
    for kind in ("committed", "stored"):
        again.await_receipt(kind)
        del again.receipts[kind]
        again.peer.publish(f"{Topics(DEVICE).receipt(take.sid, kind)}/ack")
        assert again.await_receipt(kind) == b""
    again.peer.close()
    last = Device(running)
    with pytest.raises(queue.Empty):
        last.next(0.5)
    last.peer.close()


@pytest.mark.rule("H9")
def test_a_broker_that_is_restarted_in_a_push_costs_nothing_but_time(running: RunningDesk) -> None:
    recorder = Recorder(running.rig.bureau)
    take = closed_take(recorder, segments=2, size=2 * CHUNK_BYTES + 5)
    device = Device(running)
    device.push_log(recorder)
    first, *rest = files_of(take)
    device.push_file(take, *first)
    device.peer.close()
    running.restart_broker()
    device = Device(running)
    for name, content in rest:
        device.push_file(take, name, content)
    assert device.await_receipt("stored")
    device.peer.close()


def test_a_desk_that_is_restarted_publishes_what_nobody_acknowledged(running: RunningDesk) -> None:
    _, device = handed_in(running)
    stored = device.await_receipt("stored")
    running.end()
    running.rig.restart()
    running.begin()
    device.receipts.clear()
    assert device.await_receipt("stored") == stored
    device.peer.close()
