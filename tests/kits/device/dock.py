"""A dock in one thread: cradle, vault, network and time in the hands of the test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from agent.dock.serve import watch_for
from agent.dock.to_vault.client import Vault
from agent.dock.watch import Watch
from agent.errors import VaultError
from agent.settings import Broker, Device, Paths, Settings, Transfer
from agent.vault.messages import (
    Answered,
    Pending,
    PendingSession,
    PieceWanted,
    PlanTaken,
    ReceiptTaken,
    Refused,
    TimeTaken,
    WordTaken,
)
from evidence import wire
from evidence.errors import WireError
from evidence.update import Place
from evidence.wire import ChunkTopic
from hw.fake.clock import JumpingClock
from hw.ports import Battery, Dock, DockBoard, Watchdog
from hw.types import BatteryReading
from tests.kits.device.backlog import Card, write_log
from tests.kits.device.memory_link import Network
from tests.kits.device.scripted_desk import ScriptedDesk

DEVICE = "REC-001"
NS = 1_000_000_000
WINDOW = 8 * 1_024 * 1_024
"""What a desk lets a device send before it answers."""


def is_chunk(topic: str) -> bool:
    """Whether what was published there is a piece of a file."""
    try:
        return isinstance(wire.parse_topic(topic), ChunkTopic)
    except WireError:
        return False


class Contact(Dock):
    """The cradle's contact, moved by the test."""

    def __init__(self) -> None:
        self.is_docked = True
        self._callbacks: list[Callable[[bool], None]] = []

    def docked(self) -> bool:
        return self.is_docked

    def on_change(self, callback: Callable[[bool], None]) -> None:
        self._callbacks.append(callback)

    def move(self, *, docked: bool) -> None:
        """Put the recorder on the cradle or lift it."""
        self.is_docked = docked
        for callback in self._callbacks:
            callback(docked)


class FullBattery(Battery):
    def read(self) -> BatteryReading:
        return BatteryReading(percent=100, millivolts=4_200, charging=True)


class Overseer(Watchdog):
    """Petted in every wait: ends the run once it has taken long enough, in jumping time."""

    def __init__(self, clock: JumpingClock, stop: Event, seconds: float) -> None:
        self._clock = clock
        self._stop = stop
        self.give(seconds)
        self.most_apart_ns = 0
        self.appointments: list[tuple[int, Callable[[], None]]] = []
        self._last_ns = clock.monotonic_ns()

    def give(self, seconds: float) -> None:
        """So much time from now on."""
        self._end_ns = self._clock.monotonic_ns() + round(seconds * NS)

    def stopping(self, why: str) -> None:
        """Nobody asks the dock to end but this one."""

    def pet(self) -> None:
        now_ns = self._clock.monotonic_ns()
        self.most_apart_ns = max(self.most_apart_ns, now_ns - self._last_ns)
        self._last_ns = now_ns
        due = [one for one in self.appointments if one[0] <= now_ns]
        self.appointments = [one for one in self.appointments if one[0] > now_ns]
        for _, then in due:
            then()
        if now_ns >= self._end_ns:
            self._stop.set()


