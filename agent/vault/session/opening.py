"""How a session's chain begins, and how it goes on after a crash.

Owns the ``open`` and ``resume`` records, and which session an opened one follows. The chain key of
the next session is made and stated ahead of the press, so that a slow signing key never delays the
first frame. Refuses to touch what a crash left: torn lines and orphan files are named as found.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from agent.vault.chain import device_log
from agent.vault.chain.device_log import DeviceLog, Start
from agent.vault.chain.signed_file import SignedFile
from agent.vault.chain.stamps import Stamps
from agent.vault.mandate import Mandate
from agent.vault.messages import OpenSession
from agent.vault.preflight.admission import Admitted
from agent.vault.session.opened import Opened, Template, Totals
from agent.vault.store.medium import Medium
from evidence import digests, ids, journal, jws, manifest, moments
from evidence.assignment import Assignment
from evidence.bounds import bounds_of
from evidence.canonical import JsonObject
from evidence.digests import CHUNK_BYTES, RunningDigest, sha256_hex
from evidence.errors import EvidenceError
from evidence.journal import Chain, ChainStatement, Tail
from evidence.keys import ChainKey
from evidence.plan import Plan
from evidence.rulebook import Rulebook
from hw.ports import Clock

_MS_NS = 1_000_000
_SECOND_NS = 1_000_000_000
_MINUTE_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyChain:
    """The chain key of one session to come, stated by the device's signing key."""

    counter: int
    key: ChainKey
    statement: str


@dataclass(frozen=True, kw_only=True)
class Opener:
    """What opening and resuming need.

    Attributes:
        medium: Where the files lie.
        mandate: Who the device is.
        log: The device log.
        start: This start of the vault.
        clock: The device's clock.
        firmware: What runs here.
    """

    medium: Medium
    mandate: Mandate
    log: DeviceLog
    start: Start
    clock: Clock
    firmware: str

    def prepare(self, counter: int) -> ReadyChain:
        """Make and state a chain key for the session with ``counter``."""
        key = ChainKey()
        statement = ChainStatement(
            dev=self.mandate.device,
            boot_id=self.start.boot_id,
            start_id=self.start.start_id,
            counter=counter,
            chain="session",
        )
        text = journal.state_chain_key(statement, key, self.mandate.signer)
        return ReadyChain(counter=counter, key=key, statement=text)

    def stamps(self, not_before_ns: int) -> Stamps:
        """Fresh stamps that never go below ``not_before_ns``."""
        return Stamps(self.clock, self.start.boot_id, not_before_ns)

    def open(
        self, request: OpenSession, ready: ReadyChain, admitted: Admitted, plan: Plan | None
    ) -> Opened:
        """Create the session's folder and sign its ``open`` record, attested; both are durable.

        Args:
            request: What the recorder asked for.
            ready: The chain that was made ahead.
            admitted: Rulebook and assignment that hold for the session.
            plan: The plan that was chosen.
        """
        book = admitted.book
        activity = request.activity if plan is None else plan.activity
        bounds = bounds_of(book, activity)
        stamps = self.stamps(self.log.latest_utc_ns)
        utc_ms = stamps.now().utc_ns // _MS_NS
        sid = ids.session_id(utc_ms, secrets.token_bytes(10))
        folder = self.medium.make_session_folder(sid)
        sealed_plan = None if plan is None else self._keep_plan(sid, plan)
        file = self.medium.keep_room(self.medium.create(folder / ids.JOURNAL_NAME))
        chain = Chain({"sid": sid}, ready.key, prev=self.log.head)
        signed = SignedFile(file, chain, stamps)
        fields = {
            "x5c": self.mandate.x5c,
            "chainkey": ready.statement,
            "dev": self.mandate.device,
            "counter": ready.counter,
            "firmware": self.firmware,
            "officer": request.officer,
            **_answerable(admitted.assignment),
            "activity": activity,
            "plan": sealed_plan,
            "rulebook": {"version": book.version, "sha256": book.sha256},
            "preflight": self.log.state.preflight,
            "nonce": self.log.state.nonce,
            "last_receipt": self.log.state.last_receipt,
            "recipients": [
                {"role": role, "sha256": sha256_hex(recipient.encode())}
                for role, recipient in sorted(book.recipients.items())
            ],
            "plan_id": None if plan is None else plan.plan_id,
            "officers": users_of(request, plan),
            # Last of all: a slow medium must not part this moment from the record's own.
            "previous": self._previous(stamps.now().utc_ns, plan, book),
            "bounds": {"begins": bounds.begins, "ends": bounds.ends, "item": bounds.item},
        }
        opened_ns = stamps.now().mono_ns
        signed.record("open", fields, attested_by=self.mandate.signer)
        return Opened(
            sid=sid,
            counter=ready.counter,
            journal=signed,
            stamps=stamps,
            totals=Totals(video_end_ns=opened_ns),
            rulebook_sha256=book.sha256,
            plan_id=None if plan is None else plan.plan_id,
            template=Template.of(fields),
        )

    def resume(self, sid: str, content: bytes, tail: Tail) -> tuple[SignedFile, Stamps]:
        """Sign the ``resume`` record of a journal that a crash left open.

        Args:
            sid: Session id.
            content: The journal as found.
            tail: Where it ends; it holds at least the ``open`` record.
        """
        records = journal.payloads(content)
        counter = int(records[0]["counter"])
        file = self.medium.keep_room(
            self.medium.reopen(self.medium.session_folder(sid) / ids.JOURNAL_NAME)
        )
        content += device_log.end_torn_line(file, tail)
        ready = self.prepare(counter)
        stamps = self.stamps(moments.utc_ns(records[-1]["utc"]))
        chain = device_log.continue_chain({"sid": sid}, ready.key, tail)
        signed = SignedFile(file, chain, stamps, content)
        signed.leaves = _leaves(content)
        previous = _previous_start(records)
        fields: JsonObject = {
            "x5c": self.mandate.x5c,
            "chainkey": ready.statement,
            "previous": previous,
            "last": {"i": records[-1]["i"], "sha256": sha256_hex(tail.line or b"")},
            "torn": device_log.torn_field(tail),
            "orphans": self._orphans(sid, records),
            "cause": "kill" if previous["boot_id"] == self.start.boot_id else "power",
        }
        signed.record("resume", fields)
        return signed, stamps

    def chain_after(self, sid: str, tail: Tail) -> Chain:
        """A journal's chain after its last record, under a key that nobody has vouched for."""
        return device_log.continue_chain({"sid": sid}, ChainKey(), tail)

    def _keep_plan(self, sid: str, plan: Plan) -> JsonObject:
        """The plan beside the journal, as the bureau sealed it: nobody here can read it."""
        path = self.medium.session_folder(sid) / ids.PLAN_NAME
        with self.medium.create(path) as file:
            file.write(plan.sealed)
            file.sync()
        self.medium.freeze(path)
        facts = digests.facts_of(plan.sealed)
        return {
            "file": ids.PLAN_NAME,
            "size": facts.size,
            "sha256": facts.sha256,
            "chunks": list(facts.chunks),
        }

    def _previous(self, now_ns: int, plan: Plan | None, book: Rulebook) -> JsonObject | None:
        """The session that this one goes on with: of the same plan, or ended a moment ago."""
        sessions = sorted(self.log.state.sessions.values(), key=lambda one: one.counter)
        plan_id = None if plan is None else plan.plan_id
        of_plan = [one for one in sessions if plan_id is not None and one.plan_id == plan_id]
        before = next(iter([*of_plan[-1:], *sessions[-1:]]), None)
        if before is None:
            return None
        seconds = max(0, now_ns - before.ended_ns) // _SECOND_NS
        related = seconds <= book.number("continuity.related_minutes") * _MINUTE_SECONDS
        if not related and not of_plan:
            return None
        return {
            "sid": before.sid,
            "counter": before.counter,
            "reason": before.reason,
            "seconds": seconds,
            "same_plan": before.plan_id == plan_id,
            "ending": before.ending,
        }

    def _orphans(self, sid: str, records: list[JsonObject]) -> list[JsonObject]:
        """Sealed files that no record names, as found; from now on they cannot change."""
        named = {file.name for payload in records for file in manifest.files_in(payload)}
        orphans = []
        for name in self.medium.sealed_names(sid):
            if name in named:
                continue
            path = self.medium.session_folder(sid) / name
            digest = RunningDigest()
            with path.open("rb") as file:
                while piece := file.read(CHUNK_BYTES):
                    digest.update(piece)
            self.medium.freeze(path)
            facts = digest.facts()
            tick = _last_tick(records, name)
            orphans.append(
                {
                    "file": name,
                    "size": facts.size,
                    "sha256": facts.sha256,
                    "chunks": list(facts.chunks),
                    "covered_bytes": tick["length"] if tick else 0,
                    "covered_i": tick["i"] if tick else None,
                }
            )
        return orphans


