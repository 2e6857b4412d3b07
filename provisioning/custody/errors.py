"""What the rules of custody refuse, by stable code.

Owns the refusals and their wording for clerks: the cause and the next step. Refuses recovery: a
refused command has changed nothing.
"""

from __future__ import annotations

from provisioning.errors import ProvisioningError

_DIAGNOSES = {
    "unknown_device": "该设备尚未登记，请先运行 provision enrol",
    "unknown_person": "人员名册中没有此人，请先运行 provision person add",
    "person_differs": "名册中已有此编号且内容不同；确需变更请加 --update",
    "person": "人员信息不符合要求",
    "role": "此人的职务不能承担该项职责",
    "certificate": "此人没有执法证号，不能使用执法记录仪",
    "left": "此人已离任，不能再办理；确已复职的请用 provision person add --update 重新登记",
    "roster": "使用名单有误：每人只列一次，不列使用人本人，最多 32 人",
    "training": "此人培训未登记或已过期，请培训后更新名册再配发",
    "approval": "没有部门主要负责人对此人、此设备的批准，请先运行 provision approve",
    "approval_used": "该批准已用于一次配发，再次配发须另行批准",
    "approval_differs": "已有同号而内容不同的批准",
    "held": "设备仍在使用人手中，请先办理归还（provision return）",
    "not_held": "设备不在任何使用人手中",
    "held_before": "设备曾配发过，请用 provision reassign 改配",
    "never_held": "设备从未配发过，请用 provision assign",
    "frozen": "设备已停用或在修，须保管维护人先解除（provision clear）",
    "ended": "设备已注销（遗失、吊销或报废），不能再办理",
    "keeper": "只有该设备的保管维护人可以解除停用",
    "stop_use": "设备报告了须停用的故障，须保管维护人先解除（provision clear）",
    "not_drained": (
        "设备尚未在采集站交清：请放入采集站，待移交完成后重试；"
        "对接有异常的先处理（bureau docks list --open）"
    ),
    "quarantined": (
        "设备上有未通过核验、已隔离的记录，原件须随存储卡封存，不能改配；"
        "请以 provision retire --left 注销此编号，换存储卡后以新编号入网"
    ),
    "enrolled": "该设备已登记",
    "signatory": "批准须由负责人密钥签署",
    "number": "配发文件编号不连续",
    "date": "日期应写作 2026-11-21，且不晚于今天",
    "until": "使用期限应写作 2027-11-21，且不早于今天",
    "document": "请写明批准文号",
    "note": "请写明情况说明",
    "reason": "原因应为小写代码，例如 lost",
    "desk": "采集工作站的管理台账无法读取",
    "line": "台账记录内容不符合格式",
}


class CustodyError(ProvisioningError):
    """A change of custody that the rules refuse."""

    code = "line"
    wordings = _DIAGNOSES
