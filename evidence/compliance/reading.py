"""The records of one session, sorted for those who judge it by the rules.

Owns finding the check before use in the device log, and the receipts. Refuses trust: signatures
and order are the verifier's, and ``assess`` weighs its findings against what is read here. A record
that is not well formed is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from evidence import jws, records
from evidence.canonical import JsonObject
from evidence.digests import sha256_hex
from evidence.errors import EvidenceError
from evidence.journal import split
from evidence.limits import MAX_RECEIPT_BYTES
from evidence.moments import utc_ns
from evidence.verify import Bundle

_UNASKED: Final = frozenset({"tick", "attest"})
"""Most lines of a journal; no row asks for them."""


@dataclass(frozen=True, slots=True)
class Noted:
    """One record: its number in its file, and what it says."""

    record: int
    payload: JsonObject

    @property
    def fields(self) -> JsonObject:
        """Fields of an event; of any other record, all of them."""
        return self.payload["fields"] if self.payload["t"] == "event" else self.payload

    @property
    def utc_ns(self) -> int:
        """The wall clock's time, nanoseconds since 1970."""
        return utc_ns(self.payload["utc"])

    @property
    def mono_ns(self) -> int:
        """CLOCK_BOOTTIME."""
        return int(self.payload["mono_ns"])


class Reading:
    """The records of one session.

    Args:
        bundle: As the verifier takes it.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._log_lines = [] if bundle.device_log is None else split(bundle.device_log).complete
        self.has_log = bundle.device_log is not None
        lines = _read(split(bundle.journal).complete, records.check_session_record)
        self.records = [one for one in lines if one.payload["t"] not in _UNASKED]

    @cached_property
    def opened(self) -> Noted | None:
        """The ``open`` record."""
        return next(self.of("open"), None)

    @cached_property
    def closed(self) -> Noted | None:
        """The last ``close`` record."""
        return next(iter(list(self.of("close"))[::-1]), None)

    @cached_property
    def segments(self) -> list[Noted]:
        """The ``seg`` records."""
        return list(self.of("seg"))

    def of(self, t: str) -> Iterator[Noted]:
        """All records of type ``t``."""
        return (one for one in self.records if one.payload["t"] == t)

    def events(self, kind: str) -> list[Noted]:
        """All events of that kind."""
        return [one for one in self.of("event") if one.payload["kind"] == kind]

    def mark(self, code: str) -> Noted | None:
        """The first mark with that code."""
        return next((one for one in self.events("mark") if one.fields["code"] == code), None)

    @cached_property
    def bounds(self) -> JsonObject | None:
        """Where the recorder had it begin and end; None where it did not know yet."""
        found: JsonObject | None = (
            None if self.opened is None else self.opened.payload.get("bounds")
        )
        return found

    def marked(self, *prefixes: str) -> list[Noted]:
        """The marks whose code begins with one of ``prefixes``."""
        return [one for one in self.events("mark") if one.fields["code"].startswith(prefixes)]

    def flagged(self, name: str) -> Noted | None:
        """The first check of that name that did not pass."""
        checks = (one for one in self.events("check") if one.fields["name"] == name)
        return next((one for one in checks if not one.fields["passed"]), None)

    @cached_property
    def log(self) -> list[Noted]:
        """The device log."""
        return list(_read(self._log_lines, records.check_device_record))

    @cached_property
    def preflight(self) -> Noted | None:
        """The check before use that ``open`` points to; None where it is not in the log."""
        wanted = None if self.opened is None else self.opened.payload["preflight"]
        if wanted is None:
            return None
        lines = [line for line in self._log_lines if sha256_hex(line) == wanted]
        found = list(_read(lines, records.check_device_record))
        return found[0] if found and found[0].payload["t"] == "preflight" else None

    @cached_property
    def stored(self) -> JsonObject | None:
        """What the ``stored`` receipt says."""
        return _receipt(self._bundle.stored)

    @cached_property
    def committed(self) -> JsonObject | None:
        """What the ``committed`` receipt says."""
        return _receipt(self._bundle.committed)


def _read(lines: Iterable[bytes], check: Callable[[JsonObject], None]) -> Iterator[Noted]:
    for line in lines:
        try:
            payload = jws.parse(line, jws.TYP_RECORD).payload()
            check(payload)
        except EvidenceError:
            continue
        yield Noted(payload["i"], payload)


def _receipt(token: bytes | None) -> JsonObject | None:
    if token is None:
        return None
    try:
        payload = jws.parse(token, jws.TYP_RECEIPT, limit=MAX_RECEIPT_BYTES).payload()
        utc_ns(payload["stored_at"])
    except (EvidenceError, KeyError, TypeError, AttributeError):
        return None
    return payload
