"""A bureau with people in it, and devices that dock there without a recorder running.

``Docking`` writes what the desk would hold after a dock: the device's log, signed by the device's
own key as a vault signs it, and receipts by the bureau's. ``provision reassign`` and ``provision
retire`` judge both as they would judge the real ones.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography import x509

from evidence import ids, journal, jws
from evidence.canonical import JsonObject
from evidence.digests import ZERO_SHA256, sha256_hex
from evidence.errors import MalformedError
from evidence.journal import NEWLINE, Chain, ChainStatement
from evidence.keys import ChainKey
from evidence.moments import Moment, TimeSource
from evidence.receipt import Receipt, ReceiptedFile, sign_receipt
from evidence.store.signers import file_signer
from provisioning.custody.ledger import TYP_LEDGER
from provisioning.custody.lines import Role
from provisioning.custody.moves import Move
from provisioning.custody.moves.approving import Approve
from provisioning.custody.moves.people import AddPerson
from provisioning.custody.register import change

Clock = Callable[[], int]

_BOOT = "00000000-0000-4000-8000-000000000001"
_SECOND = 1_000_000_000

PEOPLE: tuple[AddPerson, ...] = (
    AddPerson(id="H-1", name="王建国", certificate="豫10001", department="办公室", role=Role.HEAD),
    AddPerson(id="L-1", name="李㐂", certificate="豫10002", department="执法队", role=Role.LEADER),
    AddPerson(id="K-1", name="赵敏", certificate=None, department="办公室", role=Role.KEEPER),
    AddPerson(
        id="O-1",
        name="𠮷田·阿依古丽",
        certificate="豫10003",
        department="执法队",
        role=Role.OFFICER,
        training_until="2030-12-31",
    ),
    AddPerson(
        id="O-2",
        name="欧阳 娜娜",
        certificate="豫10004",
        department="执法队",
        role=Role.OFFICER,
        training_until="2020-12-31",
    ),
)
"""A head, a leader, a keeper, an officer whose training is valid and one whose training is not."""


def settle(bureau: Path, clock: Clock, *moves: Move) -> None:
    """People are on the list, and then whatever else is asked for."""
    change(bureau, [*PEOPLE, *moves], clock=clock)


def approval(custodian: str = "O-1", device: str = "ZF-001", document: str = "1号") -> Approve:
    """The head approves ``custodian`` and ``device``."""
    return Approve(approver="H-1", custodian=custodian, device=device, document=document)


def said(bureau: Path, kind: str) -> list[JsonObject]:
    """The whole lines of that kind in the ledger, torn ones between them or not."""
    found = []
    for line in (bureau / "registry" / "ledger.jws").read_bytes().splitlines():
        try:
            found.append(jws.parse(line, TYP_LEDGER).payload())
        except MalformedError:
            continue  # a torn line is named by the one after it
    return [payload for payload in found if payload["t"] == kind]


class Docking:
    """One device at the desk.

    Args:
        bureau: The bureau's folder.
        device: The device's folder: its signing key is there.
        clock: UTC in nanoseconds.
    """

    def __init__(self, bureau: Path, device: Path, clock: Clock) -> None:
        self._bureau, self._clock = bureau, clock
        certificate = (device / "certs" / "signing.pem").read_bytes()
        self._signer = file_signer(device / "keys" / "signing.pem")
        self._certificate = x509.load_pem_x509_certificate(certificate)
        self.name = str(self._certificate.subject.rfc4514_string().removeprefix("CN="))
        self._chain: Chain | None = None
        self.counter = sum(line["t"] == "session" for line in journal.payloads(self._content()))

    @property
    def log(self) -> Path:
        """The desk's copy of the device's log."""
        return self._bureau / "archive" / self.name / ids.DEVICE_LOG_NAME

    def took(self, number: int) -> None:
        """The device took the bureau's word of that number."""
        fields = {"step": "assignment", "sha256": sha256_hex(b"word"), "version": number}
        self.note("provision", fields)

    def stopped(self, number: int, part: str = "camera", code: str = "frozen") -> None:
        """The device stopped its own use while word ``number`` was in force."""
        fault = {"part": part, "code": code, "detail": "for a test"}
        self.note("stop_use", {"state": "set", **fault, "assignment": number})

    def session(self, *, stored: bool = True) -> str:
        """A session was closed, its log line is here, and its receipt if it was ``stored``."""
        self.counter += 1
        seed = hashlib.sha256(f"{self.name} {self.counter}".encode()).digest()
        sid = ids.session_id(self._clock() // 1_000_000, seed[:10])
        facts = {"size": 1_000, "sha256": seed.hex(), "chunks": [seed.hex()]}
        entry = {"sid": sid, "counter": self.counter, "journal": facts, "root": seed.hex()}
        self.note("session", {**entry, "reason": "officer"})
        if stored:
            self.receipt(entry)
        return sid

    def receipt(self, entry: dict[str, Any], **changes: Any) -> None:
        """The bureau's receipt for the session of ``entry``, as honest as ``changes`` leave it."""
        folder = self._bureau / "receipts"
        folder.mkdir(exist_ok=True)
        serial = len(list(folder.iterdir())) + 1
        journal_sha256 = entry["journal"]["sha256"]
        said: dict[str, Any] = {
            "kind": "stored",
            "dev": self.name,
            "sid": entry["sid"],
            "counter": entry["counter"],
            "journal_sha256": journal_sha256,
            "root": entry["root"],
            "files": (ReceiptedFile(ids.JOURNAL_NAME, 1_000, journal_sha256),),
            "serial": serial,
            "prev_receipt_sha256": ZERO_SHA256,
            "stored_at": "2027-01-15T08:00:00.000000Z",
            "retain_until": None,
            **changes,
        }
        certificate = (self._bureau / "certs" / "receipt.pem").read_bytes()
        signer = file_signer(self._bureau / "keys" / "receipt.pem")
        token = sign_receipt(Receipt(**said), signer, x509.load_pem_x509_certificate(certificate))
        (folder / f"{serial:010d}.{self.name}.{said['sid']}.stored.jws").write_bytes(token)

    def note(self, t: str, fields: JsonObject) -> None:
        """One line of the device's log."""
        if self._chain is None:
            self._chain = self._start()
        self._write(self._chain.append(t, fields, self._now()))

    def _start(self) -> Chain:
        there = journal.tail(self._content())
        key = ChainKey()
        statement = ChainStatement(
            dev=self.name,
            boot_id=_BOOT,
            start_id=hashlib.sha256(self._content()).hexdigest()[:32],
            counter=self.counter + 1,
            chain="device",
        )
        token = journal.state_chain_key(statement, key, self._signer)
        chain = Chain(
            {"dev": self.name},
            key,
            prev=ZERO_SHA256 if there.line is None else sha256_hex(there.line),
            index=0 if there.payload is None else int(there.payload["i"]) + 1,
        )
        entry = json.loads((self._bureau / "registry" / f"{self.name}.json").read_text())
        fields = {
            "x5c": [entry["signing"]["x5c"]],
            "chainkey": token,
            "firmware": "0.1.0",
            "protection": "absent",
            "torn": None,
        }
        self._write(chain.append("start", fields, self._now()))
        return chain

    def _content(self) -> bytes:
        return self.log.read_bytes() if self.log.exists() else b""

    def _write(self, line: bytes) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as file:
            file.write(line + NEWLINE)

    def _now(self) -> Moment:
        now = self._clock()
        return Moment(
            utc_ns=now,
            mono_ns=now % (10_000 * _SECOND),
            boot_id=_BOOT,
            source=TimeSource.BUREAU,
            error_ms=5,
        )
