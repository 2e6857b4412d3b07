"""A report as one page to print: A4, Chinese, nothing from elsewhere.

Owns filling the template with escaped text. Refuses scripts, links and pictures: the page is itself
and nothing else, and a browser is told to hold it to that.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from bureau import days
from bureau.report.report import Report
from bureau.report.telling import DISCLOSURES, JUDGEMENTS, PARTS, STATES, proof_of
from evidence.activities import name_of
from evidence.compliance import ROWS, RowResult, State
from evidence.compliance.result import Part
from evidence.report import printable
from evidence.verify import CODES, Finding, Judgement

_NAME = "report.html"
_MOST_FINDINGS = 40


def page(report: Report) -> str:
    """The report as HTML."""
    broken = report.verdict.judgement is Judgement.BROKEN
    rows = {state: [_row(row) for row in report.of(state)] for state in State}
    return _template().render(
        bureau=report.book.word("bureau.name"),
        facts=_facts(report),
        broken=broken,
        judgement=JUDGEMENTS[report.verdict.judgement],
        findings=[_finding(one) for one in report.verdict.findings[:_MOST_FINDINGS]],
        more=max(0, len(report.verdict.findings) - _MOST_FINDINGS),
        counts=[(STATES[state], state.value, len(rows[state])) for state in STATES],
        sections=[
            (STATES[state], state.value, rows[state])
            for state in (State.NOT_MET, State.OPEN, State.MET)
            if rows[state]
        ],
        beside=[row["row"] for row in rows[State.NOT_APPLICABLE]],
        moments=report.moments,
        explanations=[
            {"at": days.say(one.at), "who": one.who, "reason": one.reason}
            for one in report.explanations
        ],
        journal=report.journal_sha256,
        book=report.book,
        made=days.say(report.made),
    )


def _facts(report: Report) -> list[tuple[str, str]]:
    verdict, plan = report.verdict, report.plan
    begin = "未知" if verdict.opened is None else days.say(verdict.opened)
    end = "未结束" if verdict.closed is None else days.say(verdict.closed)
    people = "、".join(report.officers) or "未载明"
    facts = [
        ("执法记录编号", report.sid),
        ("记录仪", f"{report.device}（第 {verdict.counter} 次记录）"),
        ("起止时间（北京时间）", f"{begin} 至 {end}"),
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
    facts.append(("告知", DISCLOSURES.get(verdict.disclosure, verdict.disclosure)))
    return facts


def _row(row: RowResult) -> dict[str, Any]:
    return {
        "row": row.row,
        "source": ROWS[row.row].source,
        "asks": ROWS[row.row].chinese,
        "because": row.because_zh,
        "part": "" if row.part is None else _part(row.part),
        "proof": proof_of(row),
    }


def _part(part: Part) -> str:
    return PARTS[part]


def _finding(one: Finding) -> dict[str, str]:
    where = one.file or ""
    if one.record is not None:
        where += f" #{one.record}"
    return {
        "code": one.code,
        "severity": one.severity.value,
        "chinese": CODES[one.code].chinese,
        "where": printable(where),
        "detail": printable(one.detail),
    }


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("bureau.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = _shown
    return environment.get_template(_NAME)


def _shown(text: object) -> str:
    """Without anything that would turn the writing around or hide it; whole texts, not 200."""
    return "".join(
        one if one.isprintable() or one == "\n" else one.encode("unicode_escape").decode()
        for one in str(text)
    )
