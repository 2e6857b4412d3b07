"""A running vault, and a recorder and a dock that talk to it over its real sockets."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self, TypeVar

from agent.channel import Channel
from agent.vault import messages as m
from agent.vault.server import serve
from evidence import journal, jws, rulebook
from evidence.canonical import JsonObject
from evidence.moments import utc_text
from evidence.store.signers import file_signer
from hw.fake.board import vault_board
from hw.fake.clock import PacedClock, SystemClock
from hw.fake.world import FakeWorld
from tests.kits.bureau.enrolment import Enrolled

SECONDS = 20
REQUEST = m.OpenSession(
    activity="voluntary", officer="O-1", plan_id=None, bits_per_second=1_000_000
)
"""A press without a plan."""
Answer = TypeVar("Answer")


class CalendarClock(SystemClock):
    """Real time, on another day."""

    days = 0

    def utc_ns(self) -> int:
        return super().utc_ns() + self.days * 86_400 * 10**9


class RunningVault:
    """A vault in threads of this process, on the fake board of a world in this process."""

    def __init__(
        self, enrolled: Enrolled, boot_id: str | None = None, source: PacedClock | None = None
    ) -> None:
        self.enrolled = enrolled
        self._source = source
        self.folder = enrolled.device.paths.sessions
        self._boot_id = boot_id
        self._begin(FakeWorld.here(source))

    def _begin(self, world: FakeWorld) -> None:
        self.world = world
        self.error: Exception | None = None
        self._recorders: list[TestRecorder] = []
        self._stop = Event()
        folder = self.enrolled.device.paths.folder
        board = vault_board(world.link, device_dir=folder, source=self._source)
        self.clock = board.clock
        if self._boot_id is not None:
            board = replace(board, boot_id=self._boot_id)
        self._thread = Thread(target=self._serve, args=(board,), daemon=True)
        self._thread.start()
        self._wait_for(self.enrolled.device.paths.dock_socket)

    def _serve(self, board: Any) -> None:
        try:
            serve(self.enrolled.device, board, self._stop)
        except Exception as error:  # noqa: BLE001 - shown by the test that stops the vault
            self.error = error

    def _wait_for(self, path: Path) -> None:
        deadline = time.monotonic() + SECONDS
        while not path.exists() and self._thread.is_alive() and time.monotonic() < deadline:
            Event().wait(0.01)
        if self.error is not None:
            raise self.error
        assert path.exists(), "the vault does not listen"

    def recorder(self) -> TestRecorder:
        """A recorder of its own connection, hung up when the vault stops."""
        recorder = TestRecorder(self.enrolled)
        self._recorders.append(recorder)
        return recorder

    def attached(self) -> TestRecorder:
        """A recorder that has attached."""
        recorder = self.recorder()
        recorder.attach()
        return recorder

    def recorder_again(self) -> TestRecorder:
        """The recorder that is attached already."""
        return self._recorders[0]

    def clock_text(self) -> str:
        """The device's wall clock, as records say it."""
        return utc_text(self.clock.utc_ns())

    def restart(self, *, keep_world: bool = False) -> None:
        """End and begin again on the same store."""
        world = self.world
        self._end()
        self._begin(world if keep_world else FakeWorld.here(self._source))

    def die(self) -> None:
        """End as by kill -9: what is on the medium now is all that the next start finds."""
        store = self.enrolled.device.paths.store
        snapshot = store.with_name("snapshot")
        # Journals first: what a tick signs is on the medium before the tick is. Then everything
        # that is there by then: a file may have come since the journals were looked for.
        for is_journal in (True, False):
            for path in sorted(store.rglob("*")):
                if path.is_file() and (path.suffix == ".jws") is is_journal:
                    copy = snapshot / path.relative_to(store)
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(path, copy)
        self._end()
        shutil.rmtree(store)  # noqa: TID251 - the test's own folder
        snapshot.rename(store)

    def stop(self) -> None:
        """End the process's threads; an open session stays open."""
        self._end()
        self.world.close()

    def _end(self) -> None:
        for recorder in self._recorders:
            recorder.hang_up()
        self._stop.set()
        self._thread.join(SECONDS)
        for path in (
            self.enrolled.device.paths.vault_socket,
            self.enrolled.device.paths.dock_socket,
        ):
            path.unlink(missing_ok=True)
        if self.error is not None:
            raise self.error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class TestRecorder:
    """The recorder's end of the vault's socket, with media that are random bytes."""

    __test__ = False

    def __init__(self, enrolled: Enrolled, seed: int = 1) -> None:
        self.enrolled = enrolled
        path = enrolled.device.paths.vault_socket
        self.channel: Channel[m.ToRecorder, Any] = Channel.connect(
            path, m.ToRecorder, seconds=SECONDS
        )
        # A vault that does not answer fails the test instead of holding it up.
        self.channel._socket.settimeout(SECONDS)  # noqa: SLF001
        self.dice = random.Random(seed)
        self.sent: dict[int, bytes] = {}
        self.durable: dict[int, int] = {}
        self.frames = 0
        self.start_ns = 0
        self.progress = m.Progress(last_pts_ns=1_000_000_000)

    def ask(self, message: Any, answer: type[Answer]) -> Answer:
        self.channel.send(message)
        return self.wait(answer)

    def wait(self, answer: type[Answer]) -> Answer:
        while True:
            message = self.channel.receive()
            assert message is not None, "the vault hung up"
            if isinstance(message, m.Durable):
                self.durable[message.number] = message.plaintext_offset
            if isinstance(message, answer):
                return message

    def attach(self) -> m.Attached:
        return self.ask(m.Attach(), m.Attached)

    def attach_again(self) -> m.ActiveSession:
        """Attach to a session that is open already."""
        session = self.attach().session
        assert session is not None, "the vault holds no open session"
        return session

    def open(self, plan_id: str | None = None, activity: str = "voluntary") -> m.ActiveSession:
        request = m.OpenSession(
            activity=activity,
            officer="O-1",
            plan_id=plan_id,
            bits_per_second=1_000_000,
        )
        return self.ask(request, m.SessionOpened).session

    def begin(self, number: int) -> None:
        init = self.dice.randbytes(800)
        self.sent[number] = init
        self.frames = 0
        self.start_ns = self.progress.last_pts_ns
        self.channel.send(m.BeginSegment(number=number, init=init))

    def feed(self, number: int, size: int) -> None:
        content = self.dice.randbytes(size)
        self.frames += 1
        self.sent[number] += content
        self.progress = m.Progress(
            frames=self.frames,
            samples=self.frames * 1_920,
            first_pts_ns=self.start_ns,
            last_pts_ns=self.start_ns + self.frames * 40_000_000,
            gop_first=number,
            gop_count=1,
        )
        self.channel.send(m.Fragment(number=number, content=content, progress=self.progress))

    def end(self, number: int) -> m.SegmentSealed:
        return self.ask(m.EndSegment(number=number, progress=self.progress), m.SegmentSealed)

    def segment(self, number: int, *, fragments: int = 5, size: int = 40_000) -> None:
        self.begin(number)
        for _ in range(fragments):
            self.feed(number, size)
        self.end(number)

    def mark(self, code: str) -> None:
        fields = {"code": code, "at_ns": 1}
        self.ask(m.StoreEvent(kind="mark", fields=fields, id=None), m.Recorded)

    def close(self, reason: str = "officer") -> m.SessionClosed:
        return self.ask(m.CloseSession(reason=reason), m.SessionClosed)

    def wait_until(self, fact: Callable[[], bool]) -> None:
        """Wait until ``fact`` holds."""
        deadline = time.monotonic() + SECONDS
        while not fact():
            assert time.monotonic() < deadline, "it never came true"
            Event().wait(0.02)

    def is_hung_up(self) -> bool:
        """Whether the vault has ended the connection, by a close or a reset."""
        try:
            return self.channel.receive() is None
        except ConnectionResetError:
            return True

    def hang_up(self) -> None:
        self.channel.close()


