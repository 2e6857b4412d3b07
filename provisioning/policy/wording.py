"""A policy in the clerk's words.

Owns the Chinese of bounds and values, and the articles that stand beside a key. Refuses judgement:
``checks`` finds what is wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from evidence.rulebook import KEYS, words
from evidence.rulebook.keys import REQUIRED
from provisioning.policy.fixtures import NAMES, articles, read_fixture

ROWS: Final[Mapping[str, str]] = {
    "disclosure": "C8：先告知后询问，告知用语须逐字一致",
    "prebuffer": "D12：按下之前不得记录，任何单位均不得预录",
    "segment": "G1：分段封存，封存后不能改动",
    "release": "G1：设备上的记录凭回执释放，不得覆盖",
    "seal": "L3：记录须加密给本单位和托管两方",
    "storage": "B3：开始前须有足够的存储空间",
    "upload": "H1、H4：按时移交",
    "retention": "J1 至 J5：保存期限",
    "hold": "J6 至 J9：长期保存",
    "access": "K1、K2：查阅须经批准",
    "export": "K4、I5：导出须有人监督并留痕",
    "equip": "A1：配备须经批准",
    "officers": "C11、A8：执法人员人数与培训",
    "continuity": "E1 至 E4：连续记录与断续",
    "exemption": "F1、F2：不记录的情形",
    "secret": "L1、L2：涉密场景",
    "custody": "A1、A4：停用的设备不能记录",
    "upkeep": "M2：故障即停止使用",
    "preflight": "B1 至 B5：使用前全面检查并留痕",
    "arrival": "C5 至 C7：到场语音说明",
    "session": "C2、C3：记录的起止",
    "must_record": "D1 至 D6：必须记录的事项",
    "may_record": "D7：可以记录的事项",
    "media": "J6 至 J9：光盘与标签",
    "review": "N1、N3：检查与评查",
    "text_entry": "H2：导入后录入文字信息",
    "bureau": "单位代码和名称由 provision init 确定",
}
"""The first part of a key → the rows of the rules that it answers to."""

_VOCABULARIES: Final[Mapping[str, Mapping[str, str]]] = {
    "upkeep.stop_use": words.STOPPING_FAULTS,
    "disclosure.wording": words.WORDINGS,
    "disclosure.audience": words.AUDIENCES,
    "disclosure.when": words.OCCASIONS,
    "arrival.statement": words.ARRIVALS,
    "session.begins": words.BEGINS,
    "session.ends": words.ENDS,
    "continuity.rule": words.CONTINUITIES,
    "continuity.causes": words.CAUSES,
    "continuity.intermittent_for": words.INTERMITTENT,
    "exemption.codes": words.EXEMPTIONS,
    "secret.scene": {"record": "照常记录并保护", "may_skip": "可以不记录"},
    "retention.at_expiry": {"keep": "继续保存", "propose": "提请管理人员处理"},
    "upload.rule": words.UPLOADS,
    "upload.deferral_codes": words.DEFERRALS,
    "text_entry.rule": words.TEXT_ENTRIES,
    "hold.reasons": words.HOLDS,
    "hold.keeper": words.KEEPERS,
    "media.carriers": words.CARRIERS,
    "review.rule": words.REVIEWS,
}
_OF_ROLES: Final = frozenset(
    {
        *("exemption.reviewer", "hold.approver", "access.approver", "access.free"),
        *("access.publication_approver", "access.party_copy_approver", "export.supervisor"),
        "equip.approver",
    }
)
"""Keys that name who: all of them with the same words."""

_RANGE: Final = re.compile(r"([0-9]+) to ([0-9,]+)")
_LEAST: Final = re.compile(r"([0-9]+) or more")
_FIXED: Final = re.compile(r"[0-9]+")
_ANY: Final = re.compile(r"any of (.+)")
_UP_TO: Final = re.compile(r"up to ([0-9,]+) (codes|device ids|rows)")
_COUNTED: Final = {"codes": "个事项代码", "device ids": "个设备编号", "rows": "行"}
_PLAIN: Final = {
    "true or false": "只能为 true（是）或 false（否）",
    "a text": "文字",
    "text": "文字",
    "code": "小写字母、数字组成的代码",
    "bureau and escrow": "本单位和托管两个接收方",
}


def name_of(key: str) -> str:
    """A key with what it means."""
    return f"{key}（{KEYS[key].chinese}）" if key in KEYS else key


def allowed(key: str) -> str:
    """What a key may hold."""
    bounds = KEYS[key].bounds
    if found := _RANGE.fullmatch(bounds):
        what = "段语音" if key == "disclosure.announcements" else "的整数"
        told = f"{found[1]} 至 {found[2]} {what}"
    elif found := _LEAST.fullmatch(bounds):
        told = f"不小于 {found[1]} 的整数"
    elif found := _UP_TO.fullmatch(bounds):
        told = f"至多 {found[1]} {_COUNTED[found[2]]}"
    elif found := _ANY.fullmatch(bounds):
        told = f"列表，可含 {_choices(key, found[1])}"
    elif _FIXED.fullmatch(bounds):
        told = f"只能为 {bounds}"
    else:
        told = _PLAIN.get(bounds) or f"只能取 {_choices(key, bounds)}"
    return told


def value_text(key: str, value: object) -> str:
    """A value, with the Chinese of the words that the rulebook has."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, str):
        return _worded(key, value) if value else "（空）"
    if isinstance(value, list):
        if all(isinstance(one, str) for one in value):
            return "、".join(_worded(key, one) for one in value) or "（无）"
        return f"{len(value)} 项"
    return json.dumps(value, ensure_ascii=False)


def cited(key: str) -> str:
    """Which rows of the rules a key answers to, and what the five texts say under it."""
    row = ROWS.get(key.partition(".")[0], "")
    said = [
        f"{name}{articles(name).get(key, '')} 写 {value_text(key, read_fixture(name)[key])}"
        for name in NAMES
        if key in read_fixture(name)
    ]
    parts = [part for part in (f"依据 {row}" if row else "", "；".join(said)) if part]
    return "。".join(parts)


def default_text(key: str) -> str:
    """What a key means that is not stated."""
    default = KEYS[key].default
    return "必填" if default is REQUIRED else value_text(key, default)


def changes_of(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Key, old and new value of everything in which two whole policies differ."""
    return [(key, old.get(key), new.get(key)) for key in KEYS if old.get(key) != new.get(key)]


def describe() -> list[dict[str, Any]]:
    """Every key with its bounds, default and meaning."""
    return [
        {
            "key": name,
            "required": key.default is REQUIRED,
            "default": None if key.default is REQUIRED else key.default,
            "bounds": key.bounds,
            "allowed": allowed(name),
            "meaning": key.meaning,
            "chinese": key.chinese,
            "conflict": key.conflict,
            "cited": cited(name),
        }
        for name, key in KEYS.items()
    ]


def _choices(key: str, listed: str) -> str:
    return "、".join(_worded(key, word) for word in listed.split(", "))


def _worded(key: str, word: str) -> str:
    vocabulary = words.ROLES if key in _OF_ROLES else _VOCABULARIES.get(key, {})
    chinese = vocabulary.get(word)
    return f"{word}（{chinese}）" if chinese else word
