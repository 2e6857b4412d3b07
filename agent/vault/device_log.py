"""The device log (设备台账): one signed chain over the life of the recorder.

Owns ``device.jws`` and what can be read from it: closed sessions, receipts, releases, the device
counter. Refuses to be rewritten: every start of the vault continues it under a fresh chain key that
the device's signing key vouches for.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.vault.mandate import Mandate
from agent.vault.medium import Medium
from agent.vault.signed_file import SignedFile
from agent.vault.stamps import Stamps
from evidence import journal, moments
from evidence.canonical import JsonObject
from evidence.digests import ZERO_SHA256, FileFacts, sha256_hex
from evidence.journal import Chain, ChainStatement, Tail
from evidence.keys import ChainKey
from evidence.store.durable import AppendFile
from hw.ports import Clock


@dataclass(slots=True)
class LoggedSession:
    """What the log says of one closed session.

    Attributes:
        sid: Session id.
        counter: Device counter.
        journal: Size and digests of its journal.
        root: Merkle root of its close record.
        receipts: Kind → (serial, hex digest of the receipt).
        released: Whether its files were released.
    """

    sid: str
    counter: int
    journal: FileFacts
    root: str
    receipts: dict[str, tuple[int, str]] = field(default_factory=dict)
    released: bool = False


@dataclass(slots=True)
class LogState:
    """The log, read: what every record of it adds up to."""

    sessions: dict[str, LoggedSession] = field(default_factory=dict)
    aborted: set[str] = field(default_factory=set)
    counter: int = 0
    last_receipt: str | None = None
    last_utc_ns: int = 0

    def add(self, payload: JsonObject) -> None:
        """Take one record."""
        self.last_utc_ns = max(self.last_utc_ns, moments.utc_ns(payload["utc"]))
        match payload["t"]:
            case "session":
                self._add_session(payload)
            case "aborted":
                self.aborted.add(payload["sid"])
            case "receipt":
                self.last_receipt = payload["sha256"]
                held = self.sessions.get(payload["sid"])
                if held is not None:
                    held.receipts[payload["kind"]] = (payload["serial"], payload["sha256"])
            case "release" if payload["sid"] in self.sessions:
                self.sessions[payload["sid"]].released = True
            case _:
                pass

    def _add_session(self, payload: JsonObject) -> None:
        facts = payload["journal"]
        self.counter = max(self.counter, payload["counter"])
        self.sessions[payload["sid"]] = LoggedSession(
            sid=payload["sid"],
            counter=payload["counter"],
            journal=FileFacts(facts["size"], facts["sha256"], tuple(facts["chunks"])),
            root=payload["root"],
        )


@dataclass(frozen=True, kw_only=True)
class Start:
    """This start of the vault: ids that its chain keys are stated with."""

    boot_id: str
    start_id: str


class DeviceLog:
    """The log, open for appending; every method may be called from any thread."""

    def __init__(self, file: SignedFile, state: LogState) -> None:
        self._file = file
        self.state = state

    @property
    def head(self) -> str:
        """Hex digest of the last line: the next ``open`` record names it."""
        return self._file.head

    @property
    def size(self) -> int:
        """Bytes of the whole log."""
        return self._file.facts().size

    def record(self, t: str, fields: JsonObject) -> None:
        """Sign, append and sync one record, and take it into ``state``."""
        self._file.record(t, fields)
        self.state.add({**fields, "t": t, "utc": moments.utc_text(self.state.last_utc_ns)})

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def open_device_log(
    medium: Medium, mandate: Mandate, start: Start, clock: Clock, firmware: str
) -> DeviceLog:
    """Open the log, end a torn line, and begin this start's chain."""
    path = medium.paths.device_log
    fresh = not path.exists()
    content = b"" if fresh else path.read_bytes()
    state = read_log(content)
    file = medium.create(path) if fresh else medium.reopen(path)
    tail = journal.tail(content)
    content += end_torn_line(file, tail)
    key = ChainKey()
    statement = ChainStatement(
        dev=mandate.device,
        boot_id=start.boot_id,
        start_id=start.start_id,
        counter=state.counter + 1,
        chain="device",
    )
    chain = continue_chain({"dev": mandate.device}, key, tail)
    stamps = Stamps(clock, start.boot_id, state.last_utc_ns)
    log = DeviceLog(SignedFile(file, chain, stamps, content), state)
    log.record(
        "start",
        {
            "x5c": mandate.x5c,
            "chainkey": journal.state_chain_key(statement, key, mandate.signer),
            "firmware": firmware,
            "protection": medium.protection,
            "torn": torn_field(tail),
        },
    )
    return log


def continue_chain(owner: JsonObject, key: ChainKey, tail: Tail) -> Chain:
    """The chain that goes on after ``tail`` under a fresh key."""
    if tail.line is None or tail.payload is None:
        return Chain(owner, key, prev=ZERO_SHA256)
    return Chain(owner, key, prev=sha256_hex(tail.line), index=tail.payload["i"] + 1)


def end_torn_line(file: AppendFile, tail: Tail) -> bytes:
    """End a torn line: an append-only file cannot be cut. Returns what was appended."""
    if tail.ended:
        return b""
    file.write(journal.NEWLINE)
    return journal.NEWLINE


def torn_field(tail: Tail) -> JsonObject | None:
    """How the record after it names a torn line."""
    if not tail.torn:
        return None
    return {"bytes": len(tail.torn), "sha256": sha256_hex(tail.torn)}


def read_log(content: bytes) -> LogState:
    """What the log's records add up to."""
    state = LogState()
    for payload in journal.payloads(content):
        state.add(payload)
    return state
