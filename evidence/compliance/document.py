"""A compliance report (合规报告) as the bureau signs it.

Owns its fields, the file ``{report, signature}``, and judging such a file: who signed it, and
everything in it that is not as it was signed. The signature carries the whole report, so that what
was changed beside it can be named. Refuses to judge the rows again: they are the bureau's word, the
recording is judged by ``evidence.verify``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from evidence import canonical, jws
from evidence import schema as s
from evidence.bureau_word import read_word, signed_word
from evidence.canonical import JsonObject
from evidence.compliance.result import Part, State
from evidence.digests import sha256_hex
from evidence.errors import EvidenceError, LimitError, MalformedError
from evidence.ids import JOURNAL_NAME
from evidence.limits import MAX_REPORT_BYTES
from evidence.verify import Finding, Judgement, Verdict
from evidence.verify.findings import Findings

VERSION: Final = 1
_MOST: Final = 1_000
_LONGEST: Final = 60
_NOTHING: Final = "nothing"

_row: Final[s.Schema] = {
    "row": s.text,
    "source": s.text,
    "state": s.one_of(*State),
    "proof": s.optional(s.fields({"file": s.text, "record": s.optional(s.natural)})),
    "because_en": s.string,
    "because_zh": s.string,
    "part": s.optional(s.one_of(*Part)),
}
_REPORT: Final[s.Schema] = {
    "v": s.integer(VERSION, VERSION),
    "device": s.device,
    "session": s.session,
    "counter": s.optional(s.natural),
    "journal_sha256": s.sha256,
    "made": s.utc,
    "judgement": s.one_of(*Judgement),
    "disclosure": s.code,
    "opened": s.optional(s.utc),
    "closed": s.optional(s.utc),
    "activity": s.string,
    "officers": s.many(s.string, most=_MOST),
    "plan_id": s.optional(s.text),
    "rulebook": s.fields({"bureau": s.string, "version": s.natural, "sha256": s.sha256}),
    "explanations": s.many(
        s.fields({"at": s.utc, "who": s.string, "reason": s.string}), most=_MOST
    ),
    "summary": s.fields({state.value: s.natural for state in State}),
    "rows": s.many(s.fields(_row), most=_MOST),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportVerdict:
    """What was found of a signed report.

    Attributes:
        report: As the bureau signed it; None where nobody vouches for it.
        findings: What is wrong, worst first; every one is broken.
    """

    report: JsonObject | None
    findings: tuple[Finding, ...]

    @property
    def judgement(self) -> Judgement:
        """Whether it is what the bureau signed."""
        return Judgement.BROKEN if self.findings else Judgement.VERIFIED

    def to_json(self) -> JsonObject:
        """For machines."""
        return {
            "judgement": self.judgement.value,
            "report": self.report,
            "findings": Verdict.findings_to_json(self.findings),
        }


def sign(report: JsonObject, signer: jws.Signer, certificate: x509.Certificate) -> bytes:
    """The file: the report, and the same as the bureau's receipt key signed it.

    Raises:
        EvidenceError: It is no report, or too large.
    """
    s.check_fields(_REPORT, report, "report")
    token = signed_word(report, jws.TYP_REPORT, signer, certificate)
    content = canonical.dumps({"report": report, "signature": token.decode("ascii")})
    if len(content) > MAX_REPORT_BYTES:
        raise LimitError(f"a report of {len(content)} bytes is too large")
    return content


def judge(content: bytes, ca: x509.Certificate, *, journal: bytes | None = None) -> ReportVerdict:
    """Judge such a file, whenever: certificates are held against the CA and not against a clock.

    Args:
        content: The file.
        ca: The pinned bureau CA: the only thing that is trusted.
        journal: Of the recording that it is said to be on; None where it is not at hand.
    """
    findings = Findings()
    try:
        said, signed = _read(content, ca)
        for change in _changes(signed, said):
            findings.add("report_differs", change)
    except EvidenceError as error:
        findings.add("report_invalid", error.detail)
        return ReportVerdict(report=None, findings=tuple(findings.listed()))
    if journal is not None and sha256_hex(journal) != signed["journal_sha256"]:
        findings.add("report_foreign", f"it is on {signed['session']}", file=JOURNAL_NAME)
    return ReportVerdict(report=signed, findings=tuple(findings.listed()))


def _read(content: bytes, ca: x509.Certificate) -> tuple[JsonObject, JsonObject]:
    """What stands in the file, and what the bureau signed."""
    whole = canonical.loads(content, limit=MAX_REPORT_BYTES)
    if whole.keys() != {"report", "signature"} or not isinstance(whole["signature"], str):
        raise MalformedError("a file of a report has report and signature")
    token = whole["signature"].encode("ascii", "replace")
    signed = read_word(token, jws.TYP_REPORT, ca, limit=MAX_REPORT_BYTES)
    s.check_fields(_REPORT, signed, "report")
    return whole["report"], signed


def _changes(signed: JsonObject, said: object) -> Iterator[str]:
    """Everything that is not as it was signed, by its place; nothing where each byte is."""
    if canonical.dumps({"": said}) == canonical.dumps({"": signed}):
        return
    was, here = dict(_leaves(signed, "")), dict(_leaves(said, ""))
    places = [place for place in {**was, **here} if was.get(place) != here.get(place)]
    for place in places:
        before, now = was.get(place, _NOTHING), here.get(place, _NOTHING)
        yield f"{place or 'report'}: signed {before}, here {now}"
    if not places:
        yield "everything stands here, but in another order or twice"


def _leaves(value: object, place: str) -> Iterator[tuple[str, str]]:
    """Every value with its place, such as ``rows.C8.state``."""
    if isinstance(value, dict) and value:
        parts = [(name, value[name]) for name in sorted(value)]
    elif isinstance(value, list) and value:
        parts = [(_name(one, number), one) for number, one in enumerate(value)]
    else:
        told = json.dumps(value, ensure_ascii=False)
        # The digest tells apart what has the same beginning.
        long = f"{told[:_LONGEST]}… (sha256 {sha256_hex(told.encode())[:12]})"
        yield place, told if len(told) <= _LONGEST else long
        return
    for name, part in parts:
        yield from _leaves(part, f"{place}.{name}" if place else name)


def _name(one: object, number: int) -> str:
    row = one.get("row") if isinstance(one, dict) else None
    return row if isinstance(row, str) else str(number)
