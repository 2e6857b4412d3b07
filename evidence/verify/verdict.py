"""The verdict (核验结论): everything that was found, and what follows from it.

Owns the result of ``verify`` and its JSON. Refuses to be a bool: whoever reads it sees every
finding.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique

from evidence.canonical import JsonObject
from evidence.verify.findings import CODES, Finding, Severity


@unique
class Judgement(StrEnum):
    """What the findings add up to."""

    VERIFIED = "verified"
    EXPLAINED = "verified with explained interruptions"
    BROKEN = "broken"


@unique
class Presence(StrEnum):
    """Whether a layer was there to be judged."""

    PRESENT = "present"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What was seen.

    Attributes:
        records: Lines of the journal that could be trusted.
        segments: ``seg`` records.
        files: Sealed files that records name.
        bytes: Of sealed files, read.
        frames: Video frames of the segments.
        samples: Audio samples of the segments.
        duration_ns: From first to last frame, without gaps, overlaps counted once.
    """

    records: int
    segments: int
    files: int
    bytes: int
    frames: int
    samples: int
    duration_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result of judging one session.

    Attributes:
        session: Session id; None where it could not be learnt.
        device: Device id by its certificate; None where none was reached from the CA.
        counter: The session's device counter.
        opened: UTC, as signed.
        closed: UTC, as signed; None without a close record.
        reason: Why it was closed.
        disclosure: ``verified``, ``unverified`` or ``missing``.
        layers: Layer (seal, journal, device_log, committed, stored, rulebook) → whether it was
            there.
        counts: What was seen.
        findings: All of them, worst first.
    """

    session: str | None
    device: str | None
    counter: int | None
    opened: str | None
    closed: str | None
    reason: str | None
    disclosure: str
    layers: dict[str, Presence]
    counts: Counts
    findings: tuple[Finding, ...]

    @property
    def judgement(self) -> Judgement:
        """What the findings add up to: the worst of them."""
        severities = {finding.severity for finding in self.findings}
        if Severity.BROKEN in severities:
            return Judgement.BROKEN
        return Judgement.EXPLAINED if Severity.EXPLAINED in severities else Judgement.VERIFIED

    def of(self, severity: Severity) -> list[Finding]:
        """The findings of one severity."""
        return [finding for finding in self.findings if finding.severity is severity]

    def to_json(self) -> JsonObject:
        """The verdict for machines: integers, texts and nulls."""
        return {
            "judgement": self.judgement.value,
            "session": self.session,
            "device": self.device,
            "counter": self.counter,
            "opened": self.opened,
            "closed": self.closed,
            "reason": self.reason,
            "disclosure": self.disclosure,
            "layers": {name: state.value for name, state in self.layers.items()},
            "counts": {name: getattr(self.counts, name) for name in Counts.__slots__},
            "findings": self.findings_to_json(self.findings),
        }

    @staticmethod
    def findings_to_json(findings: tuple[Finding, ...]) -> list[JsonObject]:
        """Findings for machines."""
        return [_finding_json(finding) for finding in findings]


def _finding_json(finding: Finding) -> JsonObject:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "meaning": CODES[finding.code].english,
        "session": finding.session,
        "record": finding.record,
        "file": finding.file,
        "second": finding.second,
        "detail": finding.detail,
    }
