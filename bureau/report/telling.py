"""A report as lines and as JSON.

Owns the words for states and parts. Refuses what a terminal would obey.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from bureau import days
from bureau.report.report import Report
from evidence.activities import name_of
from evidence.canonical import JsonObject
from evidence.compliance import ROWS, Part, RowResult, State
from evidence.report import printable
from evidence.verify import Judgement

STATES: Final[Mapping[State, str]] = {
    State.NOT_MET: "不符合",
    State.OPEN: "待核",
    State.MET: "符合",
    State.NOT_APPLICABLE: "不适用",
}
"""Worst first: the order of a report."""
PARTS: Final[Mapping[Part, str]] = {
    Part.HARDWARE: "硬件",
    Part.PROVISIONING: "配发",
    Part.DESK: "管理端",
}
JUDGEMENTS: Final[Mapping[Judgement, str]] = {
    Judgement.VERIFIED: "核验通过",
    Judgement.EXPLAINED: "核验通过，中断均有记录说明",
    Judgement.BROKEN: "核验未通过：证据被改动、缺失或被添加",
}
DISCLOSURES: Final[Mapping[str, str]] = {
    "verified": "已播放并听到",
    "unverified": "未经证实",
    "missing": "没有告知记录",
}


def tell(report: Report, *, everything: bool = False) -> Iterator[str]:
    """The report for a terminal.

    Args:
        report: The report.
        everything: Rows that do not apply, too.
    """
    yield from _head(report)
    for state, word in STATES.items():
        rows = report.of(state)
        yield ""
        yield f"{word} {len(rows)} 项"
        if state is not State.NOT_APPLICABLE or everything:
            yield from (_line(row) for row in rows)
        elif rows:
            yield "  " + " ".join(row.row for row in rows)


def to_json(report: Report) -> JsonObject:
    """The report for machines: every row."""
    verdict = report.verdict
    return {
        "session": report.sid,
        "device": report.device,
        "made": report.made,
        "journal_sha256": report.journal_sha256,
        "judgement": verdict.judgement.value,
        "disclosure": verdict.disclosure,
        "opened": verdict.opened,
        "closed": verdict.closed,
        "activity": report.activity,
        "officers": list(report.officers),
        "plan_id": None if report.plan is None else report.plan.plan_id,
        "rulebook": {
            "bureau": report.book.word("bureau.name"),
            "version": report.book.version,
            "sha256": report.book.sha256,
        },
        "explanations": len(report.explanations),
        "summary": {state.value: len(report.of(state)) for state in State},
        "rows": [{**row.to_json(), "source": ROWS[row.row].source} for row in report.rows],
    }


def proof_of(row: RowResult) -> str:
    """Where the proof stands: ``journal.jws #5``."""
    if row.proof is None:
        return ""
    number = "" if row.proof.record is None else f" #{row.proof.record}"
    return f"{row.proof.file}{number}"


def _head(report: Report) -> Iterator[str]:
    verdict, book = report.verdict, report.book
    yield f"执法音像记录合规报告  {printable(book.word('bureau.name'))}（办法第 {book.version} 版）"
    yield f"执法记录：{report.sid}"
    yield f"记录仪：{report.device}  第 {verdict.counter} 次"
    yield f"事项：{printable(name_of(report.activity))}"
    yield f"执法人员：{printable('、'.join(report.officers)) or '未载明'}"
    begin = "未知" if verdict.opened is None else days.say(verdict.opened)
    end = "未结束" if verdict.closed is None else days.say(verdict.closed)
    yield f"起止（北京时间）：{begin} 至 {end}"
    yield f"核验结论：{JUDGEMENTS[verdict.judgement]}"
    yield f"告知：{DISCLOSURES.get(verdict.disclosure, verdict.disclosure)}"
    if report.explanations:
        yield f"书面说明：{len(report.explanations)} 份"


def _line(row: RowResult) -> str:
    part = "" if row.part is None else f"【{PARTS[row.part]}】"
    proof = proof_of(row)
    where = f"  [{proof}]" if proof else ""
    return printable(f"  {row.row:<4}{part}{row.because_zh}{where}")
