"""The device log: the chain over all sessions of one device.

Owns following it and what it says of the session at hand. Refuses the other sessions: their
journals are judged with their own folders.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from cryptography import x509

from evidence import records
from evidence.canonical import JsonObject
from evidence.digests import ZERO_SHA256
from evidence.ids import DEVICE_LOG_NAME
from evidence.limits import MAX_JOURNAL_BYTES
from evidence.verify.chain import ChainWalk, Link, Profile
from evidence.verify.clock import ChainClock
from evidence.verify.counting import Counting
from evidence.verify.findings import Findings

_PROFILE = Profile(
    file=DEVICE_LOG_NAME,
    kind="device",
    owner_field="dev",
    check=records.check_device_record,
    first_prev=ZERO_SHA256,
    limit=MAX_JOURNAL_BYTES,
)


_AWAKE: Final = frozenset({"dock", "press", "preflight", "challenge", "time", "plan"})
"""Records that somebody outside the vault causes: none comes before recovery is done."""


@dataclass(slots=True, kw_only=True)
class LogReading:
    """What the device log says.

    Attributes:
        device: Whose it is, by its certificate; None where none was reached.
        owner: Whose it is, by its lines.
        whole: Whether every line could be trusted.
        places: Digest of every line → its number, for ``open.prev``.
        entry: Its line on the session at hand.
        entry_number: Number of that line.
        counters: Of the sessions entered, in order.
        sessions: The sessions entered: id → their line.
        preflights: Digest of a line → its number and the check it records.
        nonces: Nonces of the challenges that were answered.
        starts: Id of a start of the vault → number of its line.
        awake: Number of the last line that a vault writes only once recovery is done.
        released: Sessions whose files were let go, by the bureau's receipt.
        receipts: Session and kind → digest of the receipt that was taken.
        adopted: ``rulebook`` and ``assignment`` → number and digest that were last adopted.
        counting: Lifetime numbers.
    """

    device: str | None = None
    owner: str | None = None
    whole: bool = True
    places: dict[str, int] = field(default_factory=dict)
    entry: JsonObject | None = None
    entry_number: int | None = None
    counters: list[int] = field(default_factory=list)
    sessions: dict[str, JsonObject] = field(default_factory=dict)
    preflights: dict[str, tuple[int, JsonObject]] = field(default_factory=dict)
    nonces: set[str] = field(default_factory=set)
    starts: dict[str, int] = field(default_factory=dict)
    awake: int = -1
    released: set[str] = field(default_factory=set)
    receipts: dict[tuple[str, str], str] = field(default_factory=dict)
    adopted: dict[str, tuple[int, str]] = field(default_factory=dict)
    counting: Counting


def read_device_log(
    content: bytes, sid: str | None, ca: x509.Certificate, findings: Findings
) -> LogReading:
    """Follow the device log.

    Args:
        content: The whole file.
        sid: The session at hand; None where it could not be learnt.
        ca: The pinned bureau CA.
        findings: Takes what is found.
    """
    walk = ChainWalk(content, _PROFILE, ca, findings)
    clock = ChainClock(DEVICE_LOG_NAME, findings, tells_quality=False)
    reading = LogReading(counting=Counting(DEVICE_LOG_NAME, findings))
    for link in walk:
        if link.payload is None:
            reading.whole = False
            clock.lose_sight()
            continue
        _take(link, link.payload, reading, findings, sid)
        clock.take(link, link.payload, rebased=link.payload["t"] == "start")
    reading.device, reading.owner = walk.device, walk.owner
    reading.whole = reading.whole and walk.readable
    return reading


def _take(
    link: Link, payload: JsonObject, reading: LogReading, findings: Findings, sid: str | None
) -> None:
    if link.number == 0 and payload["t"] != "start":
        findings.add("not_opened", f"begins with {payload['t']}", file=DEVICE_LOG_NAME, record=0)
    reading.places[link.digest] = link.number
    reading.counting.take(payload.get("count"), link.number)
    _remember(link, payload, reading)
    if payload["t"] != "session":
        return
    reading.counting.reach(payload.get("counted"), link.number)
    reading.sessions[payload["sid"]] = payload
    _check_counter(link, payload["counter"], reading, findings)
    if payload["sid"] != sid:
        return
    if reading.entry is not None:
        findings.add(
            "log_differs", "the session is entered twice", file=DEVICE_LOG_NAME, record=link.number
        )
    reading.entry, reading.entry_number = payload, link.number


def _remember(link: Link, payload: JsonObject, reading: LogReading) -> None:
    """What other parts of the evidence are held against."""
    if payload["t"] in _AWAKE:
        reading.awake = link.number
    match payload["t"]:
        case "start" if link.statement is not None:
            reading.starts[link.statement["start_id"]] = link.number
        case "preflight":
            reading.preflights[link.digest] = (link.number, payload)
        case "challenge":
            reading.nonces.add(payload["nonce"])
        case "release":
            reading.released.add(payload["sid"])
        case "receipt":
            reading.receipts[payload["sid"], payload["kind"]] = payload["sha256"]
        case "provision":
            reading.adopted[payload["step"]] = (payload["version"], payload["sha256"])
        case _:
            pass


def _check_counter(link: Link, counter: int, reading: LogReading, findings: Findings) -> None:
    """Counters run without a gap: a session that was made to vanish leaves one."""
    expected = reading.counters[-1] + 1 if reading.counters else None
    if expected is not None and counter != expected and reading.whole:
        detail = f"session {counter} follows {expected - 1}"
        findings.add("counter_gap", detail, file=DEVICE_LOG_NAME, record=link.number)
    reading.counters.append(counter)
