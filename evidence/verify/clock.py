"""Time within one chain.

Owns the rules of mono_ns, boot_id and utc, and the seconds by which findings are placed. Refuses to
say what time it really was: the quality of a stamp is told as it was signed.
"""

from __future__ import annotations

from evidence.canonical import JsonObject
from evidence.moments import TimeSource, utc_ns
from evidence.verify.chain import Link
from evidence.verify.findings import Findings

_SECOND = 1_000_000_000
_SLACK_NS = 1_000_000
"""Stamps are start time plus the difference of CLOCK_BOOTTIME, written in microseconds."""

_UNSURE = frozenset({TimeSource.NONE, TimeSource.LAST_KNOWN})


class ChainClock:
    """Follows the stamps of one chain.

    Args:
        file: The chain, for findings.
        findings: Takes what is found.
        tells_quality: Whether a time that was not calibrated is reported.
    """

    def __init__(self, file: str, findings: Findings, *, tells_quality: bool = True) -> None:
        self._file = file
        self._findings = findings
        self._opened: tuple[str, int, int] | None = None
        self._boot: str | None = None
        self._mono = 0
        self._utc = 0
        self._base: int | None = None
        self._consistent = True
        self._unsure = not tells_quality

    def take(self, link: Link, payload: JsonObject, *, rebased: bool, free: bool = False) -> None:
        """Check the stamps of the next record.

        Args:
            link: Its place.
            payload: What it says.
            rebased: It begins a new start of the vault, so the wall clock was read again.
            free: It was added after everything else was closed, perhaps by a later start.
        """
        boot, mono, utc = payload["boot_id"], payload["mono_ns"], utc_ns(payload["utc"])
        if self._opened is None:
            self._opened = (boot, mono, utc)
        if boot == self._boot and mono < self._mono:
            self._add("time_backwards", f"mono_ns {mono} after {self._mono}", link)
        elif (rebased or free) and utc < self._utc:
            self._add("time_backwards", f"{payload['utc']} is before the record before it", link)
        if not free:
            self._check_base(link, boot, utc - mono, rebased=rebased)
        self._boot, self._mono, self._utc = boot, mono, utc
        self._note_quality(link, payload["utc_q"]["source"])

    def lose_sight(self) -> None:
        """A record is missing or damaged: it may have begun a new start."""
        self._base = None

    def second(self, payload: JsonObject) -> int | None:
        """Whole seconds from the chain's first record to this one."""
        return self.second_at(payload["boot_id"], payload["mono_ns"], utc_ns(payload["utc"]))

    def second_of_pts(self, pts_ns: int) -> int | None:
        """Whole seconds from the chain's first record to a capture time of its boot."""
        if self._opened is None:
            return None
        return max(0, pts_ns - self._opened[1]) // _SECOND

    def second_at(self, boot: str, mono_ns: int, utc: int) -> int | None:
        """Whole seconds from the chain's first record; over boots by the wall clock."""
        if self._opened is None:
            return None
        first_boot, first_mono, first_utc = self._opened
        passed = mono_ns - first_mono if boot == first_boot else utc - first_utc
        return max(0, passed) // _SECOND

    def _check_base(self, link: Link, boot: str, base: int, *, rebased: bool) -> None:
        if rebased or self._base is None:
            self._base, self._consistent = base, True
            return
        same_boot = self._boot is None or boot == self._boot
        consistent = same_boot and abs(base - self._base) <= _SLACK_NS
        if not consistent and self._consistent:
            detail = f"{(base - self._base) // 1_000_000} ms apart" if same_boot else "another boot"
            self._add("time_inconsistent", detail, link)
        self._consistent = consistent

    def _note_quality(self, link: Link, source: str) -> None:
        if source in _UNSURE and not self._unsure:
            self._unsure = True
            self._add("time_unsure", f"from here on: {source}", link)

    def _add(self, code: str, detail: str, link: Link) -> None:
        self._findings.add(code, detail, record=link.number, file=self._file)
