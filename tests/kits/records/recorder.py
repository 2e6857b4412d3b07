"""A recorder in memory: its clock, its keys and its device log."""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime

from cryptography.x509.oid import ExtendedKeyUsageOID

from evidence import journal, keys
from evidence.canonical import JsonObject
from evidence.digests import ZERO_SHA256, sha256_hex
from evidence.journal import NEWLINE, Chain, ChainStatement
from evidence.keys import EKU_DEVICE_SIGNING
from evidence.moments import Moment, TimeSource
from tests.kits.records.bureau import Bureau
from tests.kits.records.signers import SeededChainKey, SeededSigner

_SECOND = 1_000_000_000
START_UTC_NS = int(datetime(2026, 11, 21, 4, tzinfo=UTC).timestamp()) * _SECOND


class Ticker:
    """A device's clock: one boot after the other, nanosecond by nanosecond as it is told."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._boots = 0
        self.utc_ns = START_UTC_NS
        self.mono_ns = 60 * _SECOND
        self.boot_id = ""
        self.boot()

    def boot(self, *, off_s: int = 90) -> None:
        """The device starts again after ``off_s`` without power."""
        self._boots += 1
        self.boot_id = str(
            uuid.UUID(
                bytes=hashlib.md5(
                    f"{self._seed}{self._boots}".encode(), usedforsecurity=False
                ).digest()
            )
        )
        self.utc_ns += off_s * _SECOND
        self.mono_ns = 60 * _SECOND

    def pass_ns(self, nanoseconds: int) -> None:
        self.utc_ns += nanoseconds
        self.mono_ns += nanoseconds

    def now(self) -> Moment:
        self.pass_ns(1_000_000)
        return Moment(
            utc_ns=self.utc_ns,
            mono_ns=self.mono_ns,
            boot_id=self.boot_id,
            source=TimeSource.BUREAU,
            error_ms=5,
        )


class Recorder:
    """One device of a bureau, with its log."""

    def __init__(self, bureau: Bureau, device: str = "REC-0001") -> None:
        self.bureau = bureau
        self.device = device
        self.signer = SeededSigner(f"{bureau.seed} {device} signing")
        self.certificate = bureau.certify(device, self.signer, EKU_DEVICE_SIGNING)
        self.tls_signer = SeededSigner(f"{bureau.seed} {device} tls")
        self.tls_certificate = bureau.certify(
            device, self.tls_signer, ExtendedKeyUsageOID.CLIENT_AUTH
        )
        self.x5c = [keys.certificate_text(self.certificate)]
        self.ticker = Ticker(device)
        self.counter = 0
        self._starts = 0
        self.log = bytearray()
        self._log_prev, self._log_index = ZERO_SHA256, 0
        self.log_chain = self.start()

    @property
    def start_id(self) -> str:
        return hashlib.sha256(f"{self.device} start {self._starts}".encode()).hexdigest()[:32]

    @property
    def log_head(self) -> str:
        return self.log_chain.prev

    def start(self, torn: bytes = b"") -> Chain:
        """The vault starts: the log goes on under a fresh key, after a line that may be torn."""
        if self._starts:
            self._log_prev, self._log_index = self.log_chain.prev, self.log_chain.index
        self._starts += 1
        if torn:
            self.log += torn + NEWLINE
        key, token = self.state("device", self.counter + 1)
        self.log_chain = Chain(
            {"dev": self.device}, key, prev=self._log_prev, index=self._log_index
        )
        fields: JsonObject = {
            "x5c": self.x5c,
            "chainkey": token,
            "firmware": "0.1.0",
            "protection": "absent",
            "torn": {"bytes": len(torn), "sha256": sha256_hex(torn)} if torn else None,
        }
        self.note("start", fields)
        return self.log_chain

    def note(self, t: str, fields: JsonObject) -> None:
        """One line of the device log."""
        self.log += self.log_chain.append(t, fields, self.ticker.now()) + NEWLINE

    def state(self, chain: journal.ChainKind, counter: int) -> tuple[SeededChainKey, str]:
        """A fresh chain key, and the statement by which the device vouches for it."""
        text = f"{self.device} {self.start_id} {chain} {counter} {self.ticker.mono_ns}"
        key = SeededChainKey(text)
        statement = ChainStatement(
            dev=self.device,
            boot_id=self.ticker.boot_id,
            start_id=self.start_id,
            counter=counter,
            chain=chain,
        )
        return key, journal.state_chain_key(statement, key, self.signer)
