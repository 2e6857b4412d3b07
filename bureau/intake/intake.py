"""The intake: what becomes of every message of a device.

Owns the verbs of the wire and their answers, the grouping of syncs, and the acknowledgements that
follow them. Refuses to acknowledge what is not on the disk, to take a byte that no verified line
names, and to let one device's message end the desk for all the others.
"""

from __future__ import annotations

import logging
from typing import Final, assert_never

from bureau.cradles import Cradles
from bureau.docking.doorkeeper import Doorkeeper
from bureau.errors import BureauError, LedgerError, RefusedError
from bureau.intake.holdings import Holdings
from bureau.intake.message import Message, Outgoing, answer, pause, refusal
from bureau.intake.partials import Target
from bureau.intake.steps import Steps
from bureau.intake.stores import Office
from bureau.ledger import DeviceRow
from bureau.plans.courier import Courier
from bureau.words.courier import WordCourier
from evidence import journal, wire
from evidence.digests import CHUNK_BYTES
from evidence.errors import EvidenceError, WireError
from evidence.ids import is_device_id
from evidence.journal import NEWLINE
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

_LONGEST_DETAIL: Final = 500
_Ack = (
    wire.ReceiptAckTopic
    | wire.PlanAckTopic
    | wire.RosterAckTopic
    | wire.PolicyAckTopic
    | wire.AnswerTopic
    | wire.UpdateWishTopic
)


