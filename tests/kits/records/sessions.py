"""Sessions without a device: signed as a vault signs them, in memory, the same from the same seed.

A ``Bureau`` has the CA and the keys under it, a ``Recorder`` a device with its log, a ``Take`` one
session of it. The media are noise behind a true age header: nothing here opens them.
``Take.folder`` is the evidence folder as a dict of names and bytes.
"""

from __future__ import annotations

import base64
import hashlib
import random
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from evidence import digests, ids, journal, jws, keys, receipt, rulebook
from evidence.canonical import JsonObject
from evidence.digests import ZERO_SHA256, facts_of, sha256_hex
from evidence.journal import NEWLINE, Chain, ChainStatement
from evidence.keys import EKU_DEVICE_SIGNING, EKU_RECEIPT_SIGNING, Jwk, low_s, thumbprint, to_jwk
from evidence.moments import Moment, TimeSource
from evidence.receipt import Receipt, ReceiptedFile, ReceiptKind

Folder = dict[str, bytes]

_SECOND = 1_000_000_000
_FRAME_NS = 40_000_000
_AUDIO_RATE = 48_000
_P256_ORDER = jws.P256_ORDER
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
START_UTC_NS = int(datetime(2026, 11, 21, 4, tzinfo=UTC).timestamp()) * _SECOND
DISCLOSURE_TEXT = "您好，我们是执法人员，现在开始执法全过程记录。"


class SeededSigner:
    """Signs with a key drawn from a text, deterministically (RFC 6979)."""

    def __init__(self, text: str) -> None:
        number = int.from_bytes(hashlib.sha512(text.encode()).digest(), "big")
        self.key = ec.derive_private_key(number % (_P256_ORDER - 1) + 1, ec.SECP256R1())
        self.jwk: Jwk = to_jwk(self.key.public_key())
        self.kid = thumbprint(self.jwk)

    def sign(self, message: bytes) -> bytes:
        algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        return low_s(self.key.sign(message, algorithm))


