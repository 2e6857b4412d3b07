"""The intake: what becomes of every message of a device.

Owns the way of a session through the desk: log ▸ journal (committed) ▸ files ▸ verified ▸ stored,
each step on the medium before it is answered and repeatable after a crash. Refuses to acknowledge
what is not on the disk, to take a byte that no verified record names, and to discard anything: what
does not verify is quarantined with its reason.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, NoReturn

from cryptography import x509

from bureau.archive import Archive
from bureau.clock import Clock
from bureau.errors import BureauError, LedgerError, RefusedError
from bureau.intake.case import bundle_of
from bureau.intake.holdings import Holdings
from bureau.intake.message import Message, Outgoing, answer, pause, refusal
from bureau.intake.partials import Partials, Target
from bureau.intake.rulebooks import Rulebooks
from bureau.intake.summary import summarise
from bureau.ledger import DeviceRow, Ledger, QuarantineRow, ReceiptRow, SessionRow
from bureau.receipts import Holding, Issued, ReceiptBook
from bureau.registry import Registry
from evidence import jws, wire
from evidence.canonical import JsonObject
from evidence.digests import CHUNK_BYTES, sha256_hex
from evidence.errors import EvidenceError, RecordError, WireError
from evidence.ids import JOURNAL_NAME, is_device_id
from evidence.journal import NEWLINE
from evidence.limits import MAX_RECEIPT_BYTES
from evidence.moments import utc_ns, utc_text
from evidence.receipt import ReceiptKind
from evidence.verify import Bundle, Finding, Judgement, Severity, Verdict, verify
from evidence.wire import MAX_PACKET_BYTES, ReasonCode, Response, Topics

_log = logging.getLogger(__name__)

RETRY_AFTER_FULL_S: Final = 60
GROUP_BYTES: Final = 8 * 1024 * 1024
GROUP_NS: Final = 20_000_000
"""What was written is synced and acknowledged after so many bytes or so long, what comes first."""
WINDOW_BYTES: Final = 8 * 1024 * 1024
"""In flight from one device, at most."""
FLIGHT_BYTES: Final = 128 * 1024 * 1024
"""In flight from all devices: what a broker queues for the desk without dropping any."""
RESERVE_BYTES: Final = 1024 * 1024 * 1024
"""Free on the archive's medium, below which devices have to wait."""

_HOUR_NS: Final = 3_600 * 1_000_000_000
_MOST_REASONS: Final = 100
_KINDS: Final[tuple[ReceiptKind, ...]] = ("committed", "stored")
_LONGEST_DETAIL: Final = 500


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
        free_bytes: Free on the archive's medium.
    """

    ca: x509.Certificate
    registry: Registry
    archive: Archive
    partials: Partials
    book: ReceiptBook
    ledger: Ledger
    rulebooks: Rulebooks
    clock: Clock
    free_bytes: Callable[[], int]


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A session of which every file is archived, before its judge."""

    device: str
    sid: str
    bundle: Bundle