class Intake:
    """Takes messages, returns what the desk publishes. One thread uses it.

    Args:
        office: The bureau.

    Attributes:
        steps: Takes sessions forward.
        courier: Brings session plans to recorders.
        words: Brings assignments and policies to them.
        door: Challenges recorders that dock.
    """

    def __init__(self, office: Office) -> None:
        self._office = office
        self.steps = Steps(office)
        self._cradles = Cradles(office.ledger)
        self.courier = Courier(office, self._cradles)
        self.words = WordCourier(office, self._cradles)
        self.door = Doorkeeper(office, self._cradles, self.steps.holdings, self.steps.keep_aside)
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

    def begin(self) -> None:
        """A new connection to the broker: what it was to carry is not relied on."""
        self.words.begin()
        self._office.updates.begin()

    def offer_updates(self) -> list[Outgoing]:
        """Offer the newest update to those on their cradles who were not offered it."""
        return self._office.updates.turn(self._cradles.states())

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
            case _:
                return self._take_ack(topic, message)

    # The device log.

    def _extend_log(self, device: str, message: Message) -> list[Outgoing]:
        batch = wire.decode_log(message.payload)
        asks = batch.first == 0 and not batch.lines
        greeting = self.door.greet(device) if asks else []
        if asks:
            self.steps.try_again(device)
        holdings = self.steps.holdings(device)
        log = holdings.chain
        fork = log.differs(batch.first, batch.lines)
        if fork is not None:
            return self._leave_log(device, message, f"line {fork} differs from the one held")
        if batch.first > log.lines:
            return [*greeting, answer(device, _success(message.topic, next_index=log.lines))]
        extension = log.extend(batch.lines[log.lines - batch.first :])
        if extension.accepted:
            self._keep_log(device, holdings, extension.accepted)
        if extension.refusal is not None:
            return self._leave_log(device, message, extension.refusal)
        return [*greeting, answer(device, _success(message.topic, next_index=log.lines))]

    def _keep_log(self, device: str, holdings: Holdings, lines: tuple[bytes, ...]) -> None:
        self._office.archive.append_log(device, lines, holdings.branch)
        holdings.learn()
        self.door.follow(device)
        for payload in journal.payloads(b"".join(line + NEWLINE for line in lines)):
            if payload["t"] == "tamper":
                self.door.note(device, payload)
        self.door.settle(device)

    def _leave_log(self, device: str, message: Message, why: str) -> list[Outgoing]:
        """What was pushed does not continue the log: another of the device's own, or refused."""
        if not self.door.leaves(device):
            return self._quarantine_log(device, message, why)
        _log.error("the log of %s: %s; following where it leads", device, why)
        held = self.steps.holdings(device).chain.lines
        return [answer(device, _success(message.topic, next_index=held))]

    def _quarantine_log(self, device: str, message: Message, why: str) -> list[Outgoing]:
        self.steps.keep_aside(device, "log", message.payload, why)
        response = Response(
            topic=message.topic,
            reason_code=ReasonCode.REFUSED,
            reason_description=f"device_log: {why}"[:_LONGEST_DETAIL],
            next_index=self.steps.holdings(device).chain.lines,
        )
        return [answer(device, response)]

    # Files.

    def _init(self, topic: wire.InitTopic, message: Message) -> list[Outgoing]:
        meta = wire.decode_meta(message.payload)
        holdings = self.steps.holdings(topic.device)
        target = _target_of(holdings, meta, topic.fid)
        holdings.aim(target)
        if holdings.quarantined(target.sid):
            # Said before what is held of it: the device must not wait for its receipt.
            raise RefusedError(f"session {target.sid} is in quarantine", code="quarantined")
        if self._is_held(target):
            return [answer(topic.device, _success(message.topic, done=True))]
        if self._is_full():
            return [self._full(topic.device, message.topic)]
        have = () if target.facts.size == 0 else self._office.partials.open(target).ranges()
        response = _success(message.topic, have=have, credit=self._credit())
        return [answer(topic.device, response)]

    def _chunk(self, topic: wire.ChunkTopic, message: Message) -> list[Outgoing]:
        holdings = self.steps.holdings(topic.device)
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
        holdings = self.steps.holdings(topic.device)
        done = answer(topic.device, _success(message.topic, done=True))
        over = holdings.session_over(topic.fid)
        if over is not None:
            return [done, *self.steps.receipts(topic.device, over)]
        target = holdings.target(topic.fid)
        if (topic.size, topic.sha256) != (target.facts.size, target.facts.sha256):
            raise RefusedError("fin names another file than the verified record")
        repeated = self._is_held(target)
        if not repeated and not self._admit(target):
            have = self._office.partials.open(target).ranges()
            return [answer(topic.device, _resend(message.topic, "not whole yet", have))]
        holdings.arrived(target)
        issued = self.steps.advance(holdings, target.sid)
        if repeated and not issued:
            issued = self.steps.receipts(topic.device, target.sid)
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

    # Small things.

    def _take_ack(self, topic: _Ack, message: Message) -> list[Outgoing]:
        match topic:
            case wire.ReceiptAckTopic():
                at = self._office.clock.utc()
                self._office.ledger.acknowledge(topic.device, topic.sid, topic.kind, at)
                return [Outgoing(message.topic.removesuffix("/ack"), b"", retain=True)]
            case wire.AnswerTopic():
                return self.door.take_answer(topic.device, message.payload)
            case wire.UpdateWishTopic():
                return self._office.updates.answer(topic.device, message.payload)
            case wire.PlanAckTopic():
                self.courier.take_answer(topic.device, message.payload)
            case wire.RosterAckTopic():
                self.words.take_answer("roster", topic.device, message.payload)
            case wire.PolicyAckTopic():
                self.words.take_answer("policy", topic.device, message.payload)
            case _:
                assert_never(topic)
        return []

    def _note_state(self, device: str, message: Message) -> list[Outgoing]:
        state = wire.decode_state(message.payload)
        text = message.payload.decode()
        _log.info("%s is %s", device, "online" if state.online else "offline")
        self._office.ledger.put(DeviceRow(device=device, seen=self._office.clock.utc(), state=text))
        anew = self._cradles.note(device, state)
        if not (state.online and state.docked):
            self.door.gone(device)
        if device not in self._cradles:
            return []
        return [
            *self.words.greet(device),
            *self.courier.greet(device, anew=anew),
            *self._office.updates.greet(device, state, anew=anew),
        ]

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
        self.steps.forget(device)


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
