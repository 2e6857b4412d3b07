"""The device log (设备台账): one signed chain over the life of the recorder.

Owns ``device.jws`` and what can be read from it: closed sessions, receipts, releases, the device
counter, the lifetime count of facts, the last preflight, the plans that were taken, the fault that
stops its use, the parts it is made of. Refuses to be rewritten: every start of the vault continues
it under a fresh chain key that the device's signing key vouches for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from agent.preflight import stop_use
from agent.preflight.parts import Made
from agent.preflight.stop_use import StopUse
from agent.vault.chain.signed_file import SignedFile
from agent.vault.chain.stamps import Stamps
from agent.vault.mandate import Mandate
from agent.vault.messages import CheckResult
from agent.vault.store.medium import Medium
from evidence import journal, jws, moments
from evidence.canonical import JsonObject
from evidence.digests import ZERO_SHA256, FileFacts, sha256_hex
from evidence.errors import EvidenceError
from evidence.journal import Chain, ChainStatement, Tail
from evidence.keys import ChainKey
from evidence.store.durable import AppendFile
from hw.ports import Clock

COUNTED: Final = frozenset({"start", "press", "refusal", "preflight"})
"""Records with a lifetime number; buttons pressed within a session share the sequence."""


@dataclass(slots=True)
class LoggedSession:
    """What the log says of one closed session.

    Attributes:
        sid: Session id.
        counter: Device counter.
        journal: Size and digests of its journal.
        root: Merkle root of its close record.
        reason: Why it was closed.
        ended_ns: UTC of the last it recorded, nanoseconds since 1970: not when a restart closed it.
        plan_id: The plan it was opened with.
        ending: How its end was told (``evidence.marks``); None where nobody told.
        receipts: Kind → (serial, hex digest of the receipt).
        released: Whether its files were released.
    """

    sid: str
    counter: int
    journal: FileFacts
    root: str
    reason: str
    ended_ns: int
    plan_id: str | None = None
    ending: str | None = None
    receipts: dict[str, tuple[int, str]] = field(default_factory=dict)
    released: bool = False

    @property
    def waits(self) -> bool:
        """Whether the bureau has not yet receipted every file of it."""
        return "stored" not in self.receipts and not self.released


@dataclass(slots=True)
class LogState:
    """The log, read: what every record of it adds up to.

    Attributes:
        sessions: Closed sessions.
        aborted: Sessions of which a crash left no record.
        counter: Device counter of the last session.
        count: Lifetime number of the last countable fact.
        last_receipt: Digest of the last receipt.
        nonce: That of the last challenge that was answered.
        last_utc_ns: The latest time on record when this start began.
        preflight: Digest of the line of the last preflight.
        plans: Plans taken and not expired: id → digest.
        docked: Whether the dock last said that the recorder is on the cradle.
        stop_use: The fault after which the recorder is not used; None while none stands.
        ailing: Part → checks before use in a row that it has failed.
        provisioned: What was last adopted: step → number and digest.
        parts: What the recorder is made of, as its bureau knows it; None before the first record.
        changed: Parts that were found to be others since; None: missing.
        boot: The last boot on record, and CLOCK_BOOTTIME of the vault's first start in it.
    """

    sessions: dict[str, LoggedSession] = field(default_factory=dict)
    aborted: set[str] = field(default_factory=set)
    counter: int = 0
    count: int = 0
    last_receipt: str | None = None
    nonce: str | None = None
    last_utc_ns: int = 0
    preflight: str | None = None
    plans: dict[str, str] = field(default_factory=dict)
    docked: bool = False
    stop_use: StopUse | None = None
    ailing: dict[str, int] = field(default_factory=dict)
    provisioned: dict[str, tuple[int, str]] = field(default_factory=dict)
    parts: dict[str, Made] | None = None
    changed: dict[str, Made | None] = field(default_factory=dict)
    boot: tuple[str, int] | None = None

    def add(  # noqa: C901, PLR0912 - one case per record
        self, payload: JsonObject, digest: str
    ) -> None:
        """Take one record; ``digest`` is that of its line."""
        self.count = max(self.count, payload.get("count", 0), payload.get("counted", 0))
        match payload["t"]:
            case "start" if "boot_id" in payload:
                if self.boot is None or self.boot[0] != payload["boot_id"]:
                    self.boot = (payload["boot_id"], payload["mono_ns"])
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
            case "preflight":
                self.preflight = digest
                self.ailing = stop_use.ailing(self.ailing, _checks(payload))
            case "stop_use":
                self._add_stop_use(payload)
            case "parts":
                self.parts = {one["name"]: _made(one) for one in payload["parts"]}
                self.changed = {}
            case "tamper" if payload["code"] != "opened":
                new = payload["new"]
                self.changed[payload["part"]] = None if new is None else _made(new)
            case "plan" if payload["state"] == "taken":
                self.plans[payload["plan_id"]] = payload["sha256"]
            case "plan":
                self.plans.pop(payload["plan_id"], None)
            case "provision":
                self.provisioned[payload["step"]] = (payload["version"], payload["sha256"])
            case "challenge":
                self.nonce = payload["nonce"]
            case "dock" if payload["state"] in ("docked", "undocked"):
                self.docked = payload["state"] == "docked"
            case _:
                pass

    def _add_stop_use(self, payload: JsonObject) -> None:
        if payload["state"] == "cleared":
            self.stop_use, self.ailing = None, {}
            return
        fault = {name: payload[name] for name in ("part", "code", "detail", "assignment")}
        self.stop_use = StopUse(**fault)

    def _add_session(self, payload: JsonObject) -> None:
        facts = payload["journal"]
        self.counter = max(self.counter, payload["counter"])
        self.sessions[payload["sid"]] = LoggedSession(
            sid=payload["sid"],
            counter=payload["counter"],
            journal=FileFacts(facts["size"], facts["sha256"], tuple(facts["chunks"])),
            root=payload["root"],
            reason=payload["reason"],
            ended_ns=moments.utc_ns(payload["ended"] if "ended" in payload else payload["utc"]),
            plan_id=payload.get("plan_id"),
            ending=payload.get("ending"),
        )


def _made(part: JsonObject) -> Made:
    return Made(part["model"], part["serial"])


def _checks(payload: JsonObject) -> list[CheckResult]:
    return [CheckResult(**check) for check in payload["checks"]]


@dataclass(frozen=True, kw_only=True)
class Start:
    """This start of the vault: ids that its chain keys are stated with."""

    boot_id: str
    start_id: str


class DeviceLog:
    """The log, open for appending; every method may be called from any thread."""

    def __init__(self, file: SignedFile, stamps: Stamps, state: LogState) -> None:
        self._file = file
        self._stamps = stamps
        self.state = state

    @property
    def head(self) -> str:
        """Hex digest of the last line: the next ``open`` record names it."""
        return self._file.head

    @property
    def size(self) -> int:
        """Bytes of the whole log."""
        return self._file.facts().size

    def record(self, t: str, fields: JsonObject) -> bytes:
        """Sign, append and sync one record, counted where it is a countable fact; its line."""
        if t in COUNTED:
            fields = {**fields, "count": self.state.count + 1}
        self._file.record(t, fields)
        utc = moments.utc_text(self._stamps.now().utc_ns)
        self.state.add({**fields, "t": t, "utc": utc}, self._file.head)
        return self._file.line

    def count(self) -> int:
        """The next lifetime number, for a fact that a session's journal signs."""
        self.state.count += 1
        return self.state.count

    @property
    def latest_utc_ns(self) -> int:
        """The latest time on record; no session begins before it, whatever the clock says."""
        return self._stamps.latest_ns

    def notice_step(self) -> None:
        """Sign a step of the wall clock since the last call, if there was one."""
        step = self._stamps.step()
        if step is not None:
            self.record("clock_step", step.fields())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def open_device_log(
    medium: Medium,
    mandate: Mandate,
    start: Start,
    clock: Clock,
    firmware: str,
    counted: Callable[[LogState], int],
) -> DeviceLog:
    """Open the log, end a torn line, and begin this start's chain.

    Args:
        medium: Where it lies.
        mandate: Who the device is.
        start: This start of the vault.
        clock: The device's clock.
        firmware: What runs here.
        counted: The highest lifetime number in journals that the log does not know as closed.
    """
    path = medium.paths.device_log
    fresh = not path.exists()
    content = b"" if fresh else path.read_bytes()
    state = read_log(content)
    state.count = max(state.count, counted(state))
    file = medium.keep_room(medium.create(path) if fresh else medium.reopen(path))
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
    log = DeviceLog(SignedFile(file, chain, stamps, content), stamps, state)
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
    for line in journal.split(content).complete:
        try:
            payload = jws.parse(line, jws.TYP_RECORD).payload()
        except EvidenceError:
            # A torn line says nothing; the ``start`` after it names it.
            continue
        state.last_utc_ns = max(state.last_utc_ns, moments.utc_ns(payload["utc"]))
        state.add(payload, sha256_hex(line))
    return state
