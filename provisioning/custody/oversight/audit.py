"""The audit (核验): is everything as the ledger says, and was everything allowed?

Owns going through the whole ledger line by line, and comparing registry, assignments, certificates
and the revocation list with what it adds up to. Refuses to mend and to stop at the first finding:
each discrepancy is told by its line. A damaged ledger is gone through all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from evidence import rulebook
from evidence.digests import sha256_hex
from evidence.errors import EvidenceError
from provisioning.bureau_folder import Bureau
from provisioning.custody import ledger, lines, rules
from provisioning.custody.docked import Desk
from provisioning.custody.errors import CustodyError
from provisioning.custody.ledger import Line
from provisioning.custody.oversight import comparing
from provisioning.custody.oversight.discrepancy import Discrepancy
from provisioning.custody.oversight.recovery import Recovery, recovery_of
from provisioning.custody.register import TRAINING
from provisioning.custody.rules import Circumstances
from provisioning.custody.signatories import Signatories, Succession, signatories_of
from provisioning.custody.state import State, advance
from provisioning.custody.witnesses import words_without_lines

CHAIN: Final = "chain"
"""The ledger itself is damaged."""
_CAUSES: Final[Mapping[str, str]] = {
    ledger.UNKNOWN_KEY: "签名的密钥不是本单位的",
    ledger.ALTERED: "内容被改动，与签名不符",
    ledger.NOT_NEXT: "与上一行不衔接，此处有行缺失、损坏或调换",
    ledger.UNNAMED: "没有注明其前的残行",
    ledger.UNREADABLE: "文件末尾有无法读取的行",
}


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found.

    Attributes:
        lines: Lines of the ledger that say something.
        devices: Devices it knows.
        discrepancies: In the order of the ledger, then by device.
        recovery: The way back, where the ledger itself is damaged.
    """

    lines: int
    devices: int
    discrepancies: tuple[Discrepancy, ...]
    recovery: Recovery | None = None


def audit(bureau: Bureau, *, at_ns: int) -> Audit:
    """Go through everything.

    Args:
        bureau: Which.
        at_ns: UTC in nanoseconds.

    Raises:
        LedgerError: A root document that was kept does not verify: nobody can be checked.
    """
    walk = _Walk(bureau, signatories_of(bureau))
    path = bureau.folder.ledger
    content = path.read_bytes() if path.exists() else b""
    found = list(walk.through(content))
    damaged = any(one.code == CHAIN for one in found) or any(
        words_without_lines(bureau, walk.state)
    )
    found += comparing.compare(bureau, walk.state, at_ns=at_ns)
    recovery = recovery_of(content) if damaged else None
    return Audit(walk.state.lines, len(walk.state.devices), tuple(found), recovery)


class _Walk:
    """The way through the ledger.

    Args:
        bureau: For the rulebooks that were in force.
        signatories: For the keys that were.
    """

    def __init__(self, bureau: Bureau, signatories: Signatories) -> None:
        self.state = State()
        self._bureau = bureau
        self._signatories = signatories
        self._training: dict[int, bool] = {}
        self._succession = Succession(signatories)
        self._desk = Desk(bureau.folder.path, bureau.ca)

    def through(self, content: bytes) -> Iterator[Discrepancy]:
        """Every line in order."""
        known = self._signatories.keys
        for place in ledger.walk(content, known):
            if place.fault:
                where = f"第 {place.number} 行（文件第 {place.row} 行）"
                told = f"{where}：{_CAUSES[place.fault]}"
                yield Discrepancy(told, CHAIN, place.fault, place.number)
            if place.line is not None:
                yield from self._line(place.number, place.line)
        if not self.state.lines:
            yield Discrepancy("台账为空或不在", CHAIN, "the ledger has no line", None)

    def _line(self, number: int, line: Line) -> Iterator[Discrepancy]:
        try:
            kind = lines.check_line(line.payload)
        except CustodyError as error:
            yield Discrepancy.of(error, number)
            return
        if not self._succession.take(line):
            yield Discrepancy(
                f"第 {number} 行：以已更换的密钥签署",
                "replaced_key",
                f"signed by {line.kid}",
                number,
            )
        try:
            rules.judge(self.state, kind, line.payload, self._around(line))
        except CustodyError as error:
            yield Discrepancy.of(error, number)
        if line.payload["utc"] < self.state.utc:
            earlier = f"{line.payload['utc']} after {self.state.utc}"
            yield Discrepancy(
                f"第 {number} 行：时间早于上一行（时钟曾被回调，{earlier}）",
                "clock",
                earlier,
                number,
            )
        yield from self._emptied(number, line)
        self.state = advance(self.state, line.payload)

    def _emptied(self, number: int, line: Line) -> Iterator[Discrepancy]:
        """Whether the log that a line leans on is still the one at the desk."""
        docked = line.payload.get("docked")
        if docked is None:
            return
        held = self._desk.line(line.payload["device"], docked["lines"])
        if held is None or sha256_hex(held) != docked["head"]:
            device = line.payload["device"]
            told = f"第 {number} 行：所依据的设备台账已不同或缺失（{device}）"
            yield Discrepancy(told, "docked", f"line {docked['lines']} of its log", number, device)

    def _around(self, line: Line) -> Circumstances:
        return Circumstances(
            utc=line.payload["utc"],
            by=self._signatories.of(line.kid),
            asks_training=self._asks(self.state.rulebook),
        )

    def _asks(self, version: int) -> bool:
        """Whether the rulebook of that version asked for valid training."""
        if version not in self._training:
            self._training[version] = self._read(version)
        return self._training[version]

    def _read(self, version: int) -> bool:
        path = self._bureau.folder.rulebook_version(version)
        for root in self._signatories.roots.values():
            try:
                book = rulebook.read_rulebook(path.read_bytes(), root)
            except (OSError, EvidenceError):
                continue
            return bool(book.policy.get(TRAINING, False))
        return False
