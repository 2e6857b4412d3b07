"""A signed update from the clerk's commands to a recorder that runs it, over a real Mosquitto.

Vault, dock and the world around them are processes of their own; the desk is the real one, in a
thread, behind a shelf that sees every piece leave and can lose, forge or slip one in.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agent.supervisor import own_programs, start_companions
from agent.update.command import Updater
from agent.update.switching import Patience
from bureau.clock import Clock
from bureau.intake.message import Outgoing
from bureau.intake.stores import Office
from bureau.updates import UpdateShelf
from evidence.digests import sha256_hex
from evidence.store import durable
from evidence.update import MANIFEST_NAME, PIECE_BYTES, Place, decode_piece, encode_piece
from evidence.wire import DeviceState, Topics
from hw.fake.world import FakeWorld
from provisioning.cli import app
from tests.kits.bureau.enrolment import DEVICE_ID, Enrolled, enrol
from tests.kits.device.updates import Processes, installed_by_hand, wheel, write_bundle
from tests.kits.device.vault import TestRecorder, records
from tests.kits.processes.victim import Victim
from tests.kits.wire.desk import wait_until
from tests.kits.wire.peer import Mosquitto, free_port, real_utc_ns
from tests.kits.wire.towns import QUICK, RunningDesk, hurry

WHEEL = "wheels/zhifa_recorder-0.7.0-py3-none-any.whl"
TOPIC = Topics(DEVICE_ID).update


class TappedShelf(UpdateShelf):
    """The desk's shelf, and whoever has his hands on the wire.

    Attributes:
        pieces: Index of each piece that left, in order; the manifest is none.
        waited: What the desk had not stored, at the moment that anything left.
        looks: How often the desk looked whom to offer something.
        loses: Index of a piece that is lost, once.
        forges: Index of a piece that arrives as another, once.
        slips: Payloads that nobody here wanted to send.
    """

    def attach(self, ledger: Any) -> None:
        self.ledger = ledger
        self.pieces: list[int] = []
        self.waited: list[str] = []
        self.looks = 0
        self.loses: int | None = None
        self.forges: int | None = None
        self.slips: list[bytes] = []

    def turn(self, docked: Mapping[str, DeviceState]) -> list[Outgoing]:
        offered = self._note(super().turn(docked))
        self.looks += 1
        slipped, self.slips = self.slips, []
        return [*offered, *(Outgoing(TOPIC, payload) for payload in slipped)]

    def greet(self, device: str, state: DeviceState, *, anew: bool = False) -> list[Outgoing]:
        return self._note(super().greet(device, state, anew=anew))

    def answer(self, device: str, payload: bytes) -> list[Outgoing]:
        sent = self._note(super().answer(device, payload))
        return [passed for one in sent if (passed := self._pass(one)) is not None]

    def _note(self, sent: list[Outgoing]) -> list[Outgoing]:
        if sent:
            rows = self.ledger.sessions()
            self.waited += [row.sid for row in rows if row.state != "stored"]
        return sent

    def _pass(self, sent: Outgoing) -> Outgoing | None:
        place, content = decode_piece(sent.payload)
        self.pieces.append(place.index)
        if place.index == self.loses:
            self.loses = None
            return None
        if place.index == self.forges:
            self.forges = None
            return replace(sent, payload=encode_piece(place, content[:-1] + b"\x01"))
        return sent


@dataclass
class Town:
    """A bureau whose broker and desk run, and a recorder on its cradle."""

    enrolled: Enrolled
    folder: Path
    configuration: Path
    port: int
    ahead_ns: int = 0

    def start(self, stack: ExitStack) -> None:
        self.broker = Mosquitto(self.configuration, self.port)
        stack.callback(self._stop_broker)
        self._start_desk(stack)
        device = self.enrolled.device
        durable.make_folder(device.paths.run)
        for companion in start_companions(device):
            stack.callback(companion.end)
        programs = {one.name: list(one.command) for one in own_programs(device.paths.folder)}
        for name in ("vault", "dock"):
            stack.enter_context(Victim(name, programs[name], self.folder / f"{name}.log"))
        wait_until(device.paths.dock_socket.exists, "the vault listens")
        self.world = stack.enter_context(FakeWorld.at(device.paths.run / "world.sock"))

    def _start_desk(self, stack: ExitStack) -> None:
        clock = Clock(utc_ns=real_utc_ns, mono_ns=lambda: time.monotonic_ns() + self.ahead_ns)

        def tap(opened: Office) -> Office:
            self.shelf = TappedShelf(self.enrolled.bureau, opened.ca, clock)
            self.shelf.attach(opened.ledger)
            return replace(opened, updates=self.shelf)

        desk = RunningDesk(self.enrolled.bureau, clock, tap)
        stack.callback(desk.close)
        self.office = desk.office

    def cut(self) -> None:
        """The broker ends, and is there again."""
        self._stop_broker()
        self.broker = Mosquitto(self.configuration, self.port)

    def _stop_broker(self) -> None:
        self.broker.stop()

    def publish(self) -> str:
        """Clerk and head make, sign and publish version 7; its manifest's digest."""
        source, bundle = self.folder / "dist", str(self.folder / "bundle")
        weights = bytes(range(256)) * (3 * PIECE_BYTES // 256)
        (source / "wheels").mkdir(parents=True)
        (source / WHEEL).write_bytes(wheel("0.7.0", stored=True, agent__weights=weights))
        (source / "overlay" / "etc").mkdir(parents=True)
        (source / "overlay" / "etc" / "motd").write_text("7\n")
        bureau = ("--bureau", str(self.enrolled.bureau))
        version = ("--version", "7", "--release", "0.7.0")
        self._clerk("make", str(source), "--to", bundle, *version)
        for signatory in ("clerk", "head"):
            self._clerk("sign", bundle, "--as", signatory, *bureau)
        self._clerk("publish", bundle, *bureau)
        return sha256_hex((self.folder / "bundle" / MANIFEST_NAME).read_bytes())

    def _clerk(self, *words: str) -> None:
        done = CliRunner().invoke(app, ["update", *words], obj=real_utc_ns)
        assert done.exit_code == 0, done.output

    def look_twice(self) -> None:
        """The desk looks whom to offer something, and once more."""
        before = self.shelf.looks
        self.ahead_ns += 2_000_000_000
        wait_until(lambda: self.shelf.looks > before + 2, "the desk looks")

    def slip(self, envelope: bytes) -> None:
        """Somebody sends a manifest whether it is time or not."""
        place = Place(update=sha256_hex(envelope), file="", index=0)
        self.shelf.slips = [encode_piece(place, envelope)]

    def said(self) -> dict[str, Any]:
        """How the recorder says it is."""
        rows = [row for row in self.office.ledger.devices() if row.device == DEVICE_ID]
        return dict(json.loads(rows[0].state)) if rows else {}

    def complaints(self) -> list[str]:
        """Codes that the dock's log has of pieces that the vault did not take."""
        text = (self.folder / "dock.log").read_text()
        return re.findall(r"refused a piece of an update: (\w+)", text)

    def log(self) -> list[tuple[str, Any]]:
        """Type and what it says, of each record of the device log."""
        return told_by(self.enrolled.device.paths.device_log)


def told_by(path: Path) -> list[tuple[str, Any]]:
    """Type and what it says, of each record of a log."""
    return [(one["t"], one.get("state") or one.get("kind")) for one in records(path)]


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    port = free_port()
    enrolled = enrol(tmp_path, port=port)
    hurry(enrolled.device.paths.folder / "device.toml", QUICK)
    configuration = enrolled.bureau / "broker" / "mosquitto.conf"
    with ExitStack() as stack:
        town = Town(enrolled, tmp_path, configuration, port)
        town.start(stack)
        yield town


@pytest.mark.timeout(120)
def test_update_comes_over_the_wire_after_the_evidence_through_a_cut_and_a_forgery_and_is_adopted(
    town: Town,
) -> None:
    device, shelf = town.enrolled.device, town.shelf
    inbox = device.paths.update_inbox
    recorder = TestRecorder(town.enrolled)
    recorder.attach()
    recorder.open()
    town.world.dock()
    wait_until(lambda: town.said().get("recording") is True, "docked, and recording")

    # While it records: the desk offers nothing, and the vault takes nothing from who does.
    sha256 = town.publish()
    town.look_twice()
    assert shelf.pieces == []
    town.slip((town.folder / "bundle" / MANIFEST_NAME).read_bytes())
    wait_until(lambda: town.complaints() == ["update_busy"], "refused while recording")
    assert not (inbox / MANIFEST_NAME).exists()

    # The evidence goes first; the second piece is lost with the connection that carries it.
    shelf.loses, shelf.forges = 1, 2
    recorder.segment(0)
    recorder.close()
    recorder.hang_up()
    wait_until(lambda: shelf.pieces == [0, 1], "under way")
    town.cut()

    # It goes on where it was. A forged piece costs the file that it belongs to.
    wait_until(lambda: "update_changed" in town.complaints(), "the forged piece is found out")
    assert shelf.pieces == [0, 1, 1, 2, 3]
    assert not (inbox / WHEEL).exists()
    town.slip((write_bundle(town.folder / "strange", 8) / MANIFEST_NAME).read_bytes())
    wait_until(lambda: "update_signature" in town.complaints(), "a stranger's manifest is refused")
    town.ahead_ns += 61_000_000_000
    wait_until(device.paths.update_request.exists, "all of it lies there, and the vault asks")
    assert shelf.pieces[5:] == [0, 1, 2, 3, 0], "the wheel anew, then the overlay file"
    assert device.paths.update_request.read_text() == sha256
    assert shelf.waited == [], "something left before the evidence was stored"

    prefix = installed_by_hand(town.folder / "opt")
    services = Processes(prefix, town.folder)
    patience = Patience(ready_seconds=30, steady_seconds=0.2)
    updater = Updater(device, prefix, services, now=lambda: None, patience=patience)
    try:
        assert updater.serve().step == "confirmed"
        assert services.version() == "0.7.0"
    finally:
        services.stop()

    # What became of it is signed at the latest when the recorder is taken, and goes to the desk.
    town.world.undock()
    wait_until(lambda: ("update", "confirmed") in town.log(), "confirmed, says the log")
    told = town.log()
    stored, requested = told.index(("receipt", "stored")), told.index(("update", "requested"))
    assert stored < requested < told.index(("update", "confirmed"))
    town.world.dock()
    archived = town.enrolled.bureau / "archive" / DEVICE_ID / "device.jws"
    wait_until(lambda: ("update", "confirmed") in told_by(archived), "the desk knows")
    assert len(shelf.pieces) == 10, "offered once more, and not wanted"
