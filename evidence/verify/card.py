"""A whole card: does it hold what the device's own log says it holds?

Owns what no single session can tell: sessions that are gone, sessions that the log should know,
receipts and words that are not the ones it names. Every session on the card is judged alone as
well. Refuses files: ``evidence.store.card`` reads them. What nobody but the bureau can tell (a card
that was put back to an older state as a whole) is not found here: ``docs/security.md`` says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cryptography import x509

from evidence import assignment, journal, jws, receipt, rulebook
from evidence.canonical import JsonObject
from evidence.digests import sha256_hex
from evidence.errors import EvidenceError
from evidence.ids import DEVICE_LOG_NAME
from evidence.verify.bundle import Bundle
from evidence.verify.case import Case
from evidence.verify.device_log import LogReading, read_device_log
from evidence.verify.findings import Finding, Findings, Severity
from evidence.verify.policy import RULEBOOK_NAME
from evidence.verify.verdict import Judgement, Verdict

ASSIGNMENT_NAME = "assignment.jws"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Everything on a recorder's medium that was signed.

    Attributes:
        device_log: The device log.
        sessions: Session id → journal and files.
        receipts: Session id and kind → the receipt.
        rulebook: The rulebook in force, or None.
        root: The root document, or None.
        assignment: The assignment in force, or None.
    """

    device_log: bytes
    sessions: Mapping[str, Bundle]
    receipts: Mapping[tuple[str, str], bytes]
    rulebook: bytes | None = None
    root: bytes | None = None
    assignment: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardVerdict:
    """What was found on a card.

    Attributes:
        device: Device id by its certificate; None where none was reached from the CA.
        findings: About log and card, worst first.
        sessions: The verdict on each session, by counter.
    """

    device: str | None
    findings: tuple[Finding, ...]
    sessions: tuple[Verdict, ...]

    @property
    def broken(self) -> list[Finding]:
        """Every broken finding once, of the card and of its sessions."""
        found = [*self.findings, *(one for each in self.sessions for one in each.findings)]
        broken = [one for one in found if one.severity is Severity.BROKEN]
        # What is wrong with the log itself, each session's verdict repeats.
        return list({(one.code, one.file, one.record, one.detail): one for one in broken}.values())

    @property
    def judgement(self) -> Judgement:
        """The worst of all."""
        if self.broken:
            return Judgement.BROKEN
        verdicts = {one.judgement for one in self.sessions}
        told = any(one.severity is Severity.EXPLAINED for one in self.findings)
        if told or Judgement.EXPLAINED in verdicts:
            return Judgement.EXPLAINED
        return Judgement.VERIFIED

    def to_json(self) -> JsonObject:
        """For machines."""
        card = Verdict.findings_to_json(self.findings)
        return {
            "judgement": self.judgement.value,
            "device": self.device,
            "findings": card,
            "sessions": [one.to_json() for one in self.sessions],
        }


def verify_card(card: Card, ca: x509.Certificate) -> CardVerdict:
    """Judge a card.

    Args:
        card: Its bytes.
        ca: The pinned bureau CA: the only thing that is trusted.
    """
    findings = Findings()
    log = read_device_log(card.device_log, None, ca, findings)
    begun = [sid for sid, bundle in card.sessions.items() if _is_begun(sid, bundle, log)]
    verdicts = {sid: Case(_whole(card, sid), ca).judge() for sid in begun}
    for sid, verdict in verdicts.items():
        if verdict.session not in (None, sid):
            findings.add("session_misplaced", f"{sid} holds {verdict.session}", file=sid)
    if log.whole:
        _check_presence(card, log, findings)
    _check_receipts(card, log, ca, findings)
    _check_words(card, log, ca, findings)
    return CardVerdict(
        device=log.device,
        findings=tuple(findings.listed()),
        sessions=tuple(sorted(verdicts.values(), key=lambda one: one.counter or 0)),
    )


def _is_begun(sid: str, bundle: Bundle, log: LogReading) -> bool:
    """Whether there is a session to judge: a crash before ``open`` was whole leaves only a name."""
    return sid in log.sessions or bool(journal.payloads(bundle.journal))


def _whole(card: Card, sid: str) -> Bundle:
    """A session with its witnesses; a rulebook that it was not opened under is none."""
    bundle = card.sessions[sid]
    opened = _opened(bundle)
    named = opened.get("rulebook", {}).get("sha256") if opened else None
    book = card.rulebook
    ours = book is not None and sha256_hex(book) == named
    return replace(
        bundle,
        device_log=card.device_log,
        committed=card.receipts.get((sid, "committed")),
        stored=card.receipts.get((sid, "stored")),
        rulebook=book if ours else None,
        root=card.root if ours else None,
    )


