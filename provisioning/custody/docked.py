"""What the desk holds of a device: the copy of its log, and what became of its sessions.

Owns reading ``archive/<dev>/device.jws`` and ``receipts/`` as evidence: the log is followed from
the pinned CA, every receipt is verified; and what of it is in quarantine. Refuses to trust what a
device says of itself anywhere else, and refuses to write.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from cryptography import x509

from evidence import journal, jws, records
from evidence.canonical import JsonObject
from evidence.digests import sha256_hex
from evidence.errors import EvidenceError
from evidence.ids import DEVICE_LOG_NAME
from evidence.receipt import read_receipt
from evidence.verify.device_log import read_device_log
from evidence.verify.findings import Findings

_ASSIGNMENT: Final = "assignment"
_RULEBOOK: Final = "rulebook"
_TOLD: Final = (b'"t":"session"', b'"t":"provision"', b'"t":"stop_use"')
_PREFLIGHT: Final = b'"t":"preflight"'
_MEASURED: Final = re.compile(r"([0-9]{1,5}) minutes a charge \(measured\)")
"""How the check before use tells how long a full battery lasts."""


@dataclass(frozen=True, slots=True)
class Latch:
    """A fault for which the device stopped itself (M2).

    Attributes:
        part: Of the device.
        code: Which fault.
        assignment: Number of the word in force then; 0 for none.
    """

    part: str
    code: str
    assignment: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Docked:
    """What the log says, as far as the desk has it.

    Attributes:
        lines: How many; 0 for a device that never docked.
        head: Hex SHA-256 of the last; empty for none.
        seen: UTC of the last, by the device's clock; None for none.
        whole: Whether the log was followed from the CA to its last line; None where nobody did.
        left: Sessions it names without a valid ``stored`` receipt, in order.
        quarantined: Those of them that the desk has put aside: no receipt will come for them.
        adopted: Number of the last assignment that the device took; 0 for none.
        rulebook: Version of the last rulebook that it took; 0 for none.
        stopped: What it stopped itself for, and no word of the bureau has answered on it.
        battery_minutes: How long a full battery records, if the device has measured it: what is
            left of a new one's is its wear. None where it has not.
    """

    lines: int = 0
    head: str = ""
    seen: str | None = None
    whole: bool | None = None
    left: tuple[str, ...] = ()
    quarantined: tuple[str, ...] = ()
    adopted: int = 0
    rulebook: int = 0
    stopped: Latch | None = None
    battery_minutes: int | None = None

    def emptied_since(self, number: int) -> str:
        """Why it is not known to hold nothing; empty where it is.

        A device that took word ``number``, which took it out of somebody's hands, records no more:
        where every session before that is receipted, nothing is left on it and nothing can come.
        """
        if self.lines == 0:
            return "it never docked"
        if not self.whole:
            return "the desk's copy of its log does not verify"
        if self.adopted < number:
            return f"it has not taken word {number} yet, by which it was taken back"
        if self.left:
            return f"{len(self.left)} sessions are not stored, the first is {self.left[0]}"
        return ""


class Desk:
    """What the desk holds, looked at once for each device.

    Args:
        bureau: The bureau's folder.
        ca: The pinned CA.
    """

    def __init__(self, bureau: Path, ca: x509.Certificate) -> None:
        self._bureau = bureau
        self._ca = ca
        self._known: dict[str, Docked] = {}
        self._receipts: dict[str, list[Path]] | None = None

    def docked(self, device: str) -> Docked:
        """What it holds of ``device``, verified."""
        if device not in self._known:
            self._known[device] = self._read(device)
        return self._known[device]

    def glance(self, device: str) -> Docked:
        """The same without a signature checked: for a list that people look at."""
        content = self._log(device)
        seen = _reading(content, dict.fromkeys(self._named(device), True), whole=None)
        return self._with_quarantine(device, seen)

    def line(self, device: str, count: int) -> bytes | None:
        """The last of the first ``count`` lines of its log; None where there are fewer."""
        raw = journal.split(self._log(device)).complete
        return raw[count - 1] if 0 < count <= len(raw) else None

    def _read(self, device: str) -> Docked:
        content = self._log(device)
        if not content:
            return Docked()
        findings = Findings()
        followed = read_device_log(content, None, self._ca, findings)
        whole = followed.whole and followed.device == followed.owner == device
        stored = {
            sid: self._is_stored(path, device, entry)
            for sid, path in self._named(device).items()
            if (entry := followed.sessions.get(sid)) is not None
        }
        return self._with_quarantine(device, _reading(content, stored, whole=whole))

    def _with_quarantine(self, device: str, seen: Docked) -> Docked:
        aside = self._bureau / "quarantine" / device
        return replace(seen, quarantined=tuple(sid for sid in seen.left if (aside / sid).is_dir()))

    def _log(self, device: str) -> bytes:
        path = self._bureau / "archive" / device / DEVICE_LOG_NAME
        return path.read_bytes() if path.exists() else b""

    def _named(self, device: str) -> Mapping[str, Path]:
        """Session → its ``stored`` receipt, by the names in the book of receipts."""
        if self._receipts is None:
            self._receipts = {}
            for path in sorted((self._bureau / "receipts").glob("*.stored.jws")):
                _, owner, _ = path.name.split(".", 2)
                self._receipts.setdefault(owner, []).append(path)
        return {path.name.split(".")[2]: path for path in self._receipts.get(device, ())}

    def _is_stored(self, path: Path, device: str, entry: JsonObject) -> bool:
        try:
            receipt = read_receipt(path.read_bytes(), self._ca)
        except (OSError, EvidenceError):
            return False
        return (
            receipt.kind == "stored"
            and (receipt.dev, receipt.sid) == (device, entry["sid"])
            and (receipt.counter, receipt.root) == (entry["counter"], entry["root"])
            and receipt.journal_sha256 == entry["journal"]["sha256"]
        )


def _reading(content: bytes, stored: Mapping[str, bool], *, whole: bool | None) -> Docked:
    """What the lines say, whoever vouches for them."""
    raw = journal.split(content).complete
    said = [record for line in raw if (record := _record(line, _TOLD)) is not None]
    last = next(filter(None, map(_record, reversed(raw))), None)
    sessions = [str(line["sid"]) for line in said if line["t"] == "session"]
    return Docked(
        lines=len(raw),
        head=sha256_hex(raw[-1]) if raw else "",
        seen=None if last is None else str(last["utc"]),
        whole=whole,
        left=tuple(sid for sid in sessions if not stored.get(sid, False)),
        adopted=_taken(said, _ASSIGNMENT),
        rulebook=_taken(said, _RULEBOOK),
        stopped=_latch(said),
        battery_minutes=_battery(raw),
    )


def _taken(said: list[JsonObject], step: str) -> int:
    """The version that a device took last."""
    for line in reversed(said):
        if line["t"] == "provision" and line["step"] == step:
            return int(line["version"])
    return 0


def _latch(said: list[JsonObject]) -> Latch | None:
    for line in reversed(said):
        if line["t"] == "stop_use":
            if line["state"] == "cleared":
                return None
            return Latch(str(line["part"]), str(line["code"]), int(line["assignment"] or 0))
    return None


def _battery(raw: Sequence[bytes]) -> int | None:
    for line in reversed(raw):
        said = _record(line, (_PREFLIGHT,))
        for check in said["checks"] if said is not None and said["t"] == "preflight" else ():
            measured = _MEASURED.search(check["detail"]) if check["name"] == "battery" else None
            if measured is not None:
                return int(measured[1])
    return None


def _record(line: bytes, kinds: Sequence[bytes] = (b"",)) -> JsonObject | None:
    """What a line says, if it is a record of one of ``kinds``; else None.

    A log of years has tens of thousands of lines and a few hundred that matter here: canonical
    JSON has one spelling, so the others are passed over without being parsed.
    """
    try:
        spelled = jws.decode(line.split(b".")[1])
        if not any(kind in spelled for kind in kinds):
            return None
        payload = jws.parse(line, jws.TYP_RECORD).payload()
        records.check_device_record(payload)
    except (EvidenceError, IndexError):
        return None
    return payload
