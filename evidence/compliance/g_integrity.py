"""G: integrity, nothing is taken away.

Owns what verifying the session gave, as the rules ask it. Refuses the bureau's keeping: hashing
again and second copies are the desk's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from evidence.compliance.e_continuity import untouched
from evidence.compliance.result import (
    Facts,
    Judge,
    Part,
    Proof,
    Ruling,
    desk,
    in_log,
    left,
    met,
    not_met,
)
from evidence.compliance.trust import broken_by
from evidence.ids import JOURNAL_NAME
from evidence.verify import Verdict

_GONE: Final = frozenset(
    {"counter_gap", "missing_file", "file_truncated", "line_missing", "journal_truncated"}
)
"""Findings that say: something was there."""
_LAYERS: Final = {
    "seal": "封存文件",
    "device_log": "设备台账",
    "stored": "归档回执",
    "rulebook": "本单位办法",
}


def nothing_vanished(facts: Facts) -> Ruling:
    """G2: every session of the device is accounted for."""
    gone = next((one for one in facts.verdict.findings if one.code in _GONE), None)
    if gone is not None:
        proof = Proof(gone.file or JOURNAL_NAME, gone.record)
        return not_met(f"something is gone: {gone.code}", f"有内容缺失（{gone.code}）", proof)
    entry = _entry(facts)
    if entry is None:
        return left(Part.DESK, "the device log does not list it yet", "设备台账尚未列入本次记录")
    return met("counted without a gap in the device log", "设备台账连续列入", in_log(entry))


def lawful(facts: Facts) -> Ruling:
    """G5: true and complete, as far as records can say."""
    broken = broken_by(facts.verdict)
    if broken is not None:
        en, zh = f"the evidence does not verify: {broken.code}", f"核验未通过（{broken.code}）"
        return not_met(en, zh, broken.proof)
    absent = _absent(facts.verdict)
    if absent:
        en = f"verified, without {', '.join(absent)}"
        words = "、".join(_LAYERS[name] for name in absent)
        return left(Part.DESK, en, f"核验通过，但缺少：{words}")
    return met(
        "verified from the bureau's CA on, every layer", "各层均通过核验", in_log(_entry(facts))
    )


def _entry(facts: Facts) -> int | None:
    for one in facts.reading.log:
        if one.payload["t"] == "session" and one.payload["sid"] == facts.verdict.session:
            return one.record
    return None


def _absent(verdict: Verdict) -> list[str]:
    return [name for name in _LAYERS if verdict.layers[name].value == "absent"]


RULES: Final[Mapping[str, Judge]] = {
    "G1": untouched,
    "G2": nothing_vanished,
    "G3": desk("documents are the desk's", "文书由管理端保存"),
    "G4": desk("hashing again and second copies are the desk's", "定期复核和备份由管理端进行"),
    "G5": lawful,
}