class SeededChainKey(keys.ChainKey):
    """A chain key whose every step is drawn from a text: a test may keep what a vault forgets."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._step = 0
        self.used: dict[str, SeededSigner] = {}
        self.now = SeededSigner(f"{text} 0")
        self.then = SeededSigner(f"{text} 1")

    @property
    def kid(self) -> str:
        return self.now.kid

    @property
    def jwk(self) -> Jwk:
        return self.now.jwk

    @property
    def next_jwk(self) -> Jwk:
        return self.then.jwk

    def sign(self, message: bytes) -> bytes:
        self.used[self.now.kid] = self.now
        return self.now.sign(message)

    def evolve(self) -> None:
        self._step += 1
        self.now, self.then = self.then, SeededSigner(f"{self._text} {self._step + 1}")


def certificate(
    name: str,
    key: SeededSigner,
    issuer: str,
    issuer_key: SeededSigner,
    usage: ObjectIdentifier | None,
) -> x509.Certificate:
    """A certificate as the bureau's authority issues it; a CA's without ``usage``."""
    serial = int.from_bytes(hashlib.sha256(f"{name} {usage}".encode()).digest()[:16], "big")
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]))
        .public_key(key.key.public_key())
        .serial_number(serial)
        .not_valid_before(_BEGIN)
        .not_valid_after(_BEGIN + timedelta(days=3_650))
        .add_extension(x509.BasicConstraints(ca=usage is None, path_length=None), critical=True)
    )
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
    return builder.sign(issuer_key.key, hashes.SHA256(), ecdsa_deterministic=True)


class Bureau:
    """A bureau: its CA, receipt key, rulebook keys and rulebook."""

    def __init__(self, seed: str = "bureau", recipients: dict[str, str] | None = None) -> None:
        self.seed = seed
        self.name = f"{seed} CA"
        self.ca_signer = SeededSigner(f"{seed} ca")
        self.ca = certificate(self.name, self.ca_signer, self.name, self.ca_signer, None)
        self.receipt_signer = SeededSigner(f"{seed} receipt")
        self.receipt_certificate = self.certify(
            f"{seed} desk", self.receipt_signer, EKU_RECEIPT_SIGNING
        )
        self.clerks = [SeededSigner(f"{seed} clerk {n}") for n in range(2)]
        self.recipients = recipients or {role: f"age1{seed}{role}" for role in ("bureau", "escrow")}
        self.root = rulebook.sign_root(self.root_document(), self.ca_signer)
        self.rulebook = rulebook.sign_rulebook(self.rulebook_document(), self.clerks)

    def certify(self, name: str, key: SeededSigner, usage: ObjectIdentifier) -> x509.Certificate:
        return certificate(name, key, self.name, self.ca_signer, usage)

    def root_document(self) -> JsonObject:
        return {
            "type": "root",
            "version": 1,
            "threshold": 2,
            "keys": [clerk.jwk for clerk in self.clerks],
            "not_before": "2026-01-01T00:00:00.000000Z",
            "expires": "2036-01-01T00:00:00.000000Z",
        }

    def rulebook_document(self, **changes: Any) -> JsonObject:
        return {
            "type": "rulebook",
            "version": 3,
            "to": ["*"],
            "not_before": "2026-01-01T00:00:00.000000Z",
            "expires": "2030-01-01T00:00:00.000000Z",
            "policy": {
                "bureau.id": "bureau-1",
                "bureau.name": "某县统计局",
                "disclosure.announcements": [announcement()],
                "segment.seconds": 10,
                "seal.recipients": [
                    {"role": role, "age": age} for role, age in self.recipients.items()
                ],
                "release.keep_days": 7,
                "storage.warn_minutes": 120,
                "storage.refuse_minutes": 15,
                "storage.alarm_minutes": 10,
                "storage.close_minutes": 2,
                "upload.deadline_hours": 24,
            },
            **changes,
        }

    def receipt(self, folder: Mapping[str, bytes], kind: ReceiptKind, **changes: Any) -> bytes:
        """The receipt of a closed session, as honest as ``changes`` leave it."""
        content = folder[ids.JOURNAL_NAME]
        records = journal.payloads(content)
        opened = records[0]
        close = next(record for record in reversed(records) if record["t"] == "close")
        named = [name for name in folder if ids.is_file_name(name)]
        fields: dict[str, Any] = {
            "kind": kind,
            "dev": opened["dev"],
            "sid": opened["sid"],
            "counter": opened["counter"],
            "journal_sha256": sha256_hex(content),
            "root": close["root"],
            "files": tuple(
                ReceiptedFile(name, len(folder[name]), sha256_hex(folder[name]))
                for name in sorted(named)
            ),
            "serial": 1 if kind == "committed" else 2,
            "prev_receipt_sha256": ZERO_SHA256,
            "stored_at": "2026-11-22T04:00:00.000000Z",
            "retain_until": None,
        }
        honest = Receipt(**{**fields, **changes})
        return receipt.sign_receipt(honest, self.receipt_signer, self.receipt_certificate)


def announcement() -> JsonObject:
    return {
        "id": "notice-zh",
        "lang": "zh-CN",
        "text": DISCLOSURE_TEXT,
        "text_sha256": sha256_hex(DISCLOSURE_TEXT.encode()),
        "pcm_sha256": sha256_hex(b"pcm"),
        "samples": 160_000,
        "rate": 16_000,
    }


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


class Take:
    """One session of a recorder, told verb by verb.

    ``opening`` and ``entry`` are further fields of its ``open`` record and of its line in the
    device log: those that earlier devices did not have.
    """

    def __init__(
        self,
        recorder: Recorder,
        *,
        plan: bool = True,
        dice: random.Random | None = None,
        sid: str | None = None,
        prev: str | None = None,
        opening: JsonObject | None = None,
    ) -> None:
        self.recorder = recorder
        self.opening = opening or {}
        self.entry: JsonObject = {}
        self.dice = dice or random.Random(1)
        recorder.counter += 1
        self.counter = recorder.counter
        self.sid = sid or ids.session_id(
            recorder.ticker.utc_ns // 1_000_000,
            hashlib.sha256(f"{recorder.device} {self.counter}".encode()).digest()[:10],
        )
        self.files: Folder = {}
        self.content = bytearray()
        self.number = 0
        self.stills = 0
        self.segments: list[tuple[int, bytes]] = []
        self.pts_ns = 0
        self.frames_open = 0
        self._last_tick: tuple[int, int] | None = None
        self.key, self.statement = recorder.state("session", self.counter)
        self.started = (recorder.ticker.boot_id, recorder.start_id)
        self.keys_used: dict[str, SeededSigner] = self.key.used
        self.chain = Chain({"sid": self.sid}, self.key, prev=prev or recorder.log_head)
        self._open(plan=plan)

    def _open(self, *, plan: bool) -> None:
        bureau = self.recorder.bureau
        self.write(
            "open",
            {
                "x5c": self.recorder.x5c,
                "chainkey": self.statement,
                "dev": self.recorder.device,
                "counter": self.counter,
                "firmware": "0.1.0",
                "officer": "officer-1",
                "custodian": None,
                "activity": "inspection",
                "plan": self._add_file(ids.PLAN_NAME, 600) if plan else None,
                "rulebook": {"version": 3, "sha256": sha256_hex(bureau.rulebook)},
                "preflight": None,
                "nonce": None,
                "last_receipt": None,
                "recipients": [
                    {"role": role, "sha256": sha256_hex(age.encode())}
                    for role, age in sorted(bureau.recipients.items())
                ],
                **self.opening,
            },
        )
        self.attest()
        self.pts_ns = self.recorder.ticker.mono_ns

    def attest(self) -> None:
        """The device's own key vouches for the line before."""
        self.content += self.chain.attest(self.recorder.signer, self.recorder.ticker.now())
        self.content += NEWLINE

    def event(self, kind: str, fields: JsonObject) -> None:
        self.write("event", {"kind": kind, "fields": fields})

    def announce(
        self, *, verdict: str = "unverified", check: str = "none", attempt: int | None = None
    ) -> None:
        """The announcement played; earlier devices did not number attempts."""
        said = announcement()
        heard = True if check == "acoustic" else None
        self.event(
            "disclosure",
            {
                "clip": said["id"],
                "text_sha256": said["text_sha256"],
                "pcm_sha256": said["pcm_sha256"],
                "announced": True,
                "frames_played": said["samples"],
                "underruns": 0,
                "from_ns": self.recorder.ticker.mono_ns,
                "to_ns": self.recorder.ticker.mono_ns + 10 * _SECOND,
                "check": check,
                "heard": heard,
                "complete": heard,
                "score_milli": None,
                "missing": [],
                "delay_ns": None,
                "drift_ppm": None,
                "level_mdb": None,
                "verdict": verdict,
                "reason": "not_checked" if check == "none" else None,
                **({} if attempt is None else {"attempt": attempt}),
            },
        )

    def mark(self, code: str) -> None:
        """The officer says something with a button."""
        self.event("mark", {"code": code, "at_ns": self.recorder.ticker.mono_ns})

    def still(self, size: int = 900) -> None:
        """A photo."""
        name = f"{self.stills:06d}.jpg.age"
        self.stills += 1
        self.event("photo", {**self._add_file(name, size), "pts_ns": self.pts_ns})

    def gap(self, nanoseconds: int, cause: str = "capture") -> None:
        """Frames are missing from here on, and signed as missing."""
        start = self.pts_ns + self.frames_open * _FRAME_NS
        fields = {"track": "both", "from_ns": start, "to_ns": start + nanoseconds, "cause": cause}
        self.event("gap", fields)
        self.pts_ns += nanoseconds

    def segment(
        self, *, seconds: int = 3, size: int = 3_000, dropped: int = 0, ended_by: str = "recorder"
    ) -> None:
        """A whole segment: a tick each second, then its ``seg``."""
        sealed = self.begin(size)
        self.ticks(sealed, seconds)
        self.end(sealed, dropped=dropped, ended_by=ended_by)

    def begin(self, size: int) -> bytes:
        """A segment is begun: what its file is going to hold."""
        self.frames_open = 0
        self._last_tick = None
        return sealed_file(f"{self.sid} {self.number}", size)

    def ticks(self, sealed: bytes, seconds: int) -> None:
        """The open segment grows to its full length, with a tick each second."""
        for second in range(1, seconds + 1):
            self.recorder.ticker.pass_ns(_SECOND - 1_000_000)
            self.frames_open += 25
            length = max(1, len(sealed) * second // (seconds + 1))
            self._last_tick = (length, self.chain.index)
            self.write(
                "tick",
                {
                    "file": ids.segment_name(self.number),
                    "length": length,
                    "sha256": sha256_hex(sealed[:length]),
                    "frames": self.frames_open,
                    "samples": self.frames_open * _AUDIO_RATE // 25,
                },
            )

    def end(
        self,
        sealed: bytes,
        *,
        dropped: int = 0,
        ended_by: str = "recorder",
        plain: bytes | None = None,
    ) -> None:
        """The open segment is sealed; ``plain`` is what is inside, where something is."""
        plain = noise(f"plain {self.sid} {self.number}", 700) if plain is None else plain
        name = ids.segment_name(self.number)
        self.files[name] = sealed
        frames = self.frames_open
        end_ns = self.pts_ns + (frames + dropped) * _FRAME_NS
        line = self.write(
            "seg",
            {
                **_file(name, sealed),
                "number": self.number,
                "plain_size": len(plain),
                "plain_sha256": sha256_hex(plain),
                "init_sha256": sha256_hex(b"init"),
                "first_pts_ns": self.pts_ns,
                "last_pts_ns": end_ns,
                "frames": frames,
                "samples": frames * _AUDIO_RATE // 25,
                "dropped": dropped,
                "gop_first": self.number * 3,
                "gop_count": 3,
                "ended_by": ended_by,
            },
        )
        self.segments.append((len(sealed), digests.merkle_leaf(line)))
        self.pts_ns, self.frames_open = end_ns, 0
        self.number += 1

    def crash(
        self,
        *,
        orphan: bytes | None = None,
        torn: bytes = b"",
        same_boot: bool = True,
        cause: str = "kill",
    ) -> None:
        """The vault dies, with the open segment ``orphan`` and a ``torn`` line, and comes back."""
        ticker = self.recorder.ticker
        if same_boot:
            ticker.pass_ns(2 * _SECOND)
        else:
            ticker.boot()
        self.recorder.start()
        if torn:
            self.content += torn + NEWLINE
        orphans = self._leave(orphan) if orphan is not None else []
        prev, index = self.chain.prev, self.chain.index
        self.key, self.statement = self.recorder.state("session", self.counter)
        self.key.used = self.keys_used
        self.chain = Chain({"sid": self.sid}, self.key, prev=prev, index=index)
        self.write(
            "resume",
            {
                "x5c": self.recorder.x5c,
                "chainkey": self.statement,
                "previous": {"boot_id": self.started[0], "start_id": self.started[1]},
                "last": {"i": index - 1, "sha256": prev},
                "torn": {"bytes": len(torn), "sha256": sha256_hex(torn)} if torn else None,
                "orphans": orphans,
                "cause": cause,
            },
        )
        self.started = (ticker.boot_id, self.recorder.start_id)

    def close(self, reason: str = "button", *, log: bool = True) -> None:
        """Close, attest and enter the session in the device log."""
        root = digests.merkle_root([leaf for _, leaf in self.segments])
        self.write(
            "close",
            {
                "segments": len(self.segments),
                "size": sum(size for size, _ in self.segments),
                "root": root,
                "reason": reason,
                "counter": self.counter,
            },
        )
        self.attest()
        if log:
            self.enter(root, reason)

    def enter(self, root: str, reason: str) -> None:
        """The device log takes note of the closed session."""
        facts = facts_of(bytes(self.content))
        journal_facts = {"size": facts.size, "sha256": facts.sha256, "chunks": list(facts.chunks)}
        self.recorder.note(
            "session",
            {
                "sid": self.sid,
                "counter": self.counter,
                "journal": journal_facts,
                "root": root,
                "reason": reason,
                **self.entry,
            },
        )

    def folder(self, *, receipts: bool = True) -> Folder:
        """The evidence folder as it is now; receipts need a closed session."""
        bureau = self.recorder.bureau
        made = {ids.JOURNAL_NAME: bytes(self.content), **self.files}
        if receipts:
            kinds: tuple[ReceiptKind, ...] = ("committed", "stored")
            made |= {f"receipt-{k}.jws": bureau.receipt({**made}, k) for k in kinds}
        made[ids.DEVICE_LOG_NAME] = bytes(self.recorder.log)
        return {**made, "rulebook.json": bureau.rulebook, "root.json": bureau.root}

    def write(self, t: str, fields: JsonObject) -> bytes:
        """Any record, whether or not it belongs there."""
        line = self.chain.append(t, fields, self.recorder.ticker.now())
        self.content += line + NEWLINE
        return line

    def _add_file(self, name: str, size: int) -> JsonObject:
        self.files[name] = sealed_file(f"{self.sid} {name}", size)
        return _file(name, self.files[name])

    def _leave(self, orphan: bytes) -> list[JsonObject]:
        name = ids.segment_name(self.number)
        self.files[name] = orphan
        self.number += 1
        self.frames_open = 0
        length, index = self._last_tick or (0, None)
        return [{**_file(name, orphan), "covered_bytes": length, "covered_i": index}]


def _file(name: str, content: bytes) -> JsonObject:
    facts = facts_of(content)
    return {"file": name, "size": facts.size, "sha256": facts.sha256, "chunks": list(facts.chunks)}


def noise(text: str, size: int) -> bytes:
    """``size`` bytes that are the same for the same text."""
    return hashlib.shake_128(text.encode()).digest(size)


def sealed_file(text: str, size: int) -> bytes:
    """A true age header to two X25519 recipients, and noise behind it: 300 bytes or more."""

    def b64(part: str, length: int) -> bytes:
        return base64.b64encode(noise(f"{text} {part}", length)).rstrip(b"=")

    stanzas = b"".join(
        b"-> X25519 " + b64(f"share {n}", 32) + b"\n" + b64(f"body {n}", 32) + b"\n"
        for n in range(2)
    )
    head = b"age-encryption.org/v1\n" + stanzas + b"--- " + b64("mac", 32) + b"\n"
    return head + noise(text, max(300, size) - len(head))
