"""The bureau's intake without a network: messages in, answers out, and a device that pushes.

``IntakeRig`` is a bureau on a disk whose every file may be looked at, and whose process may be
abandoned at any instant; ``Pusher`` pushes what a ``Recorder`` of ``kits.records`` made.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from bureau.archive import Archive
from bureau.clock import Clock
from bureau.intake.intake import Intake
from bureau.intake.message import Message, Outgoing
from bureau.intake.partials import Partials
from bureau.intake.rulebooks import Rulebooks
from bureau.intake.stores import Office
from bureau.ledger import Ledger
from bureau.plans import draft
from bureau.plans.book import PlanBook
from bureau.plans.draft import Draft
from bureau.receipts import ReceiptBook
from bureau.registry import Registry
from bureau.updates import UpdateShelf
from bureau.words.answers import AnswerBook
from bureau.words.shelf import WordShelf
from evidence import wire
from evidence.digests import CHUNK_BYTES, FileFacts, facts_of, file_id
from evidence.ids import JOURNAL_NAME, is_file_name
from evidence.plan import Plan
from evidence.receipt import Receipt, read_receipt
from evidence.wire import DeviceState, FileMeta, LogBatch, ReasonCode, Response, Topics
from tests.kits.records.bureau import Bureau
from tests.kits.records.plans import PARTICULARS, signed
from tests.kits.records.recorder import START_UTC_NS, Recorder
from tests.kits.records.take import Take

PLENTY = 1 << 40


class IntakeRig:
    """One bureau's intake on ``folder``.

    Args:
        folder: Empty.
        bureau: Whose keys sign.
    """

    def __init__(self, folder: Path, bureau: Bureau | None = None) -> None:
        self.folder = folder
        self.bureau = bureau or Bureau()
        self.free = PLENTY
        self.mono_ns = 0
        self.outgoing: list[Outgoing] = []
        for name in ("registry", "rulebook/versions", "partial"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "rulebook" / "root.json").write_bytes(self.bureau.root)
        (folder / "rulebook" / "versions" / "000003.json").write_bytes(self.bureau.rulebook)
        self.intake = self.start()

    def start(self) -> Intake:
        """A fresh process on the same disk."""
        self.archive = Archive(self.folder / "archive", self.folder / "quarantine")
        clock = Clock(utc_ns=lambda: START_UTC_NS, mono_ns=lambda: self.mono_ns)
        self.ledger = Ledger(f"sqlite:///{self.folder / 'ledger.sqlite'}")
        self.book = ReceiptBook(
            self.folder / "receipts",
            self.bureau.receipt_signer,
            self.bureau.receipt_certificate,
            clock,
        )
        office = Office(
            ca=self.bureau.ca,
            registry=Registry(self.folder / "registry"),
            archive=self.archive,
            partials=Partials(self.folder / "partial"),
            book=self.book,
            ledger=self.ledger,
            rulebooks=Rulebooks(self.folder / "rulebook", self.bureau.ca),
            plans=PlanBook(self.folder / "plans", self.bureau.ca),
            words=WordShelf(self.folder, self.bureau.ca),
            answers=AnswerBook(self.folder / "registry" / "words"),
            updates=UpdateShelf(self.folder, self.bureau.ca, clock),
            clock=clock,
            free_bytes=lambda: self.free,
        )
        self.office = office
        self.intake = Intake(office)
        return self.intake

    def close(self) -> None:
        """Let go of every file."""
        self.office.partials.close()
        self.ledger.close()

    def restart(self) -> None:
        """The process is gone; another one takes up what is on the disk."""
        self.close()
        self.start()
        self.intake.steps.recover()
        self.outgoing += self.intake.steps.settle()

    def enrol(self, device: str, status: str = "active") -> None:
        entry = {"v": 1, "device": device, "status": status, "board": "fake"}
        (self.folder / "registry" / f"{device}.json").write_text(json.dumps(entry))

    def say(self, topic: str, payload: bytes = b"") -> list[Response]:
        """Hand in one message and let everything that follows from it happen."""
        outgoing = self.intake.handle(Message(topic, payload))
        outgoing += self.intake.flush()
        outgoing += self.intake.steps.settle()
        self.outgoing += outgoing
        return responses(outgoing)

    def is_told(self, device: str, *, docked: bool = True) -> list[Outgoing]:
        """A recorder tells how it is; what is published on that."""
        state = DeviceState(
            online=docked,
            docked=docked,
            firmware="0.1.0",
            utc="2026-11-21T04:00:00.000000Z",
            utc_source="ntp",
        )
        before = len(self.outgoing)
        self.say(Topics(device).state, wire.encode_state(state))
        return self.outgoing[before:]

    def publish(self, plan: Plan) -> None:
        """A clerk has made that plan: signed, and its clear text in the book."""
        self.office.plans.keep(plan.plan_id, signed(self.bureau, plan))
        clear = Draft(
            number=plan.number,
            to=plan.to,
            activity=plan.activity,
            begins=plan.begins,
            expires=plan.expires,
            particulars=PARTICULARS,
        )
        (self.folder / "plans" / f"{plan.plan_id}.json").write_bytes(draft.dump(clear))

    def receipts(self, sid: str) -> dict[str, bytes]:
        """Every receipt of a session that was published, by kind; the last one of each."""
        found = {}
        for part in self.outgoing:
            levels = part.topic.split("/")
            if "receipt" in levels and sid in levels and part.payload:
                found[levels[-1]] = part.payload
        return found

    def receipt(self, sid: str, kind: str) -> Receipt:
        return read_receipt(self.receipts(sid)[kind], self.bureau.ca)

    def state(self, sid: str) -> str | None:
        row = self.ledger.find(sid)
        return None if row is None else row.state


def responses(outgoing: list[Outgoing]) -> list[Response]:
    return [wire.decode_response(part.payload) for part in outgoing if part.topic.endswith("/rsp")]


@dataclass
class Pusher:
    """A device that pushes, one question at a time."""

    rig: IntakeRig
    recorder: Recorder
    sent: list[str] = field(default_factory=list)

    @property
    def topics(self) -> Topics:
        return Topics(self.recorder.device)

    def push_log(self, lines: list[bytes] | None = None, first: int = 0) -> Response:
        held = bytes(self.recorder.log).split(b"\n")[:-1] if lines is None else lines
        batch = LogBatch(first=first, lines=tuple(held))
        return self.rig.say(self.topics.log, wire.encode_log(batch))[-1]

    def fid(self, content: bytes) -> str:
        return file_id(self.recorder.device, facts_of(content).sha256)

    def init(self, take: Take, name: str, content: bytes, **changes: object) -> Response:
        facts = facts_of(content)
        meta = {
            "name": name,
            "size": facts.size,
            "checksum": facts.sha256,
            "sid": take.sid,
            "counter": take.counter,
            "journal_sha256": facts_of(bytes(take.content)).sha256,
            **changes,
        }
        topic = self.topics.init(self.fid(content))
        return self.rig.say(topic, wire.encode_meta(FileMeta(**meta)))[-1]  # type: ignore[arg-type]

    def chunks(self, content: bytes) -> list[tuple[str, bytes]]:
        """Topic and payload of every chunk."""
        facts: FileFacts = facts_of(content)
        return [
            (
                self.topics.chunk(self.fid(content), number * CHUNK_BYTES, sha256),
                content[number * CHUNK_BYTES : (number + 1) * CHUNK_BYTES],
            )
            for number, sha256 in enumerate(facts.chunks)
        ]

    def fin(self, content: bytes) -> Response:
        facts = facts_of(content)
        topic = self.topics.fin(self.fid(content), facts.size, facts.sha256)
        answers = self.rig.say(topic)
        return next(answer for answer in answers if answer.topic == topic)

    def push_file(self, take: Take, name: str, content: bytes) -> Response:
        """The whole push of one file, missing chunks only."""
        opened = self.init(take, name, content)
        if opened.reason_code is not ReasonCode.SUCCESS or opened.done:
            return opened
        for offset, (topic, payload) in zip(
            range(0, len(content), CHUNK_BYTES), self.chunks(content), strict=True
        ):
            if not any(first <= offset < last for first, last in opened.have):
                self.sent.append(topic)
                self.rig.say(topic, payload)
        return self.fin(content)

    def push(self, take: Take) -> None:
        """Log, journal, then everything else."""
        self.push_log()
        for name, content in files_of(take):
            self.push_file(take, name, content)


def files_of(take: Take) -> list[tuple[str, bytes]]:
    """A closed session's files, journal first."""
    folder = take.folder(receipts=False)
    names = sorted((name for name in folder if is_file_name(name)), key=lambda n: n != JOURNAL_NAME)
    return [(name, folder[name]) for name in names]


def closed_take(recorder: Recorder, *, segments: int = 2, size: int = 3_000) -> Take:
    """A session with a plan, a still and an announcement."""
    take = Take(recorder)
    take.announce()
    take.still()
    for _ in range(segments):
        take.segment(size=size)
    take.close()
    return take
