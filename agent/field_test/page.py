"""A report of a field test as one page to print.

Owns what stands on it; its look is ``evidence.paper``'s.
"""

from __future__ import annotations

from typing import Final

from agent.field_test import words
from agent.field_test.outcome import Outcome, State
from evidence import field_report, paper
from evidence.canonical import JsonObject
from evidence.paper import BREAK, Html, joined, small, tag

_STYLE: Final = """\
.step { width: 40mm; }
.state { width: 16mm; text-align: center; }
"""
_CHECKED_BY: Final = (
    "核验：recorder field-test --check field-test.json --ca ca.pem。"
    "本页供打印，以签署的 JSON 文件为准。"
)


def page(report: JsonObject) -> str:
    """The report as HTML."""
    states = [State(one["state"]) for one in report["steps"]]
    return paper.page(
        "执法记录仪现场检测报告",
        paper.facts(_facts(report)),
        tag("h2", "一、结论"),
        paper.verdict(_verdict(states), bad=State.FAILED in states),
        paper.counts((words.STATES[state], states.count(state)) for state in State),
        tag("h2", "二、检测项目"),
        paper.table(
            [_step(one) for one in report["steps"]],
            head=("项目", "结果", "情况"),
            columns=("step", "state"),
        ),
        tag("h2", "三、签名"),
        tag("p", "本报告由记录仪以设备签名密钥签署，并记入设备台账。报告摘要（SHA-256）："),
        tag("p", field_report.digest(report), css="small"),
        tag("p", _CHECKED_BY, css="small"),
        paper.signs("检测人（签名）：", "保管维护人（签名）：", "日期："),
        style=_STYLE,
    )


def _verdict(states: list[State]) -> str:
    if State.FAILED in states:
        return "有项目未通过，不得交付使用。"
    if State.SKIPPED in states:
        return "所做项目全部通过；有项目未做，结论不完整。"
    return "全部项目通过。"


def _facts(report: JsonObject) -> list[tuple[str, str]]:
    facts = [
        ("记录仪", report["dev"]),
        ("机身", "模拟机身（不是真机）" if report["board"] == "fake" else report["board"]),
        ("软件版本", report["firmware"]),
        ("开始（UTC）", report["began"]),
        ("结束（UTC）", report["ended"]),
    ]
    for part in report["parts"]:
        named = words.MEASURES.get(part["name"], part["name"])
        facts.append((named, f"{part['model']}，序列号 {part['serial'] or '无'}"))
    return facts


def _step(one: JsonObject) -> tuple[Html, object, Html]:
    outcome = Outcome(State(one["state"]), one["cause"], one["detail"], one["measures"])
    title, _ = words.STEPS.get(one["step"], (one["step"], ""))
    state: object = words.STATES[outcome.state]
    if outcome.state is State.FAILED:
        state = tag("span", state, css="bad")
    return joined(title, BREAK, small(one["step"])), state, _told(one["step"], outcome)


def _told(step: str, outcome: Outcome) -> Html:
    _, proves = words.STEPS.get(step, (step, ""))
    cause, after = words.cause(step, outcome)
    measures = "；".join(f"{name}：{value}" for name, value in words.measures(outcome))
    parts: list[object] = [f"{proves}。"]
    if cause:
        parts += [BREAK, tag("strong", cause), f"。下一步：{after}。"]
    for beside in (measures, outcome.detail):
        if beside:
            parts += [BREAK, small(beside)]
    return joined(*parts)
