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
    "routine_inspection": "日常监督检查",
    "patrol": "巡查",
    "licence_review": "许可现场审核",
    "case_inspection": "违法案件现场检查",
    "questioning": "调查询问",  # S3§5 too
    "statement_defence": "陈述申辩",
    "hearing": "听证",  # S1§6, S1 annex and S2§6 too
    "service": "送达执法文书",
    "coercive_measure": "采取强制措施",  # S3§5 too
    # S1§6 and its annex, S2§6
    "site_enforcement": "现场执法",
    "inspection": "现场检查",  # S3§5 too
    "evidence_taking": "调查取证",  # S3§5 too
    "lien_service": "留置送达",
    "notice_service": "公告送达",
    # S3§5
    "prior_registration": "证据先行登记保存",
    "assistance": "协助调查案件",
    "minor_correction": "纠正轻微违法行为",
    "major_incident": "处置敏感重大事件",  # S4§4 too
    "non_cooperation": "当事人不配合",
    # S4§4
    "dispute_prone": "易引起争议的执法",
    "obstruction": "阻碍执法",
    "complex_case": "重大复杂案件取证",
    "seizure": "查封扣押",
    "required_by_law": "法定应当记录的执法",
}
"""What one of the rules says has to be recorded: code → Chinese name, short enough to be spoken."""

MAY_RECORD: Final[Mapping[str, str]] = {
    # S2§11
    "report_call": "接听举报电话",
    "sampling": "抽样调查",
    "deliberation": "重大案件集体讨论",
    "correction": "责令改正执行",
    # S0§14, S3§5 (6)
    VOLUNTARY: "自主记录",
}
"""What a rule allows to be recorded."""

ACTIVITIES: Final[Mapping[str, str]] = {**MUST_RECORD, **MAY_RECORD}
"""Every code → its Chinese name, in the order of a menu."""


def name_of(code: str) -> str:
    """The Chinese name; of a code that is not in the table, the code itself."""
    return ACTIVITIES.get(code, code)
