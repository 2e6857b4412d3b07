"""The device log: the chain over all sessions of one device.

Owns following it and what it says of the session at hand. Refuses the other sessions: their
journals are judged with their own folders.
"""

from __future__ import annotations

from dataclasses import dataclass, field

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
    if payload["t"] == "preflight":
        reading.preflights[link.digest] = (link.number, payload)
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


def _check_counter(link: Link, counter: int, reading: LogReading, findings: Findings) -> None:
    """Counters run without a gap: a session that was made to vanish leaves one."""
    expected = reading.counters[-1] + 1 if reading.counters else None
    if expected is not None and counter != expected and reading.whole:
        detail = f"session {counter} follows {expected - 1}"
        findings.add("counter_gap", detail, file=DEVICE_LOG_NAME, record=link.number)
    reading.counters.append(counter)
