"""Filling labels and forms from the bureau's ledger.

Owns which line a form repeats, and what is known of recordings that are still on a recorder.
Refuses to change anything, and a form about what never happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from evidence.canonical import JsonObject
from provisioning.bureau_folder import Bureau
from provisioning.custody import registry
from provisioning.custody.days import say
from provisioning.custody.docked import Desk
from provisioning.custody.lines import Kind
from provisioning.custody.moves.assigning import form_number
from provisioning.custody.register import read_lines
from provisioning.custody.state import State, replay
from provisioning.paper.errors import PaperError
from provisioning.paper.forms import Form, Handover, Heading, Loss, Repair, Return, Someone
from provisioning.paper.label import Machine

_PREFIX: Final = {Kind.ASSIGNED: "PF", Kind.RETURNED: "GH", Kind.FROZEN: "WX", Kind.LOST: "YS"}
"""配发、归还、维修、遗失: how the number of a form begins."""
_BECAUSE: Final = {"fault": "故障停用", "repair": "送修"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """The ledger as it is now, and what the desk holds of each recorder.

    Attributes:
        bureau: Whose.
        lines: In order.
        state: What they add up to.
        desk: See ``provisioning.custody.docked``.
    """

    bureau: Bureau
    lines: list[JsonObject]
    state: State
    desk: Desk

    def devices(self) -> list[str]:
        """Every recorder that may still be used, by id."""
        return sorted(
            entry.device
            for entry in registry.entries(self.bureau.folder.registry)
            if entry.status == "active"
        )

    def machine(self, device: str) -> Machine:
        """A recorder as paper names it.

        Raises:
            PaperError: ``unknown_device``: the registry has none of that id.
        """
        entry = registry.find(self.bureau.folder.registry, device)
        if entry is None:
            raise PaperError(f"{device} is not in the registry", code="unknown_device")
        said = self.last(device, Kind.ENROLLED) or {}
        return Machine(
            device=device,
            model=str(said.get("model") or ""),
            serial=str(said.get("serial") or ""),
            fingerprint=entry.signing.kid,
        )

    def last(self, device: str, kind: Kind, *, after: int = -1) -> JsonObject | None:
        """The latest line of that kind about ``device``; with ``after`` the next one behind it."""
        found = [
            line
            for line in self.lines
            if line["t"] == kind and line.get("device") == device and line["i"] > after
        ]
        if not found:
            return None
        return found[-1] if after < 0 else found[0]

    def someone(self, name: str | None) -> Someone | None:
        """Somebody by id; None for nobody."""
        if name is None:
            return None
        known = self.state.people[name]
        return Someone(
            id=known.id,
            name=known.name,
            department=known.department,
            certificate=known.certificate or "",
        )

    def before(self, line: JsonObject) -> State:
        """What the lines before that one add up to."""
        return replay(one for one in self.lines if one["i"] < line["i"])

    def left(self, device: str) -> str:
        """What is known of recordings that are still on a recorder, for people."""
        held = self.desk.docked(device)
        if held.seen is None:
            return "从未对接采集站"
        until = f"截至 {say(held.seen)}（设备时钟）"
        if held.left:
            return f"{until}，有 {len(held.left)} 次记录未移交"
        return f"{until}，已全部移交"


def open_book(bureau: Bureau) -> Book:
    """Read the ledger.

    Raises:
        LedgerError: It does not verify.
    """
    lines = [line.payload for line in read_lines(bureau)]
    desk = Desk(bureau.folder.path, bureau.authority.certificate)
    return Book(bureau=bureau, lines=lines, state=replay(lines), desk=desk)


def handover(book: Book, device: str) -> Form:
    """配发交接单 of the latest assignment.

    Raises:
        PaperError: It was never handed out.
    """
    line = _line(book, device, Kind.ASSIGNED, "该设备尚未配发（provision assign）")
    approval = book.state.approvals[line["approval"]]
    return Handover(
        heading=_heading(book, device, line),
        custodian=_known(book, line["custodian"]),
        keeper=_known(book, line["keeper"]),
        leader=_known(book, line["leader"]),
        approver=_known(book, approval.approver),
        document=approval.document,
        approved=approval.date,
        others=[_known(book, one["id"]) for one in line.get("officers", ())],
    )


def giving_back(book: Book, device: str) -> Form:
    """归还单 of the latest return.

    Raises:
        PaperError: It never came back.
    """
    line = _line(book, device, Kind.RETURNED, "该设备尚未归还（provision return）")
    held = book.before(line).devices[device]
    return Return(
        heading=_heading(book, device, line),
        custodian=_known(book, held.custodian),
        keeper=_known(book, held.keeper),
        since=say(held.intervals[-1].since),
        left=book.left(device),
    )


def repair(book: Book, device: str) -> Form:
    """维修单 of the latest time it was stopped.

    Raises:
        PaperError: It was never stopped.
    """
    line = _line(book, device, Kind.FROZEN, "该设备未报修或停用（provision repair）")
    held = book.before(line).devices[device]
    cleared = book.last(device, Kind.CLEARED, after=line["i"])
    return Repair(
        heading=_heading(book, device, line),
        custodian=book.someone(held.custodian),
        keeper=book.someone(held.keeper),
        because=_BECAUSE.get(str(line["because"]), str(line["because"])),
        note=line["note"],
        cleared=() if cleared is None else ((say(cleared["utc"]), _clearance(book, cleared)),),
    )


def loss(book: Book, device: str) -> Form:
    """遗失报告.

    Raises:
        PaperError: Nobody said that it is lost.
    """
    line = _line(book, device, Kind.LOST, "该设备未登记遗失（provision lost）")
    held = book.before(line).devices[device]
    seen = book.desk.docked(device).seen
    return Loss(
        heading=_heading(book, device, line),
        custodian=book.someone(held.custodian),
        leader=book.someone(held.leader),
        note=line["note"],
        seen="" if seen is None else say(seen),
        left=book.left(device),
    )


def _line(book: Book, device: str, kind: Kind, advice: str) -> JsonObject:
    line = book.last(device, kind)
    if line is None:
        raise PaperError(f"the ledger has no line {kind} of {device}", advice=advice)
    return line


def _heading(book: Book, device: str, line: JsonObject) -> Heading:
    return Heading(
        bureau=book.bureau.settings.name,
        number=form_number(_PREFIX[Kind(line["t"])], device, line["number"]),
        line=line["i"],
        at=say(line["utc"]),
        machine=book.machine(device),
    )


def _known(book: Book, name: str | None) -> Someone:
    known = book.someone(name)
    if known is None:
        raise PaperError("nobody had it then")
    return known


def _clearance(book: Book, line: JsonObject) -> str:
    keeper = _known(book, line["keeper"])
    return f"{keeper.name}（{keeper.id}）：{line['note']}"