def _answerable(assignment: Assignment | None) -> JsonObject:
    """Who answers for the recorder, and by whose approval (A1, A3)."""
    if assignment is None:
        return {"custodian": None, "assignment": None, "approval": None}
    return {
        "custodian": assignment.custodian,
        "assignment": assignment.number,
        "approval": assignment.approval,
    }


def users_of(request: OpenSession, plan: Plan | None) -> list[str]:
    """Whom a session names as its officers; nobody where neither plan nor settings say who."""
    if plan is not None:
        return list(plan.officers)
    return [] if request.officer is None else [request.officer]


def _leaves(content: bytes) -> list[bytes]:
    """Merkle leaves of the ``seg`` lines of a journal."""
    found = []
    for line in journal.split(content).complete:
        try:
            payload = jws.parse(line, jws.TYP_RECORD).payload()
        except EvidenceError:
            # A torn line is no record, and no leaf.
            continue
        if payload["t"] == "seg":
            found.append(digests.merkle_leaf(line))
    return found


def _last_tick(records: list[JsonObject], name: str) -> JsonObject | None:
    ticks = (r for r in reversed(records) if r["t"] == "tick" and r["file"] == name)
    return next(ticks, None)


def _previous_start(records: list[JsonObject]) -> dict[str, str]:
    """Boot and start of the vault that wrote the journal so far, by its last statement."""
    stated = next(r for r in reversed(records) if r["t"] in ("open", "resume"))
    said = jws.parse(stated["chainkey"].encode(), jws.TYP_CHAIN_KEY).payload()
    return {"boot_id": said["boot_id"], "start_id": said["start_id"]}
