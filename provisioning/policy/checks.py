"""What is wrong with a policy, in the clerk's words.

Owns finding every problem at once: an unknown key, a value out of its bounds, keys that contradict,
a clip that is not there. Refuses to be the gate: what is signed is checked by
``evidence.rulebook``, and what is published by the judgement of a recorder.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from evidence.errors import EvidenceError, RulebookError
from evidence.rulebook import KEYS, Announcement, check_policy
from evidence.rulebook.keys import REQUIRED
from provisioning.errors import ClipError
from provisioning.policy import clips
from provisioning.policy.wording import allowed, cited, name_of

_BETWEEN: Final = {
    "retention needs one": "retention.floor_months 与 retention.with_case 至少定其一：单位自定期限"
    "为 0 时须随案卷期限（J1 至 J5）",
    "needs disclosure.text": "disclosure.wording 为 exact 时须写明 disclosure.text（C8）",
    "needs export.supervisor": "export.dual_control 为 true 时须写明 export.supervisor（H2）",
    "needs equip.approver": "equip.approval 为 true 时须写明 equip.approver（A1）",
    "longer than its window": "arrival.voiced_ms 不能长于 arrival.seconds 的时间（C5）",
    "says disclosure.text": "没有一段告知语音与 disclosure.text 逐字一致，请先导入语音："
    "provision policy voice（C8）",
    "says something": "告知语音的文字不能为空（C8）",
    "and its digest differ": "告知语音的文字与其摘要不一致，请重新导入：provision policy voice",
    "to the bureau and to escrow": "加密接收方须为本单位和托管两方（L3）",
}
_CLOSE: Final = 0.6
_LONGEST_SHOWN: Final = 60


def problems_of(policy: Mapping[str, Any], announce: Path | None = None) -> list[str]:
    """Everything that is wrong.

    Args:
        policy: As it is stated.
        announce: Where the clips lie; None: they are not looked at.
    """
    found = [*_unknown(policy), *_missing(policy), *_out_of_bounds(policy)]
    if not found:
        found = _between(policy)
    if not found and announce is not None:
        found = _clips(policy, announce)
    return found


def problem_with(key: str, value: object) -> str | None:
    """What is wrong with one key; None where nothing is."""
    if key not in KEYS:
        return _unknown_key(key)
    try:
        KEYS[key].check(value, key)
    except EvidenceError:
        return _told(key, f"写的是 {_shown(value)}")
    return None


def _unknown(policy: Mapping[str, Any]) -> list[str]:
    return [_unknown_key(key) for key in policy if key not in KEYS]


def _unknown_key(key: str) -> str:
    near = difflib.get_close_matches(key, KEYS, n=1, cutoff=_CLOSE)
    hint = f"，是否要写 {name_of(near[0])}" if near else ""
    return f"{key}：办法中没有这一项{hint}。全部项目见 provision policy keys"


def _missing(policy: Mapping[str, Any]) -> list[str]:
    needed = (key for key, held in KEYS.items() if held.default is REQUIRED)
    return [_told(key, "未填写") for key in needed if key not in policy]


def _out_of_bounds(policy: Mapping[str, Any]) -> list[str]:
    found = (problem_with(key, value) for key, value in policy.items() if key in KEYS)
    return [one for one in found if one is not None]


def _between(policy: Mapping[str, Any]) -> list[str]:
    try:
        check_policy(policy)
    except RulebookError as error:
        told = (text for part, text in _BETWEEN.items() if part in error.detail)
        return [next(told, error.detail)]
    return []


def _clips(policy: Mapping[str, Any], announce: Path) -> list[str]:
    try:
        clips.check_clips(
            announce, [Announcement(**one) for one in policy["disclosure.announcements"]]
        )
    except ClipError as error:
        return [
            f"告知语音文件缺失或与办法不符，请重新导入：provision policy voice（{error.detail}）"
        ]
    return []


def _told(key: str, wrong: str) -> str:
    return f"{name_of(key)}：{wrong}；允许：{allowed(key)}。{cited(key)}"


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
