"""Every key of a rulebook: bounds, default, and where the five texts part ways over it.

Owns the table; ``docs/rulebook.md`` prints it. ``conflict`` is the number of the question that the
texts answer differently, 0 for a key that they do not touch. A default is what a recorder did
before the key was there: nothing is asked that was not stated, and nothing is kept shorter. Refuses
behaviour: whoever reads a key says what follows from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from evidence import schema as s
from evidence.rulebook.kinds import REQUIRED, Key, choice, codes, flag, listed, text, whole
from evidence.rulebook.words import (
    ARRIVALS,
    AUDIENCES,
    BEGINS,
    CARRIERS,
    CAUSES,
    CONTINUITIES,
    DEFERRALS,
    ENDS,
    EXEMPTIONS,
    HOLDS,
    INTERMITTENT,
    ITEM,
    KEEPERS,
    OCCASIONS,
    RECIPIENT_ROLES,
    REVIEWS,
    ROLES,
    STOPPING_FAULTS,
    TEXT_ENTRIES,
    UPLOADS,
    WORDINGS,
)

__all__ = ["KEYS", "REQUIRED", "Key"]

_HOURS_OF_A_MONTH = 24 * 31
_HOURS_OF_A_WEEK = 24 * 7
_MINUTES_OF_A_DAY = 24 * 60

_ANNOUNCEMENT: s.Schema = {
    "id": s.code,
    "lang": s.text,
    "text": s.text,
    "text_sha256": s.sha256,
    "pcm_sha256": s.sha256,
    "samples": s.integer(1),
    "rate": s.integer(8_000, 48_000),
}
_RECIPIENT: s.Schema = {"role": s.one_of(*RECIPIENT_ROLES), "age": s.text}

_BUREAU: Mapping[str, Key] = {
    "bureau.id": Key(s.code, REQUIRED, "code", "code of the bureau", "单位代码"),
    "bureau.name": Key(s.text, REQUIRED, "text", "full name of the bureau", "单位全称"),
    "seal.recipients": Key(
        s.many(s.fields(_RECIPIENT), least=2, most=2),
        REQUIRED,
        "bureau and escrow",
        "to whom every session is sealed: {role, age}",
        "加密接收方",
    ),
    "segment.seconds": whole(2, 60, REQUIRED, 0, "length of a sealed segment", "片段秒数"),
    "release.keep_days": whole(
        0, 3_650, REQUIRED, 0, "kept on the device after the receipt", "回执后设备保留天数"
    ),
    "storage.warn_minutes": whole(
        1, None, REQUIRED, 0, "recording time left: a warning", "剩余分钟：提示"
    ),
    "storage.refuse_minutes": whole(
        1, None, REQUIRED, 0, "recording time left: no start", "剩余分钟：不再开始"
    ),
    "storage.alarm_minutes": whole(
        1, None, REQUIRED, 0, "recording time left: an alarm", "剩余分钟：报警"
    ),
    "storage.close_minutes": whole(
        1, None, REQUIRED, 0, "recording time left: the session is closed", "剩余分钟：结束记录"
    ),
    "custody.revoked": Key(
        s.many(s.device, most=1_000),
        [],
        "up to 1,000 device ids",
        "devices that refuse to start",
        "停用的设备",
    ),
    "preflight.valid_hours": whole(
        1, _HOURS_OF_A_WEEK, 12, 0, "how old the check before use may be", "使用前检查有效小时"
    ),
    "upkeep.stop_use": codes(
        STOPPING_FAULTS,
        ["key", "storage"],
        0,
        "parts whose fault stops the recorder's use until the keeper clears it",
        "故障即停止使用的部件",
    ),
}
"""What no text decides."""

_KEEPING: Mapping[str, Key] = {
    "retention.floor_months": whole(
        0, 1_200, 24, 1, "kept at least; 0: the case file's term alone", "保存期限（月）下限"
    ),
    "retention.with_case": flag(
        default=False, conflict=1, meaning="at least as long as the case file", chinese="随案卷期限"
    ),
    "retention.at_expiry": choice(
        ("keep", "propose"), "keep", 2, "what becomes of what has expired", "到期处理"
    ),
    "upload.rule": choice(UPLOADS, "within", 3, "when a recording is handed in", "移交规则"),
    "upload.deadline_hours": whole(
        1, _HOURS_OF_A_MONTH, 24, 3, "from the end of a session to the archive", "移交时限（小时）"
    ),
    "upload.weekday": whole(
        0, 7, 0, 3, "day of the central collection, 1 Monday to 7; 0: none", "每周集中存储日"
    ),
    "upload.deferral_hours": whole(
        0, _HOURS_OF_A_MONTH, 0, 4, "after the return to the unit; 0: no deferral", "返回单位后小时"
    ),
    "upload.deferral_codes": codes(DEFERRALS, [], 4, "reasons of a deferral", "延期移交事由"),
    "text_entry.rule": choice(TEXT_ENTRIES, "none", 5, "when the text is entered", "文字录入规则"),
    "text_entry.deadline_hours": whole(
        1, _HOURS_OF_A_MONTH, 24, 5, "from the import to the text entry", "文字录入时限（小时）"
    ),
}
_SAYING: Mapping[str, Key] = {
    "disclosure.announcements": Key(
        s.many(s.fields(_ANNOUNCEMENT), least=1, most=8),
        REQUIRED,
        "1 to 8",
        "what every session says, in order",
        "告知语音",
        6,
    ),
    "disclosure.wording": choice(WORDINGS, "free", 6, "who fixes the words", "告知用语来源"),
    "disclosure.text": text(
        "", 6, "the sentence one announcement has to say; empty: free", "规范用语"
    ),
    "disclosure.audience": choice(AUDIENCES, "party", 7, "who is told", "告知对象"),
    "disclosure.when": choice(OCCASIONS, "beforehand", 7, "when they are told", "告知时机"),
    "disclosure.repeat_minutes": whole(
        0, _MINUTES_OF_A_DAY, 0, 7, "said again so often; 0: never by itself", "重复告知间隔（分）"
    ),
    "arrival.statement": choice(ARRIVALS, "none", 8, "what is spoken at the start", "到场语音说明"),
    "arrival.sign": flag(
        default=False,
        conflict=8,
        meaning="the sign or door is filmed first",
        chinese="拍摄标牌门脸",
    ),
    "arrival.seconds": whole(5, 120, 20, 8, "window of the statement", "语音说明窗口（秒）"),
    "arrival.voiced_ms": whole(
        0, 120_000, 3_000, 8, "voice in that window, at least", "语音最短时长（毫秒）"
    ),
    "session.begins": choice(BEGINS, "unstated", 9, "where a recording begins", "记录开始"),
    "session.ends": choice(ENDS, "unstated", 9, "where it ends", "记录结束"),
}
_GOING_ON: Mapping[str, Key] = {
    "continuity.rule": choice(CONTINUITIES, "unstated", 10, "whether it may stop", "连续记录"),
    "continuity.causes": codes(CAUSES, [], 10, "causes that excuse a stop", "可停止事由"),
    "continuity.intermittent_for": codes(
        INTERMITTENT, [], 10, "what may be recorded with pauses", "可断续记录"
    ),
    "continuity.reason_on_resume": flag(
        default=False,
        conflict=10,
        meaning="the reason is spoken on resuming",
        chinese="恢复时说明原因",
    ),
    "continuity.reason_seconds": whole(3, 120, 15, 10, "window of that", "说明窗口（秒）"),
    "continuity.reason_voiced_ms": whole(
        0, 120_000, 1_000, 10, "voice in that window, at least", "说明最短时长（毫秒）"
    ),
    "continuity.related_minutes": whole(
        0, _MINUTES_OF_A_DAY, 30, 10, "a start so soon after a stop resumes it", "视为恢复（分钟）"
    ),
    "exemption.codes": codes(EXEMPTIONS, [], 11, "reasons not to record at all", "可不记录事由"),
    "exemption.reviewer": choice(ROLES, "none", 11, "who gets the work record", "工作记录审核"),
    "exemption.filed": flag(
        default=False, conflict=11, meaning="the work record is filed", chinese="工作记录备案"
    ),
    "secret.scene": choice(
        ("record", "may_skip"), "record", 12, "a scene with a secret or privacy", "涉密场景"
    ),
}
_HOLDING: Mapping[str, Key] = {
    "hold.reasons": codes(HOLDS, [], 13, "reasons of a long-term hold", "长期保存事由"),
    "hold.approver": choice(ROLES, "none", 14, "who approves a hold", "长期保存批准人"),
    "hold.keeper": choice(KEEPERS, "own", 14, "who keeps what is held", "长期保存单位"),
    "access.approver": choice(ROLES, "none", 15, "who approves a look", "查阅批准人"),
    "access.free": codes(ROLES, [], 15, "who may look without asking", "可直接查阅"),
    "access.publication_approver": choice(ROLES, "none", 15, "… a publication", "公开使用批准人"),
    "access.party_copy_approver": choice(ROLES, "none", 15, "… a party's copy", "当事人复制同意人"),
    "export.dual_control": flag(
        default=False, conflict=16, meaning="an export is supervised", chinese="导出须监督"
    ),
    "export.supervisor": choice(ROLES, "none", 16, "who supervises, or downloads", "导出监督人"),
    "export.note": flag(
        default=False,
        conflict=16,
        meaning="maker, extractor and time on a copy",
        chinese="调取文字说明",
    ),
}
_BODY: Mapping[str, Key] = {
    "equip.approval": flag(
        default=False, conflict=17, meaning="a recorder is issued on approval", chinese="配备须批准"
    ),
    "equip.approver": choice(ROLES, "none", 17, "who approves that", "配备批准人"),
    "officers.min": whole(1, 16, 1, 18, "officers on one session", "执法人员最少人数"),
    "officers.training": flag(
        default=False,
        conflict=0,
        meaning="a recorder is issued to whoever's training is valid",
        chinese="配发须培训有效",
    ),
    "must_record.codes": listed(19, "activities that have to be recorded", "必须记录事项"),
    "may_record.codes": listed(19, "activities that may be recorded", "可以记录事项"),
    "must_record.items": Key(
        s.many(s.fields(ITEM), most=64),
        [],
        "up to 64 rows",
        "the bureau's list of items, column by column",
        "音像记录事项清单",
        19,
    ),
    "media.copies": whole(0, 9, 0, 20, "discs of what is held or used as evidence", "光盘份数"),
    "media.carriers": codes(CARRIERS, [], 20, "on what they are", "载体"),
    "media.label": flag(
        default=False, conflict=20, meaning="a label on each", chinese="标签或封套"
    ),
    "media.form": flag(
        default=False, conflict=20, meaning="a signed record form with it", chinese="填制记录表"
    ),
    "prebuffer.seconds": whole(
        0, 0, 0, 21, "recorded before the press: nothing, for any bureau", "预录秒数"
    ),
    "review.rule": choice(REVIEWS, "unstated", 22, "how often use is checked", "检查方式"),
    "review.per_year": whole(0, 366, 0, 22, "closed reviews each year, at least", "每年评查次数"),
}

KEYS: Final[Mapping[str, Key]] = MappingProxyType(
    {**_BUREAU, **_SAYING, **_GOING_ON, **_KEEPING, **_HOLDING, **_BODY}
)
"""Key → what it holds. No other key is one."""
