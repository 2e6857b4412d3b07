"""A compliance report told to people, line by line.

Owns its words in English and Chinese; the printed page takes them from here, too. Refuses what a
terminal would obey.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from evidence.activities import name_of
from evidence.canonical import JsonObject
from evidence.compliance.result import Part, State
from evidence.moments import in_beijing
from evidence.report import printable
from evidence.verify import Judgement

ORDER: Final = (State.NOT_MET, State.OPEN, State.MET, State.NOT_APPLICABLE)
"""Worst first."""

_ENGLISH: Final[Mapping[str, str]] = MappingProxyType(
    {
        State.NOT_MET: "not met",
        State.OPEN: "open",
        State.MET: "met",
        State.NOT_APPLICABLE: "does not apply",
        Part.HARDWARE: "hardware",
        Part.PROVISIONING: "provisioning",
        Part.DESK: "desk",
        Judgement.VERIFIED: "verified",
        Judgement.EXPLAINED: "verified, with explained interruptions",
        Judgement.BROKEN: "BROKEN: something was changed, is missing or was added",
        "disclosure.verified": "announced and heard",
        "disclosure.unverified": "not proven to be heard",
        "disclosure.missing": "no announcement is on record",
        "title": "Compliance report of {bureau} (rulebook version {version})",
        "session": "Session",
        "device": "Device",
        "activity": "Activity",
        "officers": "Officers",
        "times": "From and to (Beijing time)",
        "judgement": "The recording",
        "disclosure": "Announcement",
        "explanations": "Explanations in writing",
        "made": "Made (Beijing time)",
        "journal": "SHA-256 of the journal",
        "counted": "{device} #{counter}",
        "from to": "{begin} to {end}",
        "unknown": "unknown",
        "not ended": "not ended",
        "nobody": "not named",
        "row": "rows",
    }
)
_CHINESE: Final[Mapping[str, str]] = MappingProxyType(
    {
        State.NOT_MET: "不符合",
        State.OPEN: "待核",
        State.MET: "符合",
        State.NOT_APPLICABLE: "不适用",
        Part.HARDWARE: "硬件",
        Part.PROVISIONING: "配发",
        Part.DESK: "管理端",
        Judgement.VERIFIED: "核验通过",
        Judgement.EXPLAINED: "核验通过，中断均有记录说明",
        Judgement.BROKEN: "核验未通过：证据被改动、缺失或被添加",
        "disclosure.verified": "已播放并听到",
        "disclosure.unverified": "未经证实",
        "disclosure.missing": "没有告知记录",
        "title": "执法音像记录合规报告  {bureau}（办法第 {version} 版）",
        "session": "执法记录",
        "device": "记录仪",
        "activity": "事项",
        "officers": "执法人员",
        "times": "起止（北京时间）",
        "judgement": "核验结论",
        "disclosure": "告知",
        "explanations": "书面说明（份）",
        "made": "制表时间（北京时间）",
        "journal": "记录日志摘要",
        "counted": "{device}（第 {counter} 次记录）",
        "from to": "{begin} 至 {end}",
        "unknown": "未知",
        "not ended": "未结束",
        "nobody": "未载明",
        "row": "项",
    }
)
WORDS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType({"en": _ENGLISH, "zh": _CHINESE})
"""Language → word → how it is said."""


def disclosure_of(code: str, language: str) -> str:
    """How it stands with the announcement, in words."""
    return WORDS[language].get(f"disclosure.{code}", code)


def from_to(opened: str | None, closed: str | None, language: str) -> str:
    """From when to when, in Beijing."""
    word = WORDS[language]
    begin = word["unknown"] if opened is None else in_beijing(opened)
    end = word["not ended"] if closed is None else in_beijing(closed)
    return word["from to"].format(begin=begin, end=end)


def tell(report: JsonObject, language: str, *, everything: bool = False) -> Iterator[str]:
    """The lines of a report.

    Args:
        report: Its fields as ``document`` checks them.
        language: One of ``WORDS``.
        everything: Rows that do not apply, too.
    """
    word = WORDS[language]
    yield printable(word["title"].format(**report["rulebook"]))
    for name, told in _facts(report, language):
        yield printable(f"{word[name]}：{told}" if language == "zh" else f"{word[name]}: {told}")
    for state in ORDER:
        rows = [row for row in report["rows"] if row["state"] == state]
        yield ""
        yield f"{word[state]} {len(rows)} {word['row']}"
        if state is not State.NOT_APPLICABLE or everything:
            yield from (_line(row, language) for row in rows)
        elif rows:
            yield "  " + " ".join(printable(row["row"]) for row in rows)


def _facts(report: JsonObject, language: str) -> Iterator[tuple[str, object]]:
    word, zh = WORDS[language], language == "zh"
    counter = word["unknown"] if report["counter"] is None else report["counter"]
    yield "session", report["session"]
    yield "device", word["counted"].format(device=report["device"], counter=counter)
    yield "activity", name_of(report["activity"]) if zh else report["activity"]
    yield "officers", ("、" if zh else ", ").join(report["officers"]) or word["nobody"]
    yield "times", from_to(report["opened"], report["closed"], language)
    yield "judgement", word[report["judgement"]]
    yield "disclosure", disclosure_of(report["disclosure"], language)
    if report["explanations"]:
        yield "explanations", len(report["explanations"])
    yield "journal", report["journal_sha256"]
    yield "made", in_beijing(report["made"])


def _line(row: JsonObject, language: str) -> str:
    word = WORDS[language]
    part = "" if row["part"] is None else f"【{word[row['part']]}】"
    proof = proof_of(row)
    where = f"  [{proof}]" if proof else ""
    return printable(f"  {row['row']:<4}{part}{row[f'because_{language}']}{where}")


def proof_of(row: JsonObject) -> str:
    """Where the proof stands: ``journal.jws #5``."""
    if row["proof"] is None:
        return ""
    number = "" if row["proof"]["record"] is None else f" #{row['proof']['record']}"
    return f"{row['proof']['file']}{number}"
