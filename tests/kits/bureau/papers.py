"""Labels and forms filled with everything that a real one may hold."""

from __future__ import annotations

from typing import Final

from provisioning.paper.forms import Form, Handover, Heading, Loss, Repair, Return, Someone
from provisioning.paper.label import Machine

BUREAU: Final = "某县统计局"
LONG_BUREAU: Final = "某某某自治州某某某某自治县统计局普查中心执法监督检查大队"
KEY: Final = "Vx2n8yWJ0hT5q3c-Rk9uLm4aZpE7sGdB1oQfXw6YtNI"
USUAL: Final = Machine(
    device="ZF-001", model="RPI5-REC", serial="10000000a1b2c3d4", fingerprint=KEY
)
BARE: Final = Machine(device="ZF-002", model="", serial="", fingerprint=KEY[::-1])
LONG: Final = Machine(
    device="A123456789-123456789-12345678901",
    model="执法记录仪 RPI5-4G-ABCDEFGH",
    serial="10000000a1b2c3d4" * 2,
    fingerprint=KEY.swapcase(),
)
OFFICER: Final = Someone(id="O-1", name="𠮷田·阿依古丽", department="执法队", certificate="豫10003")
KEEPER: Final = Someone(id="K-1", name="赵敏", department="办公室")
LEADER: Final = Someone(id="L-1", name="李㐂", department="执法队", certificate="豫10002")
HEAD: Final = Someone(id="H-1", name="王建国", department="局领导")


def heading(number: int, machine: Machine = USUAL) -> Heading:
    """Of the form to the device's word of that number."""
    return Heading(
        bureau=BUREAU,
        number=f"PF-{machine.device}-{number:06d}",
        line=17,
        at="2026-11-21 09:00",
        machine=machine,
    )


FORMS: Final[dict[str, Form]] = {
    "配发交接单": Handover(
        heading=heading(1),
        custodian=OFFICER,
        keeper=KEEPER,
        leader=LEADER,
        approver=HEAD,
        document="某统字2026年第12号",
        approved="2026-11-20",
        others=[OFFICER, LEADER, HEAD],
    ),
    "归还单": Return(
        heading=heading(2),
        custodian=OFFICER,
        keeper=KEEPER,
        since="2026-11-21 09:00",
        left="截至 2026-11-21 17:20（设备时钟），已全部移交",
    ),
    "维修单": Repair(
        heading=heading(3),
        custodian=None,
        keeper=KEEPER,
        because="送修",
        note="镜头松动，画面模糊" * 20,
        cleared=[("2026-11-22 10:00", "赵敏（K-1）：更换镜头，试机正常")],
    ),
    "遗失报告": Loss(
        heading=heading(4, LONG),
        custodian=OFFICER,
        leader=LEADER,
        note="乘车时遗失",
        seen="",
        left="从未对接采集站",
    ),
}