def _opened(bundle: Bundle) -> JsonObject | None:
    """What the journal's ``open`` record says, unverified; None where there is none."""
    records = journal.payloads(bundle.journal)
    return records[0] if records and records[0].get("t") == "open" else None


def _check_presence(card: Card, log: LogReading, findings: Findings) -> None:
    for sid, entry in log.sessions.items():
        if sid not in card.sessions and sid not in log.released:
            findings.add("session_gone", f"session {entry['counter']}, {sid}", file=DEVICE_LOG_NAME)
    for sid, bundle in card.sessions.items():
        if sid not in log.sessions and _is_overdue(bundle, log):
            findings.add("session_unentered", sid, file=DEVICE_LOG_NAME)


def _is_overdue(bundle: Bundle, log: LogReading) -> bool:
    """Whether the vault has started again since, and done more than recover."""
    started = _last_start(bundle)
    if started is None:
        return False
    at = log.starts.get(started)
    later = [number for number in log.starts.values() if at is None or number > at]
    return at is None or any(number < log.awake for number in later)


def _last_start(bundle: Bundle) -> str | None:
    """Id of the start of the vault that the journal's last statement names."""
    stated = [one for one in journal.payloads(bundle.journal) if one.get("t") in ("open", "resume")]
    try:
        said = jws.parse(str(stated[-1]["chainkey"]).encode(), jws.TYP_CHAIN_KEY).payload()
        return str(said["start_id"])
    except (EvidenceError, IndexError, KeyError):
        return None


def _check_receipts(card: Card, log: LogReading, ca: x509.Certificate, findings: Findings) -> None:
    for (sid, kind), token in card.receipts.items():
        name = f"{sid}.{kind}.jws"
        named = log.receipts.get((sid, kind))
        if named is not None and named != sha256_hex(token):
            findings.add("receipt_unrecorded", name, file=name)
        if sid in card.sessions:
            continue
        try:
            receipt.read_receipt(token, ca)
        except EvidenceError as error:
            findings.add("receipt_invalid", error.detail, file=name)


def _check_words(card: Card, log: LogReading, ca: x509.Certificate, findings: Findings) -> None:
    if card.assignment is not None:
        _check_assignment(card, card.assignment, log, ca, findings)
    if card.rulebook is not None and card.root is not None:
        _check_rulebook(card, card.rulebook, card.root, log, ca, findings)


def _check_assignment(
    card: Card, token: bytes, log: LogReading, ca: x509.Certificate, findings: Findings
) -> None:
    try:
        held = assignment.read(token, ca, device=log.device)
    except EvidenceError as error:
        findings.add("word_differs", error.detail, file=ASSIGNMENT_NAME)
        return
    used = max((one.get("assignment") or 0 for one in _all_opened(card)), default=0)
    adopted = log.adopted.get("assignment")
    _compare(ASSIGNMENT_NAME, (held.number, sha256_hex(token)), adopted, used, findings)


def _check_rulebook(
    card: Card,
    content: bytes,
    root: bytes,
    log: LogReading,
    ca: x509.Certificate,
    findings: Findings,
) -> None:
    try:
        book = rulebook.read_rulebook(content, rulebook.read_root(root, ca))
    except EvidenceError as error:
        findings.add("rulebook_invalid", error.detail, file=RULEBOOK_NAME)
        return
    used = max((one["rulebook"]["version"] for one in _all_opened(card)), default=0)
    adopted = log.adopted.get("rulebook")
    _compare(RULEBOOK_NAME, (book.version, book.sha256), adopted, used, findings)


def _all_opened(card: Card) -> list[dict[str, Any]]:
    found = (_opened(bundle) for bundle in card.sessions.values())
    return [one for one in found if one is not None]


def _compare(
    name: str,
    held: tuple[int, str],
    adopted: tuple[int, str] | None,
    used: int,
    findings: Findings,
) -> None:
    """What is in force was adopted last, or is newer: adopting is recorded after it is done."""
    number, _ = held
    least = max(used, adopted[0] if adopted is not None else 0)
    if number < least:
        findings.add("word_differs", f"number {number} where {least} was in force", file=name)
    elif adopted is not None and number == adopted[0] and held != adopted:
        findings.add("word_differs", f"another number {number}", file=name)
