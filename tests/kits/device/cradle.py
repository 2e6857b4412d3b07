"""A real vault, a real dock and a real desk without a network: docking in one process.

``Bureau`` is the desk of an enrolled device's bureau; ``dock`` puts a recorder on its cradle until
nothing more is to be handed over, or the desk keeps a receipt back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from agent.dock.serve import watch_for
from agent.dock.to_vault.client import VaultClient
from agent.settings import Device
from agent.vault.messages import Pending
from bureau import office
from bureau.clock import Clock
from bureau.intake.intake import Intake
from bureau.intake.message import Message, Outgoing
from bureau.ledger import DockRow
from bureau.settings import load_bureau
from hw.fake.clock import JumpingClock, SystemClock
from hw.ports import DockBoard
from tests.kits.device.dock import Contact, FullBattery, Overseer
from tests.kits.device.memory_link import Network

Says = list[tuple[str, bytes]]
MOST_SECONDS = 40.0


class Bureau:
    """The desk.

    Args:
        folder: The bureau's.

    Attributes:
        ahead_ns: What its clock is ahead of the machine's.
        mono_ns: Its running clock, moved by the test.
        challenges: Whether it challenges; an older desk does not.
        alter: Changes what a device says on its way: (topic, payload) → payload, or None.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ahead_ns = 0
        self.mono_ns = 0
        self.challenges = True
        self.alter: Callable[[str, bytes], bytes | None] = lambda _topic, payload: payload
        self.start()

    def start(self) -> None:
        """A fresh process on the same folder."""
        clock = Clock(
            utc_ns=lambda: SystemClock().utc_ns() + self.ahead_ns, mono_ns=lambda: self.mono_ns
        )
        self.office = office.open_office(load_bureau(self.folder), clock)
        self.intake = Intake(self.office)

    def restart(self) -> None:
        """End and begin again."""
        self.close()
        self.start()
        self.intake.steps.recover()

    def close(self) -> None:
        self.office.partials.close()
        self.office.ledger.close()

    def hear(self, topic: str, payload: bytes) -> Says:
        """One message of a device, and everything that follows from it."""
        altered = self.alter(topic, payload)
        if altered is None:
            return []
        outgoing = self.intake.handle(Message(topic, altered))
        outgoing += self.intake.flush()
        outgoing += self.intake.steps.settle()
        return [(one.topic, one.payload) for one in outgoing if self._is_said(one)]

    def on_subscribe(self) -> Says:
        """What a broker keeps for a device: its receipts."""
        return [(one.topic, one.payload) for one in self.intake.steps.unacknowledged()]

    def last(self, device: str) -> DockRow:
        """How the last docking of a device went."""
        return self.office.ledger.dockings(device)[-1]

    def found(self, device: str) -> set[str]:
        """Codes of everything found at the dock that nobody has settled."""
        rows = self.office.ledger.dockings(device, suspect=True)
        return {code for row in rows for code in row.codes.split(",")}

    def settle(self, device: str) -> None:
        """A clerk settles whatever is open."""
        for row in self.office.ledger.dockings(device, suspect=True):
            at = self.office.clock.utc()
            self.office.ledger.settle_docking(row.number, at=at, who="clerk", why="looked")

    def states(self, device: str) -> dict[int, str]:
        """Counter → state of the sessions in the ledger."""
        rows = self.office.ledger.sessions()
        return {row.counter: row.state for row in rows if row.device == device}

    def _is_said(self, one: Outgoing) -> bool:
        return self.challenges or not one.topic.endswith(("/challenge", "/time/rsp"))


@dataclass
class _Watched(VaultClient):
    """Ends the docking once nothing more is pending."""

    socket: Path
    stop: Event
    empty: int = 0
    asked: int = 0
    patience: int = 40
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.socket)

    def pending(self) -> Pending:
        pending = super().pending()
        self.asked += 1
        self.empty = 0 if pending.sessions else self.empty + 1
        if self.empty > 1 or self.asked > self.patience:
            self.stop.set()
        return pending


def dock(
    device: Device, bureau: Bureau, *, seconds: float = MOST_SECONDS, cut_after: int | None = None
) -> Network:
    """Put a recorder, whose vault runs, on the cradle until all is handed over.

    Args:
        device: The recorder.
        bureau: Its bureau.
        seconds: Of jumping time, where the desk keeps something back.
        cut_after: The connection breaks once, at that message of the device.
    """
    stop, clock = Event(), JumpingClock()
    overseer = Overseer(clock, stop, seconds)
    network = Network(bureau)  # type: ignore[arg-type] # a desk: hear, on_subscribe
    network.on_link = lambda: _leave(bureau, device)
    if cut_after is not None:
        network.on_publish = _cutting(network, cut_after)
    board = DockBoard(
        boot_id="boot", clock=clock, dock=Contact(), battery=FullBattery(), watchdog=overseer
    )
    vault = _Watched(device.paths.dock_socket, stop)
    try:
        watch_for(device, board, stop, vault, network.make_link).run()
    finally:
        vault.note("undocked", "")
        vault.close()
        _leave(bureau, device)
    return network


def _cutting(network: Network, after: int) -> Callable[[str, bytes], None]:
    left = [after]

    def count(_topic: str, _payload: bytes) -> None:
        left[0] -= 1
        if left[0] == 0:
            network.cut()

    return count


def _leave(bureau: Bureau, device: Device) -> None:
    """The broker tells the will of a connection that is gone."""
    bureau.intake.door.gone(device.settings.device_id)


@contextmanager
def open_bureau(folder: Path) -> Iterator[Bureau]:
    """A desk, closed at the end."""
    bureau = Bureau(folder)
    try:
        yield bureau
    finally:
        bureau.close()
