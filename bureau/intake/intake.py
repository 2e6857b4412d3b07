"""The intake: what becomes of every message of a device.

Owns the way of a session through the desk: log ▸ journal (committed) ▸ files ▸ verified ▸ stored,
each step on the medium before it is answered and repeatable after a crash. Refuses to acknowledge
what is not on the disk, to take a byte that no verified record names, and to discard anything: what
does not verify is quarantined with its reason.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Final, NoReturn

from cryptography import x509

from bureau.archive import Archive
from bureau.clock import Clock
from bureau.errors import BureauError, RefusedError
from bureau.intake.case import bundle_of
from bureau.intake.holdings import Holdings
from bureau.intake.message import Message, Outgoing, answer, pause, refusal
from bureau.intake.partials import Partial, Partials, Target
from bureau.intake.rulebooks import Rulebooks
from bureau.intake.summary import summarise
from bureau.ledger import DeviceRow, Ledger, QuarantineRow, ReceiptRow, SessionRow
from bureau.receipts import Holding, Issued, ReceiptBook
from bureau.registry import Registry
from evidence import wire
from evidence.canonical import JsonObject
from evidence.digests import sha256_hex
from evidence.errors import EvidenceError, RecordError, WireError
from evidence.ids import JOURNAL_NAME
from evidence.moments import utc_ns, utc_text
from evidence.receipt import ReceiptKind
from evidence.verify import Finding, Judgement, Severity, Verdict, verify
from evidence.wire import ReasonCode, Response, Topics

_log = logging.getLogger(__name__)

RETRY_AFTER_FULL_S: Final = 60
_HOUR_NS: Final = 3_600 * 1_000_000_000
_MOST_REASONS: Final = 100
_KINDS: Final[tuple[ReceiptKind, ...]] = ("committed", "stored")


@dataclass(frozen=True, kw_only=True)
class Office:
    """Everything the intake works with.

    Attributes:
        ca: The bureau CA.
        registry: Who may speak.
        archive: Where evidence ends up.
        partials: Where it arrives.
        book: Signs receipts.
        ledger: The searchable record.
        rulebooks: Every rulebook signed.
        clock: Says when.
    """

    ca: x509.Certificate
    registry: Registry
    archive: Archive
    partials: Partials
    book: ReceiptBook
    ledger: Ledger
    rulebooks: Rulebooks
    clock: Clock


class Intake:
    """Takes messages, returns what the desk publishes. One thread uses it."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._devices: dict[str, Holdings] = {}

    def recover(self) -> None:
        """Take up every session where a crash left it."""
        for device in self._office.registry.devices():
            if not self._office.archive.log(device).exists():
                continue
            holdings = self._holdings(device)
            for sid in holdings.sessions():
                if self._office.archive.holds(device, sid, JOURNAL_NAME):
                    self._take_up(holdings, sid)

    def _take_up(self, holdings: Holdings, sid: str) -> None:
        try:
            self._advance(holdings, sid)
        except RefusedError as error:
            # In quarantine, before or by now: a person has to look.
            _log.warning("session %s: %s", sid, error.detail)

    def greet(self) -> list[Outgoing]:
        """What a fresh connection publishes: receipts that no device has acknowledged."""
        known = self._office.ledger.acknowledged()
        waiting = (one for one in self._office.book.all() if one.serial not in known)
        return [_published(issued) for issued in waiting]

    def handle(self, message: Message) -> list[Outgoing]:
        """Take one message."""
        try:
            topic = wire.parse_topic(message.topic)
        except WireError as error:
            _log.warning("ignored: %s", error.detail)
            return []
        try:
            self._office.registry.admit(topic.device)
            return self._take(topic, message)
        except (BureauError, EvidenceError) as error:
            _log.warning("%s refused: %s", message.topic, error.detail)
            return [refusal(topic.device, message.topic, f"{error.code}: {error.detail}"[:500])]
        except OSError as error:
            _log.exception("%s cannot be served now", message.topic)
            return [
                pause(topic.device, message.topic, f"storage: {error}"[:500], RETRY_AFTER_FULL_S)
            ]

    def flush(self) -> list[Outgoing]:
        """Put what arrived on the medium and acknowledge it."""
        try:
            synced = self._office.partials.sync()
        except OSError:
            # Nothing is acknowledged; the devices send it again when the disk takes it.
            _log.exception("what arrived cannot be put on the medium")
            return []
        return [_acknowledged(partial, offsets) for partial, offsets in synced if offsets]

    def _take(self, topic: wire.DeviceTopic, message: Message) -> list[Outgoing]:
        match topic:
            case wire.ChunkTopic():
                return self._chunk(topic, message)
            case wire.InitTopic():
                return self._init(topic, message)
            case wire.FinTopic():
                return [*self.flush(), *self._fin(topic, message)]
            case wire.LogTopic():
                return self._extend_log(topic.device, message)
            case wire.StateTopic():
                return self._note_state(topic.device, message)
            case wire.ReceiptAckTopic():
                at = self._office.clock.utc()
                self._office.ledger.acknowledge(topic.device, topic.sid, topic.kind, at)
                return [Outgoing(message.topic.removesuffix("/ack"), b"", retain=True)]

    # The device log.

    def _extend_log(self, device: str, message: Message) -> list[Outgoing]:
        batch = wire.decode_log(message.payload)
        holdings = self._holdings(device)
        log = holdings.chain
        fork = log.differs(batch.first, batch.lines)
        if fork is not None:
            return self._quarantine_log(device, message, f"line {fork} differs from the one held")
        if batch.first > log.lines:
            return [answer(device, _success(message.topic, next_index=log.lines))]
        extension = log.extend(batch.lines[log.lines - batch.first :])
        if extension.accepted:
            self._office.archive.append_log(device, extension.accepted)
            holdings.learn()
        if extension.refusal is not None:
            return self._quarantine_log(device, message, extension.refusal)
        return [answer(device, _success(message.topic, next_index=log.lines))]

    def _quarantine_log(self, device: str, message: Message, why: str) -> list[Outgoing]:
        name = f"log-{sha256_hex(message.payload)[:16]}"
        self._office.archive.quarantine_content(device, name, message.payload, {"reason": why})
        self._note_quarantine(device, name, why)
        return [refusal(device, message.topic, f"device_log: {why}"[:500])]

    # Files.

    def _init(self, topic: wire.InitTopic, message: Message) -> list[Outgoing]:
        meta = wire.decode_meta(message.payload)
        target = self._holdings(topic.device).target(topic.fid)
        named = (target.name, target.facts.size, target.facts.sha256, target.sid)
        if (meta.name, meta.size, meta.checksum, meta.sid) != named:
            # An empty file has the same id wherever it stands; its session's record decides.
            target = self._empty_file(topic, meta)
        if self._is_held(target):
            return [answer(topic.device, _success(message.topic, done=True))]
        if target.facts.size == 0:
            return [answer(topic.device, _success(message.topic))]
        partial = self._office.partials.open(target)
        return [answer(topic.device, _success(message.topic, have=partial.ranges()))]

    def _empty_file(self, topic: wire.InitTopic, meta: wire.FileMeta) -> Target:
        holdings = self._holdings(topic.device)
        summary = holdings.summary(meta.sid)
        facts = summary.files.get(meta.name) if summary is not None else None
        if facts is None or facts.size != 0 or meta.size != 0:
            raise RefusedError("the transfer names another file than the verified record")
        return replace(holdings.target(topic.fid), sid=meta.sid, name=meta.name)

    def _chunk(self, topic: wire.ChunkTopic, message: Message) -> list[Outgoing]:
        target = self._holdings(topic.device).target(topic.fid)
        if self._is_held(target):
            response = _success(message.topic, acknowledged=(topic.offset,))
            return [answer(topic.device, response)]
        partial = self._office.partials.open(target)
        if partial.write(topic.offset, message.payload, topic.sha256):
            return []
        return [answer(topic.device, _resend(message.topic, "the chunk arrived altered"))]

    def _fin(self, topic: wire.FinTopic, message: Message) -> list[Outgoing]:
        holdings = self._holdings(topic.device)
        target = holdings.target(topic.fid)
        if (topic.size, topic.sha256) != (target.facts.size, target.facts.sha256):
            raise RefusedError("fin names another file than the verified record")
        if not self._is_held(target) and not self._admit(target):
            have = self._office.partials.open(target).ranges()
            return [answer(topic.device, _resend(message.topic, "not whole yet", have))]
        receipts = self._advance(holdings, target.sid)
        return [answer(topic.device, _success(message.topic, done=True)), *receipts]

    def _admit(self, target: Target) -> bool:
        """Archive a file once it has been read back whole."""
        archive, partials = self._office.archive, self._office.partials
        if target.facts.size == 0:
            self._admit_empty(target)
            return True
        partial = partials.open(target)
        if not partial.whole or not partial.read_back():
            return False
        partials.forget(partial)
        archive.admit(partials.path(target), target.device, target.sid, target.name)
        return True

    def _admit_empty(self, target: Target) -> None:
        """Every empty file of the device has this id: all of them are here now."""
        holdings = self._holdings(target.device)
        for sid in holdings.sessions():
            summary = holdings.summary(sid)
            for name, facts in summary.files.items() if summary is not None else ():
                if facts.size == 0:
                    self._office.archive.admit_empty(target.device, sid, name)

    def _is_held(self, target: Target) -> bool:
        return self._office.archive.holds(target.device, target.sid, target.name)

    # Sessions.

    def _advance(self, holdings: Holdings, sid: str) -> list[Outgoing]:
        """Take a session as far as what is held allows; each step is idempotent."""
        device = holdings.device
        if holdings.quarantined(sid):
            raise RefusedError(f"session {sid} is in quarantine", code="quarantined")
        if self._office.book.find(device, sid, "committed") is None:
            self._commit(holdings, sid)
        if holdings.is_complete(sid) and self._office.book.find(device, sid, "stored") is None:
            self._store(holdings, sid)
        issued = (self._office.book.find(device, sid, kind) for kind in _KINDS)
        return [_published(one) for one in issued if one is not None]

    def _commit(self, holdings: Holdings, sid: str) -> None:
        """The journal is here: verify it alone, enter it, receipt it."""
        device = holdings.device
        contested = holdings.chain.contested.get(sid)
        if contested is not None:
            self._quarantine(holdings, sid, contested, ())
        verdict = self._judge(device, sid, files=False)
        if verdict.judgement is Judgement.BROKEN:
            self._quarantine(holdings, sid, "the journal does not verify", verdict.findings)
        path = self._office.archive.file(device, sid, JOURNAL_NAME)
        try:
            summary = summarise(path.read_bytes())
        except RecordError as error:
            self._quarantine(holdings, sid, error.detail, verdict.findings)
        holdings.admit(summary)
        self._office.ledger.put(self._row(holdings, sid, verdict))
        self._issue("committed", holdings, sid)

    def _store(self, holdings: Holdings, sid: str) -> None:
        """Every file is here: verify all of it, enter it, receipt it."""
        device = holdings.device
        verdict = self._judge(device, sid, files=True)
        if verdict.judgement is Judgement.BROKEN:
            self._quarantine(holdings, sid, "the session does not verify", verdict.findings)
        issued = self._issue("stored", holdings, sid)
        self._office.ledger.put(self._row(holdings, sid, verdict, stored=issued))
        self._office.partials.finish_session(device, sid)

    def _issue(self, kind: ReceiptKind, holdings: Holdings, sid: str) -> Issued:
        claim = holdings.claim(sid)
        holding = Holding(
            device=holdings.device,
            sid=sid,
            counter=claim.counter,
            root=claim.root,
            files=holdings.files(sid),
        )
        issued = self._office.book.issue(kind, holding)
        self._office.ledger.put(
            ReceiptRow(
                serial=issued.serial,
                device=issued.device,
                sid=sid,
                kind=kind,
                sha256=sha256_hex(issued.read()),
                acknowledged=None,
            )
        )
        return issued

    def _judge(self, device: str, sid: str, *, files: bool) -> Verdict:
        office = self._office
        bundle = bundle_of(office.archive, office.book, office.rulebooks, device, sid)
        return verify(bundle if files else replace(bundle, files=None), office.ca)

    def _quarantine(
        self, holdings: Holdings, sid: str, why: str, findings: tuple[Finding, ...]
    ) -> NoReturn:
        """Put a session aside; raises, since nothing more is to be done with it here.

        Raises:
            RefusedError: Always.
        """
        reason: JsonObject = {
            "reason": why,
            "findings": [
                {"code": one.code, "record": one.record, "file": one.file, "detail": one.detail}
                for one in findings
                if one.severity is Severity.BROKEN
            ][:_MOST_REASONS],
        }
        self._office.partials.finish_session(holdings.device, sid)
        self._office.archive.quarantine(holdings.device, sid, reason)
        self._note_quarantine(holdings.device, sid, why)
        self._office.ledger.set_state(holdings.device, sid, "quarantined", verdict="broken")
        raise RefusedError(f"session {sid} was put in quarantine: {why}", code="quarantined")

    def _note_quarantine(self, device: str, name: str, why: str) -> None:
        self._office.ledger.put(
            QuarantineRow(device=device, name=name, reason=why, since=self._office.clock.utc())
        )

    def _note_state(self, device: str, message: Message) -> list[Outgoing]:
        state = wire.decode_state(message.payload)
        text = message.payload.decode()
        _log.info("%s is %s", device, "online" if state.online else "offline")
        self._office.ledger.put(DeviceRow(device=device, seen=self._office.clock.utc(), state=text))
        return []

    def _row(
        self, holdings: Holdings, sid: str, verdict: Verdict, stored: Issued | None = None
    ) -> SessionRow:
        summary, files = holdings.summary(sid), holdings.files(sid)
        if summary is None:
            raise RefusedError(f"the journal of {sid} is not here")
        hours = self._office.rulebooks.number(summary.rulebook, "upload.deadline_hours")
        deadline = None if hours is None else utc_text(utc_ns(summary.ended) + hours * _HOUR_NS)
        return SessionRow(
            device=holdings.device,
            sid=sid,
            counter=summary.counter,
            officer=summary.officer,
            custodian=summary.custodian,
            activity=summary.activity,
            started=summary.started,
            ended=summary.ended,
            reason=summary.reason,
            segments=summary.segments,
            interruptions=summary.interruptions,
            disclosure=summary.disclosure,
            files=len(files),
            size=sum(file.size for file in files),
            state="stored" if stored is not None else "committed",
            verdict=verdict.judgement.value,
            deadline=deadline,
            stored=self._office.clock.utc() if stored is not None else None,
        )

    def _holdings(self, device: str) -> Holdings:
        if device not in self._devices:
            self._devices[device] = Holdings(device, self._office.archive, self._office.ca)
        return self._devices[device]


def _success(topic: str, **values: object) -> Response:
    return Response(topic=topic, reason_code=ReasonCode.SUCCESS, **values)  # type: ignore[arg-type]


def _resend(topic: str, why: str, have: tuple[tuple[int, int], ...] = ()) -> Response:
    return Response(topic=topic, reason_code=ReasonCode.RESEND, reason_description=why, have=have)


def _acknowledged(partial: Partial, offsets: tuple[int, ...]) -> Outgoing:
    target = partial.target
    last = offsets[-1]
    topic = Topics(target.device).chunk(target.fid, last, target.sha256_at(last))
    return answer(target.device, _success(topic, acknowledged=offsets))


def _published(issued: Issued) -> Outgoing:
    topic = Topics(issued.device).receipt(issued.sid, issued.kind)
    return Outgoing(topic, issued.read(), retain=True)
