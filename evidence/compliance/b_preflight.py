"""B: the check before use.

Owns reading the signed check that the session points to, and its age. Refuses to check again: what
the recorder found then is what counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from evidence.compliance.reading import Noted
from evidence.compliance.result import (
    Facts,
    Judge,
    Part,
    Proof,
    Ruling,
    in_journal,
    in_log,
    left,
    met,
    not_met,
)

NO_FAULT: Final = ("camera", "microphone", "speaker", "storage", "key")
"""Parts without which nothing is recorded, told or kept (B1)."""

_HOUR_NS: Final = 3_600 * 1_000_000_000
_CHINESE: Final = {
    "camera": "摄像头",
    "microphone": "麦克风",
    "speaker": "扬声器",
    "storage": "存储",
    "key": "签名密钥",
    "battery": "电量",
    "space": "存储空间",
    "clock": "时钟",
}


def checked(*names: str) -> Judge:
    """The checks ``names`` found nothing wrong."""

    def rule(facts: Facts) -> Ruling:
        found = facts.reading.preflight
        if found is None:
            return _absent(facts)
        states = {one["name"]: one["state"] for one in found.payload["checks"]}
        wrong = [name for name in names if states.get(name) != "ok"]
        if wrong:
            chinese = "、".join(_CHINESE[name] for name in wrong)
            said = ", ".join(f"{name} {states.get(name, 'not checked')}" for name in wrong)
            return not_met(f"by the check: {said}", f"检查未通过：{chinese}", _proof(found))
        return met("the check found it in order", "使用前检查正常", _proof(found))

    return rule


def recent(facts: Facts) -> Ruling:
    """B5: the check is on record, and no older than the rulebook allows."""
    found, opened = facts.reading.preflight, facts.reading.opened
    if found is None or opened is None:
        return _absent(facts)
    age_ns = _age_ns(found, opened)
    hours = facts.book.number("preflight.valid_hours")
    minutes = age_ns // 60_000_000_000
    if not 0 <= age_ns <= hours * _HOUR_NS:
        en = f"checked {minutes} minutes before; at most {hours} hours are allowed"
        return not_met(en, f"检查距开始 {minutes} 分钟，超过 {hours} 小时", _proof(found))
    return met(f"checked {minutes} minutes before", f"开始前 {minutes} 分钟已检查", _proof(found))


def _age_ns(found: Noted, opened: Noted) -> int:
    """By the running clock within one boot: the wall clock may have been set in between."""
    if found.payload["boot_id"] == opened.payload["boot_id"]:
        return opened.mono_ns - found.mono_ns
    return opened.utc_ns - found.utc_ns


def _absent(facts: Facts) -> Ruling:
    opened = facts.reading.opened
    named = opened is not None and opened.payload["preflight"] is not None
    if named and not facts.reading.has_log:
        return left(Part.DESK, "the device log is not at hand", "设备台账不在手边")
    if named:
        return not_met("the check it names is not in the device log", "设备台账中没有所指的检查")
    late = [one for one in facts.reading.events("check") if one.fields["name"] == "preflight"]
    if late:
        proof = in_journal(late[0].record)
        return not_met("checked only after the press", "按下录制键后才完成检查", proof)
    return not_met("no check before use is on record", "没有使用前检查记录", in_journal(0))


def _proof(found: Noted) -> Proof:
    return in_log(found.record)


RULES: Final[Mapping[str, Judge]] = {
    "B1": checked(*NO_FAULT),
    "B2": checked("battery"),
    "B3": checked("space"),
    "B4": checked("clock"),
    "B5": recent,
}
