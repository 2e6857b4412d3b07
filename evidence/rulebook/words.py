"""The words a rulebook may use, with what they say in Chinese.

Owns the vocabularies of the texts: each word stands for a phrase of at least one of them. Refuses
synonyms: where two texts mean the same, they share the word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from evidence import schema as s

RECIPIENT_ROLES: Final = ("bureau", "escrow")

ROLES: Final[Mapping[str, str]] = {
    "none": "未规定",
    "department_head": "所在部门主要负责人",
    "unit_leader": "本单位主要领导",
    "bureau_head": "局长",
    "deputy_head": "主管局长",
    "agency_head": "行政执法机关负责人",
    "body_head": "执法机构负责人",
    "township_leader": "乡主管领导",
    "brigade_leader": "综合执法大队负责人",
    "legal_office": "法制股管理人员",
    "archivist": "档案管理人",
}
UPLOADS: Final[Mapping[str, str]] = {
    "within": "活动结束后限时移交",
    "each_activity": "每次活动结束后移交",
    "daily": "逐日存储",
    "unstated": "未规定",
}
DEFERRALS: Final[Mapping[str, str]] = {
    "remote": "边远地区",
    "water": "水上",
    "poor_transport": "交通不便地区",
    "elsewhere": "异地执法",
    "consecutive": "连续执法",
}
TEXT_ENTRIES: Final[Mapping[str, str]] = {
    "none": "未规定",
    "after_import": "导入后限时录入",
    "with_text_file": "与文字材料一致",
    "daily": "按日整理",
}
WORDINGS: Final[Mapping[str, str]] = {
    "exact": "本办法规定的规范用语",
    "provincial": "省级统一制定的执法行为用语",
    "free": "未规定具体用语",
}
AUDIENCES: Final[Mapping[str, str]] = {
    "party": "当事人",
    "party_and_present": "当事人及其他现场有关人员",
}
OCCASIONS: Final[Mapping[str, str]] = {
    "before_questioning": "询问前",
    "beforehand": "事先",
    "first": "先行",
    "always": "记录过程中",
    "when_necessary": "必要时",
}
ARRIVALS: Final[Mapping[str, str]] = {
    "none": "未规定",
    "fixed": "日期、执法人员、单位、检查内容",
    "purpose": "目的、任务、执法人员",
    "fields": "时间、地点、执法人员、执法行为、摄录重点",
}
BEGINS: Final[Mapping[str, str]] = {
    "unstated": "未规定",
    "before_entering": "进入或接近场所前",
    "on_arrival": "到达现场",
}
ENDS: Final[Mapping[str, str]] = {
    "unstated": "未规定",
    "after_notification": "告知事项完毕后",
    "on_leaving": "离开现场时",
    "after_inspection": "检查（办案）结束时",
}
CONTINUITIES: Final[Mapping[str, str]] = {
    "unstated": "未规定",
    "continuous": "连续录制，不得间断",
    "causes": "遇规定情形可以停止",
    "technical": "非因技术、客观原因不得中止或断续",
    "intermittent": "规定情形可断续记录",
}
CAUSES: Final[Mapping[str, str]] = {
    "fault": "设备故障",
    "damage": "设备损坏",
    "battery": "电量不足",
    "storage": "存储空间不足",
    "weather": "天气等自然原因",
    "obstruction": "相对人或其他人员阻碍",
    "place_change": "检查场所变化",
    "force_majeure": "其他不可抗力",
    "other_objective": "其他客观原因",
}
STOPPING_FAULTS: Final[Mapping[str, str]] = {
    "key": "签名密钥故障",
    "storage": "存储设备故障",
    "camera": "摄像头故障",
    "microphone": "麦克风故障",
}
INTERMITTENT: Final[Mapping[str, str]] = {
    "same_step": "不同地点、时间的同一执法环节",
    "voluntary": "认为有必要而使用的其他过程",
}
EXEMPTIONS: Final[Mapping[str, str]] = {
    "equipment": "设备故障、损坏或电量、存储空间不足",
    "weather": "天气情况恶劣等自然原因",
    "obstruction": "相对人或其他人员阻碍",
    "force_majeure": "其他不可抗力因素",
    "explosion_risk": "爆炸危险区域无防爆设备",
    "secret_or_privacy": "涉及国家秘密、商业秘密或者个人隐私",
    "emergency": "情况紧急",
    "objective": "客观原因",
}
HOLDS: Final[Mapping[str, str]] = {
    "objection": "当事人有异议或者投诉、上访",
    "possible_complaint": "当事人有异议，可能投诉、上访",
    "obstruction": "逃避、拒绝、阻碍执行公务或者谩骂、侮辱、殴打",
    "litigation": "涉及复议、诉讼",
    "mass_incident": "参与处置群体性事件、突发事件",
    "sensitive": "其他重大、敏感情况",
    "evidence": "作为证据使用",
    "other": "其他需要长期保存的情况",
}
KEEPERS: Final[Mapping[str, str]] = {"own": "本单位", "municipal": "市局法制股"}
CARRIERS: Final[Mapping[str, str]] = {"disc": "光盘", "removable": "移动储存介质"}
REVIEWS: Final[Mapping[str, str]] = {
    "unstated": "未规定",
    "periodic": "定期",
    "irregular": "不定期",
    "daily": "日常",
}
ITEM: Final[s.Schema] = {
    "number": s.integer(1, 999),
    "category": s.text,
    "matter": s.text,
    "step": s.text,
    "place": s.text,
    "recorder": s.text,
    "begins": s.text,
    "content": s.text,
    "ends": s.text,
    "stored": s.text,
    "kind": s.text,
    "note": s.text,
}
"""One row of a list of items: 序号, 执法类别, 执法事项, 记录环节, 执法场所, 记录人, 记录开始时间,
记录内容, 记录结束时间, 记录存储时间, 执法记录类别, 备注 (S1, annex)."""
