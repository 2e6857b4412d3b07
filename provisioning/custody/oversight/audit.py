"""The audit (核验): is everything as the ledger says, and was everything allowed?

Owns going through the whole ledger line by line, and comparing registry, assignments, certificates
and the revocation list with what it adds up to. Refuses to mend and to stop at the first finding:
each discrepancy is told by its line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
from provisioning.custody.register import TRAINING
from provisioning.custody.rules import Circumstances
from provisioning.custody.signatories import Signatories, Succession, signatories_of
from provisioning.custody.state import State, advance


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found.

    Attributes:
        lines: Lines of the ledger that say something.
        devices: Devices it knows.
        discrepancies: In the order of the ledger, then by device.
    """

    lines: int
    devices: int
    discrepancies: tuple[Discrepancy, ...]


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
    found += comparing.compare(bureau, walk.state, at_ns=at_ns)
    return Audit(walk.state.lines, len(walk.state.devices), tuple(found))


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
                yield Discrepancy(
                    f"第 {place.number} 行：签名或衔接不符", "chain", place.fault, place.number
                )
            if place.line is not None:
                yield from self._line(place.number, place.line)
        if not self.state.lines:
            yield Discrepancy("台账为空", "chain", "the ledger has no line", None)

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