def dock_channel(enrolled: Enrolled) -> Channel[m.ToDock, Any]:
    """The dock's end of the vault's socket."""
    return Channel.connect(enrolled.device.paths.dock_socket, m.ToDock, seconds=SECONDS)


def ask_dock(enrolled: Enrolled, message: Any) -> Any:
    """One question of the dock."""
    channel = dock_channel(enrolled)
    channel.send(message)
    answer = channel.receive()
    channel.close()
    return answer


def rewrite(enrolled: Enrolled, changes: Mapping[str, Any]) -> None:
    """Clerk and head sign other values of some keys of the device's rulebook."""
    path = enrolled.device.paths.rulebook
    payload = json.loads(jws.decode(json.loads(path.read_bytes())["payload"].encode()))
    payload["version"] += 1
    payload["policy"].update(changes)
    signers = [file_signer(enrolled.bureau / "keys" / f"rulebook-{n}.pem") for n in (1, 2)]
    path.write_bytes(rulebook.sign_rulebook(payload, signers))


def records(path: Path) -> list[JsonObject]:
    """The records of a chain's file."""
    return journal.payloads(path.read_bytes())


def kinds(path: Path) -> list[str]:
    """Their types, ticks left out: how many there are depends on the machine's load."""
    return [record["t"] for record in records(path) if record["t"] != "tick"]


def raw_lines(path: Path) -> list[bytes]:
    """The lines of a chain's file as they stand."""
    return list(journal.split(path.read_bytes()).complete)
