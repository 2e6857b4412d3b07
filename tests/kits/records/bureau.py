"""A bureau in memory: its CA, what it signs, and the receipts of its desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier

from evidence import ids, journal, receipt, rulebook
from evidence.canonical import JsonObject
from evidence.digests import ZERO_SHA256, sha256_hex
from evidence.keys import EKU_RECEIPT_SIGNING
from evidence.receipt import Receipt, ReceiptedFile, ReceiptKind
from tests.kits.records.signers import SeededSigner, certificate

DISCLOSURE_TEXT = "您好，我们是执法人员，现在开始执法全过程记录。"


class Bureau:
    """A bureau: its CA, receipt key, rulebook keys and rulebook.

    Args:
        seed: What all of it is drawn from.
        recipients: To whom its recorders seal: role → age recipient; noise without.
        said: Its announcement, as its rulebook names it.
    """

    def __init__(
        self,
        seed: str = "bureau",
        recipients: dict[str, str] | None = None,
        said: JsonObject | None = None,
    ) -> None:
        self.seed = seed
        self.said = said or announcement()
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
                "disclosure.announcements": [self.said],
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
