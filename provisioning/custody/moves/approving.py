"""The head approves that somebody is given a recorder (S0§6, A1).

Owns the approval's id and what makes two of them the same. Refuses another key than the head's:
``rules`` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evidence.ids import is_device_id
from provisioning.custody.days import day_of, is_day
from provisioning.custody.errors import CustodyError
from provisioning.custody.lines import ANY_DEVICE, Kind, is_name
from provisioning.custody.moves import Around, Entry
from provisioning.custody.moves.people import tidy
from provisioning.custody.rules import Signatory
from provisioning.custody.state import Approval, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve:
    """There is an approval.

    Attributes:
        approver: The head's id.
        custodian: Who may be given a device.
        device: Which; ``*`` for any.
        document: 批准文号.
        date: 批准日期; None for today.
    """

    approver: str
    custodian: str
    device: str
    document: str
    date: str | None = None

    def entries(self, state: State, around: Around) -> Sequence[Entry]:
        """One line by the head's key, or none."""
        self._check()
        if self.find(state) is not None:
            return ()
        fields = {
            "approval": f"a-{len(state.approvals) + 1:04d}",
            "approver": self.approver,
            "custodian": self.custodian,
            "device": self.device,
            "document": tidy(self.document),
            "date": self.date or day_of(around.utc),
        }
        return (Entry(Kind.APPROVED, fields, Signatory.HEAD),)

    def find(self, state: State) -> Approval | None:
        """The approval that says this already, used or not: a document approves a pair once."""
        for given in state.approvals.values():
            said = (given.document, given.custodian, given.device)
            if said != (tidy(self.document), self.custodian, self.device):
                continue
            if given.approver != self.approver or self.date not in (None, given.date):
                raise CustodyError(
                    f"{given.approval} is by {given.approver} of {given.date}",
                    code="approval_differs",
                )
            return given
        return None

    def _check(self) -> None:
        if not is_name(tidy(self.document)):
            raise CustodyError("the approval's document has a number", code="document")
        if self.date is not None and not is_day(self.date):
            raise CustodyError(f"{self.date[:40]!r} is no day; write 2026-11-21", code="date")
        if self.device != ANY_DEVICE and not is_device_id(self.device):
            raise CustodyError(f"{self.device[:40]!r} is no device id", code="line")
