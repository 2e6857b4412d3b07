"""A verdict told to people.

Owns the lines that ``evidence verify`` prints, in English and Chinese, grouped by severity. Refuses
to print what a hostile folder says as it stands: control characters are shown, never sent to the
terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Final

from evidence.verify import CODES, CardVerdict, Finding, Judgement, Severity, Verdict
from evidence.visible import visible

LANGUAGES: Final = ("en", "zh")

LAST_LINE: Final = MappingProxyType(
    {
        Judgement.VERIFIED: "VERIFIED",
        Judgement.EXPLAINED: "VERIFIED, with explained interruptions",
        Judgement.BROKEN: "BROKEN",
    }
)
"""What the report ends with, in every language: scripts look for it."""

_ENGLISH = MappingProxyType(
    {
        "session": "Session",
        "device": "Device",
        "opened": "Opened",
        "closed": "Closed",
        "unknown": "unknown",
        "not closed": "not closed",
        "layers": "Layers",
        "present": "present",
        "absent": "absent",
        "held": "Holds",
        "broken": "BROKEN: changed, missing or added",
        "explained": "Explained: interruptions that the device itself put on record",
        "info": "Worth knowing",
        "record": "record",
        "second": "second",
        "nothing": "Nothing was found: every byte is as the device signed it.",
    }
)
_CHINESE = MappingProxyType(
    {
        "session": "执法记录",
        "device": "记录仪",
        "opened": "开始",
        "closed": "关闭",
        "unknown": "未知",
        "not closed": "未关闭",
        "layers": "核验层次",
        "present": "有",
        "absent": "无",
        "held": "内容",
        "broken": "异常：被改动、缺失或被添加",
        "explained": "已说明的中断：设备自身已有签名记录",
        "info": "其他情况",
        "record": "记录",
        "second": "秒",
        "nothing": "未发现异常：每个字节均与设备签名一致。",
    }
)
_LANGUAGE = MappingProxyType({"en": _ENGLISH, "zh": _CHINESE})
_LONGEST = 200


def report(verdict: Verdict, language: str) -> Iterator[str]:
    """The lines of a report.

    Args:
        verdict: What was found.
        language: One of ``LANGUAGES``.
    """
    word = _LANGUAGE[language]
    yield from _head(verdict, word)
    for severity in (Severity.BROKEN, Severity.EXPLAINED, Severity.INFO):
        found = verdict.of(severity)
        if found:
            yield ""
            yield word[severity.value]
            yield from (_finding(finding, language) for finding in found)
    if verdict.judgement is Judgement.VERIFIED:
        yield ""
        yield word["nothing"]
    yield ""
    yield LAST_LINE[verdict.judgement]


def report_card(verdict: CardVerdict, language: str) -> Iterator[str]:
    """The lines of a report on a whole card: a line for each session, then what is broken."""
    word = _LANGUAGE[language]
    yield f"{word['device']}: {verdict.device or word['unknown']}"
    for one in verdict.sessions:
        counter = word["unknown"] if one.counter is None else one.counter
        told = f"#{counter} {printable(one.session or word['unknown'])}"
        yield f"  {told}: {LAST_LINE[one.judgement]}"
    yield from report_broken(verdict.broken, verdict.judgement, language)


def report_broken(found: Sequence[Finding], judgement: Judgement, language: str) -> Iterator[str]:
    """How a report ends: what is broken, then the one line that everything comes to."""
    if found:
        yield ""
        yield _LANGUAGE[language]["broken"]
        yield from (_finding(finding, language) for finding in found)
    yield ""
    yield LAST_LINE[judgement]


def printable(text: str) -> str:
    """``text`` without anything that a terminal would obey, at most 200 characters."""
    return visible(text[:_LONGEST])


def _head(verdict: Verdict, word: MappingProxyType[str, str]) -> Iterator[str]:
    counts = verdict.counts
    unknown = word["unknown"]
    closed = verdict.closed or word["not closed"]
    reason = f" ({printable(verdict.reason)})" if verdict.reason else ""
    yield f"{word['session']}: {printable(verdict.session or unknown)}"
    counter = unknown if verdict.counter is None else verdict.counter
    yield f"{word['device']}: {verdict.device or unknown} #{counter}"
    yield f"{word['opened']}: {verdict.opened or unknown}"
    yield f"{word['closed']}: {closed}{reason}"
    yield (
        f"{word['held']}: {counts.segments} seg, {counts.frames} frames, {counts.samples} samples, "
        f"{counts.duration_ns / 1e9:.1f} s, {counts.bytes} bytes, {counts.records} records"
    )
    layers = (f"{name} {word[state.value]}" for name, state in verdict.layers.items())
    yield f"{word['layers']}: {', '.join(layers)}"


def _finding(finding: Finding, language: str) -> str:
    word, meaning = _LANGUAGE[language], CODES[finding.code]
    where = [finding.file] if finding.file else []
    if finding.record is not None:
        where.append(f"{word['record']} {finding.record}")
    if finding.second is not None:
        where.append(f"{word['second']} {finding.second}")
    text = meaning.english if language == "en" else meaning.chinese
    detail = f" ({printable(finding.detail)})" if finding.detail else ""
    place = f"{', '.join(where)}: " if where else ""
    return f"  [{finding.code}] {place}{text}{detail}"
