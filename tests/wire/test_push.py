"""The dock over a real Mosquitto, with a real vault; the desk is scripted and signs for real."""

from __future__ import annotations

import shutil
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from threading import Event

import msgspec
import pytest

from agent.settings import Device
from agent.vault import messages as m
from evidence.digests import CHUNK_BYTES
from evidence.receipt import ReceiptKind
from evidence.wire import ChunkTopic, DeviceTopic, Topics
from tests.kits.bureau.enrolment import Enrolled, enrol
from tests.kits.device.scripted_desk import Says, ScriptedDesk
from tests.kits.device.vault import RunningVault, TestRecorder, ask_dock, records
from tests.kits.processes.victim import Victim
from tests.kits.records.receipts import receipt_for, signed_by
from tests.kits.wire.desk import PATIENCE, RunningDock, WireDesk, wait_until
from tests.kits.wire.peer import Mosquitto, free_port

QUICK = {"connect_timeout_ms": 2_000, "chunk_timeout_ms": 2_000, "backoff_most_ms": 500}


@dataclass
class Scene:
    """A bureau with its broker, and a device whose vault runs."""

    enrolled: Enrolled
    port: int
    vault: RunningVault
    broker: Mosquitto | None
    _recorder: TestRecorder | None = None

    @property
    def configuration(self) -> Path:
        return self.enrolled.bureau / "broker" / "mosquitto.conf"

    @property
    def device(self) -> Device:
        return self.enrolled.device

    @property
    def device_id(self) -> str:
        return self.device.settings.device_id

    def start_broker(self) -> None:
        self.broker = Mosquitto(self.configuration, self.port)

    def stop_broker(self) -> None:
        if self.broker is not None:
            self.broker.stop()
            self.broker = None

    def recorder(self) -> TestRecorder:
        """The one recorder, attached."""
        if self._recorder is None:
            self._recorder = self.vault.recorder()
            self._recorder.attach()
        return self._recorder

    def record(self, *sizes: int) -> list[str]:
        """One session for each size, of one segment with about so many bytes."""
        recorder = self.recorder()
        sids = []
        for size in sizes:
            sids.append(recorder.open().sid)
            recorder.begin(0)
            for _ in range(-(-size // 500_000)):
                recorder.feed(0, min(size, 500_000))
            recorder.end(0)
            recorder.close()
        return sids

    def desk(self) -> ScriptedDesk:
        """Knows nothing yet; signs as the bureau does."""

        def sign(sid: str, kind: ReceiptKind) -> bytes:
            return signed_by(
                self.enrolled.bureau,
                receipt_for(self.device_id, self.device.paths.sessions / sid, kind),
            )

        return ScriptedDesk(self.device_id, sign)

    def pending(self) -> m.Pending:
        answer = ask_dock(self.enrolled, m.ListPending())
        assert isinstance(answer, m.Pending)
        return answer

    def log(self, t: str) -> list[dict[str, object]]:
        """Records of the device log of one type."""
        return [one for one in records(self.device.paths.device_log) if one["t"] == t]

    def notes(self) -> list[str]:
        return [f"{one['state']} {one['detail']}" for one in self.log("dock")]

    def same(self, desk: ScriptedDesk) -> bool:
        """Whether the desk has every file of the card, byte for byte."""
        files = list(self.device.paths.sessions.glob("*/*"))
        return bool(files) and all(
            desk.archive.get((path.parent.name, path.name)) == path.read_bytes() for path in files
        )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("w")


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


NUMBERS = count(1)


@pytest.fixture
def scene(folder: Path, port: int) -> Iterator[Scene]:
    # Kept on the card after the receipt, so that the bytes can be compared.
    numbers = {"release.keep_days": 30}
    enrolled = enrol(folder, device_id=f"REC-{next(NUMBERS):03}", port=port, numbers=numbers)
    transfer = msgspec.structs.replace(enrolled.device.settings.transfer, **QUICK)
    settings = msgspec.structs.replace(enrolled.device.settings, transfer=transfer)
    quick = replace(enrolled, device=replace(enrolled.device, settings=settings))
    with RunningVault(quick) as vault:
        scene = Scene(quick, port, vault, None)
        scene.start_broker()
        yield scene
        scene.stop_broker()


@pytest.mark.rule("H9")
def test_docked_recorder_hands_everything_over_and_the_vault_takes_both_receipts(
    scene: Scene,
) -> None:
    sids = scene.record(3_000_000, 1)
    desk = scene.desk()
    with WireDesk(scene.enrolled.bureau, scene.port, desk), RunningDock(scene.device):
        wait_until(lambda: not scene.pending().sessions, "all receipted")
        wait_until(lambda: not desk.retained, "receipts acknowledged")
    assert scene.same(desk)
    taken = {(one["sid"], one["kind"]) for one in scene.log("receipt")}
    assert taken == {(sid, kind) for sid in sids for kind in ("committed", "stored")}
    log = scene.device.paths.device_log.read_bytes().splitlines()
    assert desk.lines == log[: len(desk.lines)]
    assert len(desk.lines) >= len(log) - 5


def test_absent_desk_is_told_and_found_when_it_comes(scene: Scene) -> None:
    scene.record(1_000)
    desk = scene.desk()
    with RunningDock(scene.device):
        wait_until(lambda: any("desk_absent" in note for note in scene.notes()), "the note")
        with WireDesk(scene.enrolled.bureau, scene.port, desk):
            wait_until(lambda: not scene.pending().sessions, "all receipted")
    assert scene.same(desk)


def test_broker_that_is_down_is_tried_until_it_is_up(scene: Scene) -> None:
    scene.record(1_000)
    scene.stop_broker()
    with RunningDock(scene.device):
        wait_until(lambda: any(note.startswith("failed link") for note in scene.notes()), "note")
        scene.start_broker()
        with WireDesk(scene.enrolled.bureau, scene.port, scene.desk()):
            wait_until(lambda: not scene.pending().sessions, "all receipted")


def test_broker_that_restarts_in_the_middle_costs_at_most_a_window(scene: Scene) -> None:
    scene.record(30_000_000)
    desk = scene.desk()
    restarted = []

    def restart(topic: DeviceTopic, _payload: bytes) -> Says | None:
        if isinstance(topic, ChunkTopic) and topic.offset == 12 * CHUNK_BYTES:
            restarted.append(topic)
        return None

    desk.override = restart
    with WireDesk(scene.enrolled.bureau, scene.port, desk), RunningDock(scene.device):
        wait_until(lambda: restarted, "the middle")
        scene.stop_broker()
        scene.start_broker()
        wait_until(lambda: not scene.pending().sessions, "all receipted")
    assert scene.same(desk)
    content = sum(path.stat().st_size for path in scene.device.paths.sessions.glob("*/*"))
    assert desk.chunk_bytes <= content + 8 * 1_024 * 1_024


def is_quiet(desk: ScriptedDesk) -> bool:
    """Whether nothing came for half a second."""
    before = desk.chunk_bytes
    Event().wait(0.5)
    return desk.chunk_bytes == before


def test_lifted_recorder_stops_at_once_and_goes_on_when_docked_again(scene: Scene) -> None:
    scene.record(30_000_000)
    desk = scene.desk()
    lifted: list[DeviceTopic] = []

    def look(topic: DeviceTopic, _payload: bytes) -> Says | None:
        if isinstance(topic, ChunkTopic) and not lifted and topic.offset >= 6 * CHUNK_BYTES:
            lifted.append(topic)
            dock.world.undock()
        return None

    desk.override = look
    with WireDesk(scene.enrolled.bureau, scene.port, desk), RunningDock(scene.device) as dock:
        wait_until(lambda: lifted, "the middle")
        wait_until(lambda: any(note.startswith("undocked") for note in scene.notes()), "the note")
        noted = desk.chunk_bytes
        wait_until(lambda: is_quiet(desk), "what was on its way to arrive")
        # What had left the recorder before is at most one window.
        assert desk.chunk_bytes - noted <= scene.device.settings.transfer.window_bytes
        assert is_quiet(desk)
        assert scene.pending().sessions
        dock.world.dock()
        wait_until(lambda: not scene.pending().sessions, "all receipted")
    assert scene.same(desk)


def test_nothing_moves_while_the_recorder_is_off_the_cradle(scene: Scene) -> None:
    scene.record(1_000)
    desk = scene.desk()
    with (
        WireDesk(scene.enrolled.bureau, scene.port, desk),
        RunningDock(scene.device, docked=False) as dock,
    ):
        assert desk.heard == []
        dock.world.dock()
        wait_until(lambda: not scene.pending().sessions, "all receipted")


def test_recording_goes_on_while_docked_and_only_closed_sessions_are_pushed(scene: Scene) -> None:
    (closed,) = scene.record(1_000)
    recorder = scene.recorder()
    session = recorder.open()
    recorder.begin(0)
    recorder.feed(0, 100_000)
    desk = scene.desk()
    with WireDesk(scene.enrolled.bureau, scene.port, desk), RunningDock(scene.device):
        wait_until(lambda: not scene.pending().sessions, "the closed one receipted")
        assert {sid for sid, _ in desk.archive} == {closed}
        recorder.feed(0, 100_000)
        recorder.end(0)
        recorder.close()
        wait_until(lambda: (session.sid, "000000.mp4.age") in desk.archive, "the second one")
        wait_until(lambda: not scene.pending().sessions, "all receipted")
    assert scene.same(desk)


@pytest.mark.rule("H9")
def test_forged_replayed_and_foreign_receipts_are_refused_and_the_push_goes_on(
    scene: Scene, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (sid,) = scene.record(1_000)
    desk = scene.desk()
    topics = Topics(scene.device_id)
    folder = scene.device.paths.sessions / sid
    stranger = enrol(tmp_path_factory.mktemp("x"))
    bad = [
        b"not a receipt",
        signed_by(stranger.bureau, receipt_for(scene.device_id, folder)),
        signed_by(scene.enrolled.bureau, receipt_for("ANOTHER-1", folder)),
        signed_by(scene.enrolled.bureau, receipt_for(scene.device_id, folder, files=())),
    ]
    held: list[DeviceTopic] = []

    def intrude(topic: DeviceTopic, _payload: bytes) -> Says | None:
        if isinstance(topic, ChunkTopic) and not held:
            held.append(topic)
            return [(topics.receipt(sid, "stored"), content) for content in bad] + desk.answer(
                topic, desk.named(topic), _payload
            )
        return None

    desk.override = intrude
    with WireDesk(scene.enrolled.bureau, scene.port, desk), RunningDock(scene.device):
        wait_until(lambda: not scene.pending().sessions, "all receipted")
    assert scene.same(desk)
    kinds = [(one["sid"], one["kind"]) for one in scene.log("receipt")]
    assert sorted(kinds) == [(sid, "committed"), (sid, "stored")]
    assert len(scene.log("refusal")) == len(bad)


def test_device_of_another_bureau_is_not_let_in_and_is_told(
    scene: Scene, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stranger = enrol(tmp_path_factory.mktemp("x"), device_id=scene.device.settings.device_id)
    scene.record(1_000)
    desk = scene.desk()
    shutil.copy(scene.device.paths.ca, stranger.device.paths.ca)
    paths = replace(stranger.device.paths, run=scene.device.paths.run)
    with (
        WireDesk(scene.enrolled.bureau, scene.port, desk),
        RunningDock(replace(scene.device, paths=paths)),
    ):
        wait_until(lambda: any("failed link" in note for note in scene.notes()), "the note")
    assert desk.heard == []


def test_broker_of_another_bureau_is_not_spoken_to(
    scene: Scene, tmp_path_factory: pytest.TempPathFactory
) -> None:
    scene.stop_broker()
    stranger = enrol(tmp_path_factory.mktemp("x"), port=scene.port)
    other = Mosquitto(stranger.bureau / "broker" / "mosquitto.conf", scene.port)
    try:
        with RunningDock(scene.device):
            wait_until(lambda: any("CERTIFICATE" in note for note in scene.notes()), "the note")
    finally:
        other.stop()


def test_broker_too_small_for_a_chunk_is_refused_by_name(scene: Scene) -> None:
    scene.stop_broker()
    text = scene.configuration.read_text()
    try:
        scene.configuration.write_text(
            text.replace("max_packet_size 1100000", "max_packet_size 500000")
        )
        scene.start_broker()
        scene.record(1_000)
        with RunningDock(scene.device):
            wait_until(lambda: any("max_packet_size" in n for n in scene.notes()), "the note")
    finally:
        scene.configuration.write_text(text)


def test_frozen_broker_does_not_hold_up_lifting_or_ending(scene: Scene) -> None:
    scene.record(30_000_000)
    desk = scene.desk()
    with WireDesk(scene.enrolled.bureau, scene.port, desk), RunningDock(scene.device) as dock:
        wait_until(lambda: desk.chunk_bytes, "a first chunk")
        assert scene.broker is not None
        scene.broker.process.send_signal(signal.SIGSTOP)
        try:
            dock.world.undock()
            wait_until(lambda: any(n.startswith("undocked") for n in scene.notes()), "note", 5)
        finally:
            scene.broker.process.send_signal(signal.SIGCONT)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_backlog(scene: Scene, tmp_path: Path) -> None:
    scene.record(*[20_000_000] * 6)
    published = tmp_path / "published"
    published.touch()
    command = [sys.executable, "-m", "tests.kits.wire.counting_dock"]
    arguments = [str(scene.device.paths.folder), str(published)]
    desk = scene.desk()
    with (
        Victim("dock", command + arguments, tmp_path / "dock.log") as dock,
        WireDesk(scene.enrolled.bureau, scene.port, desk),
    ):
        wait_until(lambda: published.read_text().startswith("connect"), "a connection")
        before = most = anonymous_kib(dock.pid)
        until = time.monotonic() + PATIENCE
        while scene.pending().sessions:
            assert time.monotonic() < until
            most = max(most, anonymous_kib(dock.pid))
            Event().wait(0.02)
    assert scene.same(desk)
    assert most - before <= 12 * 1_024


def anonymous_kib(pid: int) -> int:
    """Memory of a process that no file stands behind."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("RssAnon")))
