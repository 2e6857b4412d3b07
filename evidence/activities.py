"""The table of activities (执法事项): what a session can be about, by code.

Owns the codes and their Chinese names, one table for the bureau's commands and the recorder's
spoken menu. Refuses policy: what a bureau records beyond this list it records as ``voluntary``,
and whether a record was owed is for its rulebook and its desk.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

ACTIVITY_CODE: Final = re.compile(r"[a-z0-9][a-z0-9_]{0,31}")
VOLUNTARY: Final = "voluntary"
"""A session that no plan names (S0§14): always possible, its reason is due at the desk."""

MUST_RECORD: Final[Mapping[str, str]] = {
    # S0§11
    "inspection": "现场检查",  # S2§6 and S3§5 too
    "patrol": "巡查",
    "licence_review": "许可现场审核",
    "violation_check": "违法案件现场检查",
    "questioning": "调查询问",  # S3§5 too
    "statement_defence": "陈述申辩",
    "hearing": "听证",  # S1§6, S1 annex and S2§6 too
    "service": "送达执法文书",
    "coercion": "采取强制措施",  # S3§5 too
    # S1§6 and its annex, S2§6
    "on_site_enforcement": "现场执法",
    "evidence_taking": "调查取证",  # S3§5 too
    "lien_service": "留置送达",
    "notice_service": "公告送达",
    # S3§5
    "prior_registration": "证据先行登记保存",
    "assisting": "协助调查案件",
    "minor_correction": "纠正轻微违法行为",
    "sensitive_case": "敏感重大案件",
    "non_cooperation": "当事人不配合",
    "necessary": "其他必要情形",
    # S4§4
    "dispute_prone": "易引起争议的执法",
    "obstruction": "阻碍执法",
    "mass_incident": "突发群体性事件",
    "major_case": "重大复杂案件取证",
    "sealing_seizure": "查封扣押",
    "required_by_law": "法定应当记录的执法",
}
"""What one of the rules says has to be recorded: code → Chinese name, short enough to be spoken."""

MAY_RECORD: Final[Mapping[str, str]] = {
    # S2§11
    "report_call": "接听举报电话",
    "case_review": "重大案件审查决定",
    "execution": "责令改正的执行",
    # S0§14
    VOLUNTARY: "自主记录",
}
"""What a rule allows to be recorded."""

ACTIVITIES: Final[Mapping[str, str]] = {**MUST_RECORD, **MAY_RECORD}
"""Every code → its Chinese name, in the order of a menu."""


def name_of(code: str) -> str:
    """The Chinese name; of a code that is not in the table, the code itself."""
    return ACTIVITIES.get(code, code)
