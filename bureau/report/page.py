"""A report as one page to print.

Owns what stands on it; its look is ``evidence.paper``'s.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bureau import days
from bureau.report.report import Report
from evidence import paper
from evidence.activities import name_of
from evidence.compliance import ROWS, RowResult, State
from evidence.compliance.telling import ORDER, WORDS, disclosure_of, from_to, proof_of
from evidence.digests import sha256_hex
from evidence.paper import BREAK, Html, joined, small, tag
from evidence.report import printable
from evidence.verify import CODES, Finding, Judgement

_ZH: Final = WORDS["zh"]
_MOST_FINDINGS: Final = 40
_STYLE: Final = """\
.row { width: 13mm; font-weight: bold; }
.source { width: 26mm; font-size: 8.5pt; }
.proof { width: 34mm; font-size: 8.5pt; }
.time { width: 30mm; }
"""


@dataclass(frozen=True, slots=True)
class SignedFile:
    """The file beside the page that holds the same report, signed: its name and its bytes."""

    name: str
    content: bytes


def page(report: Report, file: SignedFile) -> str:
    """The report as HTML.

    Args:
        report: The report.
        file: What the bureau signed of it.
    """
    return paper.page(
        "执法音像记录合规报告",
        paper.facts(_facts(report)),
        tag("h2", "一、核验结论"),
        *_judgement(report),
        tag("h2", "二、汇总"),
        paper.counts((_ZH[state], len(report.of(state))) for state in ORDER),
        tag("h2", "三、逐项情况"),
        *_sections(report),
        tag("h2", "四、过程"),
        paper.table(
            [(one.record, one.at, one.text) for one in report.moments],
            head=("记录", "北京时间", "情况"),
            columns=("row", "time"),
        ),
        *_explanations(report),
        tag("h2", "单位电子签名"),
        *_signature(file),
        paper.signs("制表人：", "审核人：", "单位（盖章）："),
        tag("p", _basis(report), css="small"),
        under=report.book.word("bureau.name"),
        style=_STYLE,
    )


def _judgement(report: Report) -> Iterator[Html]:
    verdict = report.verdict
    broken = verdict.judgement is Judgement.BROKEN
    yield paper.verdict(_ZH[verdict.judgement], bad=broken)
    if broken:
        yield tag("p", "以下凡以未通过核验的文件为依据的项目，均列为待核。")
    if verdict.findings:
        rows: list[tuple[object, object]] = [
            _finding(one) for one in verdict.findings[:_MOST_FINDINGS]
        ]
        more = len(verdict.findings) - _MOST_FINDINGS
        if more > 0:
            rows.append(("", f"其余 {more} 项从略"))
        yield paper.table(rows, head=("位置", "情况"), columns=("source",))


def _sections(report: Report) -> Iterator[Html]:
    for state in (State.NOT_MET, State.OPEN, State.MET):
        rows = report.of(state)
        if rows:
            yield tag("h3", f"{_ZH[state]}（{len(rows)} 项）")
            yield paper.table(
                [_row(row) for row in rows],
                head=("项目", "依据", "情况", "证明记录"),
                columns=("row", "source", "", "proof"),
            )
    beside = [row.row for row in report.of(State.NOT_APPLICABLE)]
    if beside:
        yield tag("h3", f"不适用（{len(beside)} 项）")
        told = "本单位办法未作规定，或本次没有相应情形："
        yield tag("p", told + "、".join(beside), css="small")


def _explanations(report: Report) -> Iterator[Html]:
    if report.explanations:
        yield tag("h2", "五、书面说明")
        yield paper.table(
            [(days.say(one.at), one.who, one.reason) for one in report.explanations],
            head=("时间", "说明人", "内容"),
            columns=("time", "source"),
        )


def _signature(file: SignedFile) -> Iterator[Html]:
    told = "本报告的逐项结论由本单位签名，签名文件与本页在同一文件夹，以该文件为准。"
    yield tag("p", told)
    check = f"evidence report {shlex.quote(file.name)} --ca ca.pem --lang zh"
    yield paper.facts(
        [
            ("签名文件", file.name),
            ("文件摘要（SHA-256）", sha256_hex(file.content)),
            ("核验方法", f"{check}（ca.pem 为本单位证书，须向本单位索取）"),
        ]
    )


def _basis(report: Report) -> str:
    book = report.book
    return (
        f"依据本单位办法第 {book.version} 版（{book.sha256}）。"
        f"记录日志摘要：{report.journal_sha256}。"
        "“证明记录”为证据文件夹中的文件名和记录号，任何人可用核验程序独立核对。"
        f"制表时间：{days.say(report.made)}（北京时间）。"
    )


def _facts(report: Report) -> list[tuple[str, str]]:
    verdict, plan = report.verdict, report.plan
    people = "、".join(report.officers) or "未载明"
    facts = [
        ("执法记录编号", report.sid),
        ("记录仪", f"{report.device}（第 {verdict.counter} 次记录）"),
        ("起止时间（北京时间）", from_to(verdict.opened, verdict.closed, "zh")),
        ("录制时长", f"{verdict.counts.duration_ns // 1_000_000_000} 秒"),
        ("执法事项类别", name_of(report.activity)),
    ]
    if plan is None:
        facts.append(("执法人员", people))
    else:
        said = plan.particulars
        named = "、".join(f"{one.name}（证号 {one.certificate}）" for one in said.officers)
        facts += [
            ("执法人员", named),
            ("执法对象", said.party),
            ("案由（事项）", said.matter),
            ("地点", said.place),
        ]
    facts.append(("告知", disclosure_of(verdict.disclosure, "zh")))
    return facts


def _row(row: RowResult) -> tuple[object, ...]:
    told = row.because_zh if row.part is None else f"【{_ZH[row.part]}】{row.because_zh}"
    asks = ROWS[row.row]
    return row.row, asks.source, joined(told, BREAK, small(asks.chinese)), proof_of(row.to_json())


def _finding(one: Finding) -> tuple[object, object]:
    where = one.file or ""
    if one.record is not None:
        where += f" #{one.record}"
    told: object = CODES[one.code].chinese
    if one.detail:
        told = joined(told, " ", small(printable(one.detail)))
    return printable(where), told