@dataclass
class PaperVault(Vault):
    """A vault that lists a card and takes receipts by their first two words.

    Attributes:
        taken: Receipts it took, as (kind, sid).
        refused: Contents it refused.
        pieces: Pieces of updates it took.
        plans: Session plans it took, by their words.
        words: Words of the bureau it took, by kind and number.
        times: The bureau's times it took, by their words.
        notes: What the device log was told.
        on_empty: Called when nothing is pending for the second time in a row.
        is_there: Whether it can be reached.
    """

    card: Card
    log: Path
    taken: list[tuple[str, str]] = field(default_factory=list)
    refused: list[bytes] = field(default_factory=list)
    pieces: list[tuple[Place, bytes]] = field(default_factory=list)
    plans: list[str] = field(default_factory=list)
    words: list[tuple[str, int]] = field(default_factory=list)
    times: list[str] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    recording: bool = False
    on_empty: Callable[[], None] = lambda: None
    is_there: bool = True
    empty: int = 0

    def pending(self) -> Pending:
        self._require()
        sessions = [self._listed(one) for one in self.card.sessions if self._is_pending(one)]
        self.empty = 0 if sessions else self.empty + 1
        if self.empty > 1:
            self.on_empty()
        return Pending(
            device_log=str(self.log),
            log_bytes=self.log.stat().st_size,
            recording=self.recording,
            sessions=sessions[:100],
        )

    def submit(self, content: bytes) -> ReceiptTaken | Refused:
        self._require()
        words = content.decode("latin-1").split(" ")
        known = {session.sid for session in self.card.sessions}
        if len(words) != 2 or words[0] not in ("committed", "stored") or words[1] not in known:
            self.refused.append(content)
            return Refused(code="receipt", detail="not a receipt of the bureau")
        self.taken.append((words[0], words[1]))
        return ReceiptTaken(sid=words[1], kind=words[0], released=False)

    def submit_plan(self, content: bytes) -> PlanTaken | Refused:
        self._require()
        word, _, plan_id = content.decode("latin-1").partition(" ")
        if word != "plan":
            self.refused.append(content)
            return Refused(code="plan_signature", detail="not a plan of the bureau")
        self.plans.append(plan_id)
        return PlanTaken(plan_id=plan_id)

    def submit_word(self, kind: str, content: bytes) -> WordTaken | Refused:
        self._require()
        word, _, number = content.decode("latin-1").partition(" ")
        if word != kind:
            self.refused.append(content)
            return Refused(code="assignment_signature", detail="not a word of the bureau")
        self.words.append((kind, int(number)))
        return WordTaken(number=int(number), state="staged" if self.recording else "adopted")

    def challenge(self, content: bytes) -> Answered | Refused:
        self._require()
        word, _, nonce = content.decode("latin-1").partition(" ")
        if word != "challenge":
            self.refused.append(content)
            return Refused(code="challenge", detail="not a challenge of the bureau")
        return Answered(content=f"answer {nonce}".encode())

    def time(self, content: bytes) -> TimeTaken | Refused:
        self._require()
        word, _, at = content.decode("latin-1").partition(" ")
        if word != "time":
            self.refused.append(content)
            return Refused(code="time", detail="not a time of the bureau")
        self.times.append(at)
        return TimeTaken(offset_ms=0, error_ms=1)

    def submit_piece(self, place: Place, content: bytes) -> PieceWanted | Refused:
        self._require()
        self.pieces.append((place, content))
        return PieceWanted(update=place.update, file="f" * 64, number=place.index + 1)

    def note(self, state: str, detail: str) -> None:
        self._require()
        self.notes.append((state, detail))

    def _is_pending(self, session: PendingSession) -> bool:
        return ("stored", session.sid) not in self.taken

    def _listed(self, session: PendingSession) -> PendingSession:
        changed = {"committed": ("committed", session.sid) in self.taken}
        values = {name: getattr(session, name) for name in session.__struct_fields__}
        return PendingSession(**{**values, **changed})

    def _require(self) -> None:
        if not self.is_there:
            raise VaultError("the vault is not there")


class Rig:
    """Everything around one dock.

    Args:
        folder: For the card.
        seconds: Longest run, in jumping time.
        transfer: Settings of the push.
    """

    def __init__(self, folder: Path, *, seconds: float = 600, **transfer: Any) -> None:
        self.stop = Event()
        self.clock = JumpingClock()
        self.contact = Contact()
        self.overseer = Overseer(self.clock, self.stop, seconds)
        self.card = Card(folder / "store")
        self.vault = PaperVault(self.card, folder / "store" / "device.jws")
        self.vault.on_empty = self.stop.set
        write_log(self.vault.log, 3)
        self.desk = ScriptedDesk(DEVICE)
        self.network = Network(self.desk)
        settings = Settings(
            device_id=DEVICE,
            board="fake",
            broker=Broker(host="localhost"),
            transfer=Transfer(**transfer),
        )
        self.device = Device(settings=settings, paths=Paths(folder, folder / "run"))
        self.board = DockBoard(
            boot_id="boot",
            clock=self.clock,
            dock=self.contact,
            battery=FullBattery(),
            watchdog=self.overseer,
        )
        self.watch: Watch = watch_for(
            self.device, self.board, self.stop, self.vault, self.network.make_link
        )

    def run(self) -> None:
        """Run the dock until the vault has nothing pending, or time is over."""
        self.watch.run()

    def later(self, seconds: float, then: Callable[[], None]) -> None:
        """Have something happen after ``seconds`` of jumping time."""
        self.overseer.appointments.append((self.clock.monotonic_ns() + round(seconds * NS), then))

    def file_bytes(self) -> int:
        """How much there is to push."""
        return sum(map(len, self.card.files.values()))

    def missing(self) -> list[tuple[str, str]]:
        """Files of the card that the desk has not, or has otherwise."""
        archive = self.desk.archive
        return [key for key, content in self.card.files.items() if archive.get(key) != content]

    def states(self) -> list[str]:
        """What the device log was told, without details."""
        return [state for state, _ in self.vault.notes]