class Intake:
    """Takes messages, returns what the desk publishes. One thread uses it; ``judge`` any may."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._devices: dict[str, Holdings] = {}
        self._whole: deque[tuple[str, str]] = deque()
        self._unsettled: list[tuple[str, str]] = []
        self._group_bytes = 0
        self._group_since_ns: int | None = None

    # What the desk calls.

    def handle(self, message: Message) -> list[Outgoing]:
        """Take one message; whatever it is, it ends in an answer."""
        try:
            topic = wire.parse_topic(message.topic)
        except WireError as error:
            return self._refuse_topic(message.topic, error)
        device = topic.device
        try:
            self._office.registry.admit(device)
            return self._take(topic, message)
        except LedgerError as error:
            _log.exception("%s cannot be served now", message.topic)
            return [pause(device, message.topic, error.detail[:500], RETRY_AFTER_FULL_S)]
        except (BureauError, EvidenceError) as error:
            _log.warning("%s refused: %s", message.topic, error.detail)
            why = f"{error.code}: {error.detail}"[:_LONGEST_DETAIL]
            return [refusal(device, message.topic, why)]
        except OSError as error:
            _log.exception("%s cannot be served now", message.topic)
            self._forget(device)
            why = f"storage: {error.strerror}"
            return [pause(device, message.topic, why, RETRY_AFTER_FULL_S)]
        except Exception:  # noqa: BLE001 - one message must not end the desk for all devices
            _log.exception("%s shows a fault of the desk", message.topic)
            self._forget(device)
            return [refusal(device, message.topic, "the desk could not take it; see its log")]

    def flush(self) -> list[Outgoing]:
        """Put what arrived on the medium and acknowledge it."""
        self._group_bytes, self._group_since_ns = 0, None
        try:
            synced = self._office.partials.sync()
        except OSError:
            # Nothing is acknowledged; the devices send it again when the disk takes it.
            _log.exception("what arrived cannot be put on the medium")
            return []
        return [self._acknowledged(each.target, offsets) for each, offsets in synced if offsets]

    @property
    def unsynced(self) -> bool:
        """Whether something was written that is not acknowledged yet."""
        return self._group_since_ns is not None

    def is_due(self) -> bool:
        """Whether ``flush`` must not wait any longer."""
        if self._group_since_ns is None:
            return False
        waited_ns = self._office.clock.mono_ns() - self._group_since_ns
        return self._group_bytes >= GROUP_BYTES or waited_ns >= GROUP_NS

    def greet(self) -> list[Outgoing]:
        """What a fresh connection publishes: receipts that no device has acknowledged."""
        self._whole.extend(self._unsettled)
        self._unsettled = []
        known = self._office.ledger.acknowledged()
        waiting = (one for one in self._office.book.all() if one.serial not in known)
        return [_published(issued) for issued in waiting]

    def next_whole(self) -> Whole | None:
        """The next session that waits for its judge, or None."""
        while self._whole:
            device, sid = self._whole.popleft()
            if self._holdings(device).is_over(sid):
                continue
            return Whole(device=device, sid=sid, bundle=self._bundle(device, sid))
        return None

    def judge(self, whole: Whole) -> Verdict:
        """Verify a whole session; reads every file and changes nothing."""
        return verify(whole.bundle, self._office.ca)

    def conclude(self, whole: Whole, verdict: Callable[[], Verdict]) -> list[Outgoing]:
        """What follows from the verdict: a ``stored`` receipt, or quarantine.

        Args:
            whole: The session.
            verdict: Gives the verdict, or raises what ended the judging.
        """
        try:
            return self._store(self._holdings(whole.device), whole.sid, verdict())
        except RefusedError as error:
            _log.error("%s", error.detail)
        except (BureauError, EvidenceError, OSError):
            # Judged again at the next connection, or when the device asks again.
            _log.exception("session %s cannot be stored now", whole.sid)
            self._unsettled.append((whole.device, whole.sid))
        return []

    def settle(self) -> list[Outgoing]:
        """Judge every session that waits, here and now."""
        outgoing: list[Outgoing] = []
        while (whole := self.next_whole()) is not None:
            outgoing += self.conclude(whole, partial(self.judge, whole))
        return outgoing

    def recover(self) -> None:
        """Take up every session where a crash left it, and whatever the ledger lost."""
        listed = self._office.ledger.states()
        self._relist_receipts()
        for device, sid in self._office.archive.sessions():
            try:
                self._take_up(device, sid, listed.get((device, sid)))
            except RefusedError as error:
                # In quarantine, before or by now: a person has to look.
                _log.warning("session %s: %s", sid, error.detail)
            except (BureauError, EvidenceError, OSError):
                _log.exception("session %s cannot be taken up now", sid)

    # After a start.

    def _take_up(self, device: str, sid: str, listed: str | None) -> None:
        archive = self._office.archive
        reason = archive.reason(device, sid)
        if reason is not None:
            archive.quarantine(device, sid, reason)
            if listed == "quarantined":
                return
        if listed == "stored" and self._office.book.find(device, sid, "stored") is not None:
            return
        holdings = self._holdings(device)
        if not archive.holds(device, sid, JOURNAL_NAME):
            return
        if holdings.is_over(sid):
            self._relist(holdings, sid)
        else:
            self._advance(holdings, sid)

    def _relist_receipts(self) -> None:
        """Give the ledger every receipt that it lost, or that a crash kept from it."""
        known = self._office.ledger.serials()
        for issued in self._office.book.all():
            if issued.serial not in known:
                self._list_receipt(issued)

    def _relist(self, holdings: Holdings, sid: str) -> None:
        """Give the ledger the row of a session that is over."""
        device = holdings.device
        if holdings.quarantined(sid):
            reason = self._office.archive.reason(device, sid) or {}
            self._note_quarantine(device, sid, str(reason.get("reason", "")))
        verdict = self._judge_journal(device, sid)
        row = self._row(holdings, sid, verdict)
        issued = self._office.book.find(device, sid, "stored")
        if issued is not None:
            said = jws.parse(issued.read(), jws.TYP_RECEIPT, limit=MAX_RECEIPT_BYTES).payload()
            row.state, row.stored = "stored", said["stored_at"]
        if holdings.quarantined(sid):
            row.state, row.verdict = "quarantined", Judgement.BROKEN.value
        self._office.ledger.put(row)

    # Verbs.

    def _take(self, topic: wire.DeviceTopic, message: Message) -> list[Outgoing]:
        if len(message.payload) > MAX_PACKET_BYTES:
            raise RefusedError(f"{len(message.payload)} bytes are more than a message has")
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
                return self._take_ack(topic, message)

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
        self._keep_aside(device, "log", message.payload, why)
        response = Response(
            topic=message.topic,
            reason_code=ReasonCode.REFUSED,
            reason_description=f"device_log: {why}"[:_LONGEST_DETAIL],
            next_index=self._holdings(device).chain.lines,
        )
        return [answer(device, response)]

    def _keep_aside(self, device: str, what: str, content: bytes, why: str) -> None:
        _log.error("%s of %s: %s", what, device, why)
        name = f"{what}-{sha256_hex(content)[:16]}"
        reason: JsonObject = {"reason": why, "since": self._office.clock.utc()}
        self._office.archive.quarantine_content(device, name, content, reason)
        self._note_quarantine(device, name, why)

    # Files.

    def _init(self, topic: wire.InitTopic, message: Message) -> list[Outgoing]:
        meta = wire.decode_meta(message.payload)
        holdings = self._holdings(topic.device)
        target = _target_of(holdings, meta, topic.fid)
        holdings.aim(target)
        if self._is_held(target):
            return [answer(topic.device, _success(message.topic, done=True))]
        if holdings.quarantined(target.sid):
            raise RefusedError(f"session {target.sid} is in quarantine", code="quarantined")
        if self._is_full():
            return [self._full(topic.device, message.topic)]
        have = () if target.facts.size == 0 else self._office.partials.open(target).ranges()
        response = _success(message.topic, have=have, credit=self._credit())
        return [answer(topic.device, response)]

    def _chunk(self, topic: wire.ChunkTopic, message: Message) -> list[Outgoing]:
        holdings = self._holdings(topic.device)
        if holdings.session_over(topic.fid) is not None:
            return [answer(topic.device, _success(message.topic, done=True))]
        target = holdings.target(topic.fid)
        if self._is_held(target):
            response = _success(message.topic, acknowledged=(topic.offset,))
            return [answer(topic.device, response)]
        if self._is_full():
            return [self._full(topic.device, message.topic)]
        arriving = self._office.partials.open(target)
        if not arriving.write(topic.offset, message.payload, topic.sha256):
            return [answer(topic.device, _resend(message.topic, "the chunk arrived altered"))]
        self._group_bytes += len(message.payload)
        if self._group_since_ns is None:
            self._group_since_ns = self._office.clock.mono_ns()
        return []

    def _fin(self, topic: wire.FinTopic, message: Message) -> list[Outgoing]:
        holdings = self._holdings(topic.device)
        done = answer(topic.device, _success(message.topic, done=True))
        over = holdings.session_over(topic.fid)
        if over is not None:
            return [done, *self._receipts(topic.device, over)]
        target = holdings.target(topic.fid)
        if (topic.size, topic.sha256) != (target.facts.size, target.facts.sha256):
            raise RefusedError("fin names another file than the verified record")
        repeated = self._is_held(target)
        if not repeated and not self._admit(target):
            have = self._office.partials.open(target).ranges()
            return [answer(topic.device, _resend(message.topic, "not whole yet", have))]
        holdings.arrived(target)
        issued = self._advance(holdings, target.sid)
        if repeated and not issued:
            issued = self._receipts(topic.device, target.sid)
        return [done, *issued]

    def _admit(self, target: Target) -> bool:
        """Archive a file once it has been read back whole."""
        archive, partials = self._office.archive, self._office.partials
        if target.facts.size == 0:
            archive.admit_empty(target.device, target.sid, target.name)
            return True
        arriving = partials.open(target)
        if not arriving.whole or not arriving.read_back():
            return False
        partials.forget(arriving)
        archive.admit(partials.path(target), target.device, target.sid, target.name)
        return True

    def _is_held(self, target: Target) -> bool:
        return self._office.archive.holds(target.device, target.sid, target.name)

    def _is_full(self) -> bool:
        return self._office.free_bytes() < RESERVE_BYTES

    def _full(self, device: str, topic: str) -> Outgoing:
        _log.error("less than %d bytes are free: devices have to wait", RESERVE_BYTES)
        return pause(device, topic, "the desk's disk is full", RETRY_AFTER_FULL_S)

    def _credit(self) -> int:
        share = FLIGHT_BYTES // max(1, self._office.partials.devices())
        return max(CHUNK_BYTES, min(WINDOW_BYTES, share))

    # Sessions.

    def _advance(self, holdings: Holdings, sid: str) -> list[Outgoing]:
        """Take a session as far as what is held allows; each step is idempotent."""
        device = holdings.device
        issued: list[Outgoing] = []
        if self._office.book.find(device, sid, "committed") is None:
            issued.append(_published(self._commit(holdings, sid)))
        if holdings.is_complete(sid) and (device, sid) not in self._whole:
            self._whole.append((device, sid))
        return issued

    def _commit(self, holdings: Holdings, sid: str) -> Issued:
        """The journal is here: verify it alone, enter it, receipt it."""
        device = holdings.device
        contested = holdings.chain.contested.get(sid)
        if contested is not None:
            self._quarantine(holdings, sid, contested, ())
        verdict = self._judge_journal(device, sid)
        if verdict.judgement is Judgement.BROKEN:
            self._quarantine(holdings, sid, "the journal does not verify", verdict.findings)
        path = self._office.archive.file(device, sid, JOURNAL_NAME)
        claim = holdings.claim(sid)
        try:
            summary = summarise(path.read_bytes())
        except RecordError as error:
            self._quarantine(holdings, sid, error.detail, verdict.findings)
        said = (summary.device, summary.sid, summary.counter, summary.root)
        if said != (device, sid, claim.counter, claim.root):
            why = "the journal is not of the session that the log names"
            self._quarantine(holdings, sid, why, verdict.findings)
        holdings.admit(summary)
        self._office.ledger.put(self._row(holdings, sid, verdict))
        return self._issue("committed", holdings, sid)

    def _store(self, holdings: Holdings, sid: str, verdict: Verdict) -> list[Outgoing]:
        """Every file is here and judged: enter it, receipt it."""
        device = holdings.device
        if holdings.is_over(sid):
            return self._receipts(device, sid)
        if verdict.judgement is Judgement.BROKEN:
            self._quarantine(holdings, sid, "the session does not verify", verdict.findings)
        # The row first: a receipt without one would be found by nobody.
        row = self._row(holdings, sid, verdict)
        row.state, row.stored = "stored", self._office.clock.utc()
        self._office.ledger.put(row)
        issued = self._issue("stored", holdings, sid)
        self._close(holdings, sid)
        _log.info("session %s of %s is stored: receipt %d", sid, device, issued.serial)
        return [_published(issued)]

    def _close(self, holdings: Holdings, sid: str) -> None:
        self._office.partials.finish_session(holdings.device, sid)
        holdings.finish(sid)

    def _receipts(self, device: str, sid: str) -> list[Outgoing]:
        """The receipts a session has, again."""
        issued = (self._office.book.find(device, sid, kind) for kind in _KINDS)
        return [_published(one) for one in issued if one is not None]

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
        self._list_receipt(issued)
        return issued

    def _list_receipt(self, issued: Issued) -> None:
        self._office.ledger.put_receipt(
            ReceiptRow(
                serial=issued.serial,
                device=issued.device,
                sid=issued.sid,
                kind=issued.kind,
                sha256=sha256_hex(issued.read()),
                acknowledged=None,
            )
        )

    def _bundle(self, device: str, sid: str) -> Bundle:
        office = self._office
        return bundle_of(office.archive, office.book, office.rulebooks, device, sid)

    def _judge_journal(self, device: str, sid: str) -> Verdict:
        return verify(replace(self._bundle(device, sid), files=None), self._office.ca)

    def _quarantine(
        self, holdings: Holdings, sid: str, why: str, findings: tuple[Finding, ...]
    ) -> NoReturn:
        """Put a session aside; raises, since nothing more is to be done with it here.

        Raises:
            RefusedError: Always.
        """
        device = holdings.device
        reason: JsonObject = {
            "reason": why,
            "since": self._office.clock.utc(),
            "findings": [
                {"code": one.code, "record": one.record, "file": one.file, "detail": one.detail}
                for one in findings
                if one.severity is Severity.BROKEN
            ][:_MOST_REASONS],
        }
        self._office.archive.quarantine(device, sid, reason)
        self._close(holdings, sid)
        self._note_quarantine(device, sid, why)
        self._office.ledger.set_state(device, sid, "quarantined", verdict="broken")
        raise RefusedError(f"session {sid} was put in quarantine: {why}", code="quarantined")

    def _note_quarantine(self, device: str, name: str, why: str) -> None:
        self._office.ledger.put(
            QuarantineRow(device=device, name=name, reason=why, since=self._office.clock.utc())
        )

    def _row(self, holdings: Holdings, sid: str, verdict: Verdict) -> SessionRow:
        """The ledger's row of a session whose journal was verified."""
        summary, files = holdings.summary(sid), holdings.files(sid)
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
            state="committed",
            verdict=verdict.judgement.value,
            deadline=deadline,
            stored=None,
        )

    # Small things.

    def _take_ack(self, topic: wire.ReceiptAckTopic, message: Message) -> list[Outgoing]:
        at = self._office.clock.utc()
        self._office.ledger.acknowledge(topic.device, topic.sid, topic.kind, at)
        return [Outgoing(message.topic.removesuffix("/ack"), b"", retain=True)]

    def _note_state(self, device: str, message: Message) -> list[Outgoing]:
        state = wire.decode_state(message.payload)
        text = message.payload.decode()
        _log.info("%s is %s", device, "online" if state.online else "offline")
        self._office.ledger.put(DeviceRow(device=device, seen=self._office.clock.utc(), state=text))
        return []

    def _refuse_topic(self, topic: str, error: WireError) -> list[Outgoing]:
        _log.warning("refused: %s", error.detail)
        match topic[:_LONGEST_DETAIL].split("/"):
            case ["rec", "v1", device, *_] if is_device_id(device):
                return [refusal(device, topic[:_LONGEST_DETAIL], error.detail)]
            case _:
                return []

    def _acknowledged(self, target: Target, offsets: tuple[int, ...]) -> Outgoing:
        last = offsets[-1]
        topic = Topics(target.device).chunk(target.fid, last, target.sha256_at(last))
        response = _success(topic, acknowledged=offsets, credit=self._credit())
        return answer(target.device, response)

    def _forget(self, device: str) -> None:
        """Nothing in memory is certain any more: begin again from what the disk says."""
        self._office.partials.close()
        self._devices.pop(device, None)

    def _holdings(self, device: str) -> Holdings:
        if device not in self._devices:
            office = self._office
            holdings = Holdings(device, office.archive, office.book, office.ca)
            if holdings.damage is not None:
                self._mend_log(holdings, holdings.damage)
            self._devices[device] = holdings
        return self._devices[device]

    def _mend_log(self, holdings: Holdings, why: str) -> None:
        """Our copy of the log no longer verifies: set it aside, and ask the device for the rest."""
        archive = self._office.archive
        content = b"".join(line + NEWLINE for line in archive.read_log(holdings.device))
        self._keep_aside(holdings.device, "log-copy", content, why)
        archive.replace_log(holdings.device, holdings.lines)


def _target_of(holdings: Holdings, meta: wire.FileMeta, fid: str) -> Target:
    """The file that an ``init`` is for.

    Raises:
        RefusedError: No verified line names it so.
    """
    claim = holdings.claim(meta.sid)
    if (meta.counter, meta.journal_sha256) != (claim.counter, claim.journal.sha256):
        raise RefusedError("the device log names another counter or journal for that session")
    target = holdings.named(meta.sid, meta.name)
    if (meta.size, meta.checksum, fid) != (target.facts.size, target.facts.sha256, target.fid):
        raise RefusedError("the transfer names another file than the verified record")
    return target


def _success(topic: str, **values: object) -> Response:
    return Response(topic=topic, reason_code=ReasonCode.SUCCESS, **values)  # type: ignore[arg-type]


def _resend(topic: str, why: str, have: tuple[tuple[int, int], ...] = ()) -> Response:
    return Response(topic=topic, reason_code=ReasonCode.RESEND, reason_description=why, have=have)


def _published(issued: Issued) -> Outgoing:
    topic = Topics(issued.device).receipt(issued.sid, issued.kind)
    return Outgoing(topic, issued.read(), retain=True)
