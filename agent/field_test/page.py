"""A report of a field test as one page to print: A4, Chinese, nothing from elsewhere.

Owns filling the template with escaped text. Refuses scripts, links and pictures: a browser is told
to hold the page to that.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from agent.errors import FieldTestError
from agent.field_test import words
from agent.field_test.outcome import Outcome, State
from evidence import field_report
from evidence.canonical import JsonObject

if TYPE_CHECKING:
    from jinja2 import Template

_NAME: Final = "field_test.html"


def page(report: JsonObject) -> str:
    """The report as HTML.

    Raises:
        FieldTestError: What fills templates is not installed.
    """
    states = [State(one["state"]) for one in report["steps"]]
    failed = State.FAILED in states
    return _template().render(
        facts=_facts(report),
        failed=failed,
        verdict=_verdict(states),
        counts=[(words.STATES[state], states.count(state)) for state in State],
        steps=[_step(one) for one in report["steps"]],
        digest=field_report.digest(report),
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


def _step(one: JsonObject) -> dict[str, Any]:
    outcome = Outcome(State(one["state"]), one["cause"], one["detail"], one["measures"])
    title, proves = words.STEPS.get(one["step"], (one["step"], ""))
    cause, after = words.cause(one["step"], outcome)
    return {
        "code": one["step"],
        "title": title,
        "proves": proves,
        "state": words.STATES[outcome.state],
        "failed": outcome.state is State.FAILED,
        "cause": cause,
        "next": after,
        "measures": words.measures(outcome),
        "detail": outcome.detail,
    }


@cache
def _template() -> Template:
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415
    except ModuleNotFoundError as error:
        missing = "jinja2 is not installed; the signed JSON is whole without the page"
        raise FieldTestError(missing, code="field_page") from error
    environment = Environment(
        loader=PackageLoader("agent.field_test", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = _shown
    return environment.get_template(_NAME)


def _shown(text: object) -> str:
    """Without anything that would turn the writing around or hide it."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in str(text)
    )
