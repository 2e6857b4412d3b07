"""The vault's part in a field test: what it holds, and its name under the report.

Owns the facts that a tester may ask for and the ``field_test`` record. Refuses to sign while a
session is open, and anything that is not the digest of a report: the key stays where it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from agent.errors import RefusedError
from agent.preflight.results import Trouble
from agent.vault import messages as m
from agent.vault.chain.device_log import DeviceLog
from agent.vault.mandate import Mandate
from agent.vault.preflight.wholeness import Wholeness
from agent.vault.store.medium import Medium
from evidence import field_report, ids, journal, jws, moments
from evidence.digests import sha256_hex
from evidence.errors import EvidenceError
from hw.ports import Clock

_MS_NS: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldTest:
    """Answers a tester, on the scribe's thread.

    Attributes:
        mandate: The device and its key.
        log: The device log.
        medium: The store.
        wholeness: Names the parts.
        clock: The device's clock.
        boot_id: This boot.
        started_ns: CLOCK_BOOTTIME of this boot's first start of the vault.
    """

    mandate: Mandate
    log: DeviceLog
    medium: Medium
    wholeness: Wholeness
    clock: Clock
    boot_id: str
    started_ns: int

    def facts(self, asked: m.AskFacts, *, attached: bool, open_session: str | None) -> m.Facts:
        """How the vault and one session stand."""
        fault, found = self.log.state.stop_use, self.wholeness.find()
        made = {} if isinstance(found, Trouble) else found
        return m.Facts(
            boot_id=self.boot_id,
            utc=moments.utc_text(self.clock.utc_ns()),
            started_ns=self.started_ns,
            attached=attached,
            open_session=open_session,
            protection=self.medium.protection,
            stop_use=None if fault is None else f"{fault.part} {fault.code}",
            parts=[
                m.MadeOf(name=name, model=part.model, serial=part.serial)
                for name, part in made.items()
            ],
            session=None if asked.sid is None else self._session(asked.sid, asked.records),
        )

    def sign(self, asked: m.SignReport, *, open_session: str | None) -> m.ReportSigned:
        """Put a report on record, and vouch for it by the device's signing key.

        Raises:
            RefusedError: A session is open, or this is no digest.
            SigningFault: The key does not sign.
        """
        if open_session is not None:
            raise RefusedError("a session is open", code="recording")
        counts = {"passed": asked.passed, "failed": asked.failed, "skipped": asked.skipped}
        try:
            self.log.record("field_test", {"sha256": asked.sha256, **counts})
        except EvidenceError as error:
            raise RefusedError(error.detail, code="protocol") from error
        quality = self.clock.quality()
        statement = {
            "v": field_report.VERSION,
            "dev": self.mandate.device,
            "sha256": asked.sha256,
            "boot_id": self.boot_id,
            "utc": moments.utc_text(self.clock.utc_ns()),
            "utc_q": {"source": quality.source, "error_ms": quality.error_ms},
            "log": self.log.head,
        }
        token = field_report.state_report(statement, self.mandate.signer, self.mandate.x5c)
        return m.ReportSigned(token=token)

    def _session(self, sid: str, count: int) -> m.SessionFacts | None:
        if not ids.is_session_id(sid):
            return None
        try:
            content = (self.medium.session_folder(sid) / ids.JOURNAL_NAME).read_bytes()
        except OSError:
            return None
        known = self.log.state.sessions.get(sid)
        receipts = sorted(known.receipts) if known is not None else []
        reason = known.reason if known is not None else None
        told = _told(sid, content, reason, receipts)
        lines = journal.split(content).complete[:count]
        return msgspec.structs.replace(told, sha256=sha256_hex(journal.NEWLINE.join(lines)))


def _told(sid: str, content: bytes, reason: str | None, receipts: list[str]) -> m.SessionFacts:
    records = list(_payloads(content))
    sealed = [one for one in records if one["t"] == "seg"]
    resumed = [one for one in records if one["t"] == "resume"]
    return m.SessionFacts(
        sid=sid,
        records=len(records),
        sha256="",
        segments=len(sealed),
        frames=_sum(sealed, "frames"),
        dropped=_sum(sealed, "dropped"),
        milliseconds=sum(one["last_pts_ns"] - one["first_pts_ns"] for one in sealed) // _MS_NS,
        orphans=sum(len(one["orphans"]) for one in resumed),
        reason=reason,
        receipts=receipts,
    )


def _payloads(content: bytes) -> list[Any]:
    """The records that can be read: a torn line says nothing."""
    found = []
    for line in journal.split(content).complete:
        try:
            found.append(jws.parse(line, jws.TYP_RECORD).payload())
        except EvidenceError:
            continue
    return found


def _sum(records: Sequence[Any], field: str) -> int:
    return sum(int(one[field]) for one in records)
