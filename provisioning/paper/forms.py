"""The forms that people sign: 配发交接单, 归还单, 维修单, 遗失报告.

Owns what each of them says. Refuses to be evidence: a form repeats the signed ledger and names the
line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from provisioning.paper import qr
from provisioning.paper.label import Machine
from provisioning.paper.page import fill


@dataclass(frozen=True, slots=True, kw_only=True)
class Someone:
    """Somebody of the bureau.

    Attributes:
        id: The bureau's id of them.
        name: As on the certificate.
        department: 部门.
        certificate: 执法证号; empty for none.
    """

    id: str
    name: str
    department: str
    certificate: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What every form begins with.

    Attributes:
        bureau: Full name of the bureau.
        number: Of the form, such as ``PF-ZF-001-000003``: 配发, the device, its third word.
        line: Number of the ledger's line that the form repeats.
        at: When that was signed, 北京时间.
        machine: Which recorder.
    """

    bureau: str
    number: str
    line: int
    at: str
    machine: Machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """配发交接单: a recorder goes into somebody's hands.

    Attributes:
        heading: See there.
        custodian: 使用人.
        keeper: 保管维护人.
        leader: 第一责任人.
        approver: 批准人.
        document: 批准文号.
        approved: 批准日期.
        others: Who else may use it.
    """

    heading: Heading
    custodian: Someone
    keeper: Someone
    leader: Someone
    approver: Someone
    document: str
    approved: str
    others: Sequence[Someone] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """归还单: a recorder comes back.

    Attributes:
        heading: See there.
        custodian: Who gives it back.
        keeper: Who takes it.
        since: Since when it was in those hands, 北京时间.
        left: What is known of recordings that are still on it.
    """

    heading: Heading
    custodian: Someone
    keeper: Someone
    since: str
    left: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """维修单: a recorder is not used until its keeper clears it.

    Attributes:
        heading: See there.
        custodian: In whose hands it is; None for nobody's.
        keeper: Who clears it; None where it was never handed out.
        because: Why, in Chinese.
        note: What was said of it.
        cleared: When, by whom and with what words it was cleared; empty while it is not.
    """

    heading: Heading
    custodian: Someone | None
    keeper: Someone | None
    because: str
    note: str
    cleared: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """遗失报告: a recorder is gone.

    Attributes:
        heading: See there.
        custodian: In whose hands it was; None for nobody's.
        leader: 第一责任人; None where it was never handed out.
        note: What was said of it.
        seen: When it was last in its cradle, 北京时间; empty for never.
        left: What is known of recordings that went with it.
    """

    heading: Heading
    custodian: Someone | None
    leader: Someone | None
    note: str
    seen: str
    left: str


Form = Handover | Return | Repair | Loss

_TEMPLATES = {
    Handover: "handover.html",
    Return: "return.html",
    Repair: "repair.html",
    Loss: "loss.html",
}


def page(form: Form) -> str:
    """A form as one HTML document to print: A4."""
    heading = form.heading
    code = qr.picture(heading.machine.scanned)
    return fill(_TEMPLATES[type(form)], form=form, head=heading, qr=code)
