"""A lost recorder whose connection stands: what becomes of it, and of everybody else's."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import pytest

from agent.vault import messages as m
from bureau.broker import Broker
from evidence import wire
from evidence.digests import CHUNK_BYTES
from evidence.receipt import ReceiptKind
from evidence.wire import ChunkTopic, DeviceTopic, LogBatch, Topics
from provisioning.custody.moves.ending import Revoke
from provisioning.custody.register import change
from tests.kits.bureau.enrolment import Enrolled, enrol
from tests.kits.device.scripted_desk import Says, ScriptedDesk
from tests.kits.device.vault import RunningVault, ask_dock
from tests.kits.processes.victim import Victim
from tests.kits.records.receipts import receipt_for, signed_by
from tests.kits.wire.desk import RunningDock, WireDesk, wait_until
from tests.kits.wire.peer import Credential, Peer, free_port, real_utc_ns

KEPT, LOST = "REC-001", "REC-009"
MOST_SECONDS = 5.0


@dataclass
class Office:
    """A bureau with two recorders."""

    folder: Path
    port: int
    kept: Enrolled

    @property
    def bureau(self) -> Path:
        return self.kept.bureau

    def connect(self, device: str) -> Peer:
        folder = self.folder / device
        shown = Credential(
            folder / "certs/ca.pem", folder / "certs/tls.pem", folder / "keys/tls.pem"
        )
        return Peer(shown, self.port)

    def lose(self) -> None:
        change(self.bureau, [Revoke(device=LOST, reason="lost")], clock=real_utc_ns)

    def desk_said(self) -> str:
        log = self.folder / "desk.log"
        return log.read_text() if log.exists() else ""

    @contextmanager
    def desk(self) -> Iterator[None]:
        """The receiving desk as a process, with its broker."""
        command = [sys.executable, "-m", "bureau.main", "desk", "--bureau", str(self.bureau)]
        with Victim("desk", [*command, "--with-broker"], self.folder / "desk.log"):
            wait_until(lambda: "the desk listens" in self.desk_said(), "the desk")
            yield

    @contextmanager
    def broker(self) -> Iterator[None]:
        """The broker alone, seen to as the desk sees to it."""
        stop = Event()
        with Broker(self.bureau / "broker" / "mosquitto.conf", "127.0.0.1", self.port) as broker:
            keeper = Thread(target=broker.keep, args=(stop,))
            keeper.start()
            try:
                yield
            finally:
                stop.set()
                keeper.join()


@pytest.fixture
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder = tmp_path_factory.mktemp("o")
    port = free_port()
    kept = enrol(folder, device_id=KEPT, port=port, numbers={"release.keep_days": 30})
    enrol(folder, device_id=LOST)
    return Office(folder, port, kept)


def gone_after(peer: Peer, began: float) -> float:
    """Seconds from ``began`` until the connection is gone."""
    assert peer.gone.wait(MOST_SECONDS), "the connection of a lost recorder stands"
    return time.monotonic() - began


@pytest.mark.rule("H8")
def test_a_lost_recorders_live_connection_is_gone_within_five_seconds(office: Office) -> None:
    with office.desk():
        lost, kept = office.connect(LOST), office.connect(KEPT)
        assert lost.is_accepted()
        assert kept.is_accepted()
        began = time.monotonic()
        office.lose()
        assert gone_after(lost, began) < MOST_SECONDS
        assert kept.gone.wait(MOST_SECONDS)
        wait_until(lambda: office.desk_said().count("the desk listens") == 2, "the desk is back")
        assert not office.connect(LOST).is_accepted()
        back = office.connect(KEPT)
        assert back.is_accepted()
        topics = Topics(KEPT)
        back.subscribe(topics.response)
        back.publish(topics.log, wire.encode_log(LogBatch(first=0)))
        assert wire.decode_response(back.next()[1]).next_index == 0


def test_what_another_was_handing_over_is_taken_up_again(office: Office) -> None:
    desk = desk_of(office)
    with RunningVault(office.kept) as vault, office.broker():
        record(vault, pieces=20)
        lost = office.connect(LOST)
        assert lost.is_accepted()
        seconds: list[float] = []

        def lose_it_in_the_middle(topic: DeviceTopic, _payload: bytes) -> Says | None:
            if isinstance(topic, ChunkTopic) and topic.offset == 4 * CHUNK_BYTES and not seconds:
                began = time.monotonic()
                office.lose()
                seconds.append(gone_after(lost, began))
            return None

        desk.override = lose_it_in_the_middle
        with WireDesk(office.bureau, office.port, desk), RunningDock(office.kept.device):
            wait_until(lambda: seconds, "the middle")
            wait_until(lambda: not is_pending(office.kept), "all receipted")
    files = list(office.kept.device.paths.sessions.glob("*/*"))
    assert len(files) == 2
    for path in files:
        assert desk.archive[path.parent.name, path.name] == path.read_bytes()


def test_a_list_that_nobody_changed_restarts_nothing(office: Office) -> None:
    with office.desk():
        kept = office.connect(KEPT)
        assert kept.is_accepted()
        entry = office.bureau / "registry" / f"{KEPT}.json"
        entry.write_bytes(json.dumps(json.loads(entry.read_bytes())).encode())
        crl = office.bureau / "ca" / "crl.pem"
        crl.write_bytes(crl.read_bytes())
        assert not kept.gone.wait(1.5)
        assert "starting it again" not in office.desk_said()


def desk_of(office: Office) -> ScriptedDesk:
    def sign(sid: str, kind: ReceiptKind) -> bytes:
        folder = office.kept.device.paths.sessions / sid
        return signed_by(office.bureau, receipt_for(KEPT, folder, kind))

    return ScriptedDesk(KEPT, sign)


def record(vault: RunningVault, pieces: int) -> None:
    """One session of so many half megabytes."""
    recorder = vault.attached()
    recorder.open()
    recorder.begin(0)
    for _ in range(pieces):
        recorder.feed(0, 500_000)
    recorder.end(0)
    recorder.close()


def is_pending(enrolled: Enrolled) -> bool:
    answer = ask_dock(enrolled, m.ListPending())
    assert isinstance(answer, m.Pending)
    return bool(answer.sessions)
