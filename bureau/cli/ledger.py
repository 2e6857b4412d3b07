"""``bureau ledger``, ``explain`` and ``totals``: what was recorded, by row, by word and by sum.

Owns the filters and the columns. Refuses to change what somebody explained: it is added to.
"""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum, unique
from typing import Annotated, Final

import typer

from bureau import days, office
from bureau.cli.words import BureauOption, JsonOption, clock_of, guard, say_json, say_table
from bureau.errors import AccessError
from bureau.explaining import Explained, add_explanation
from bureau.ledger import Category, ExplanationRow, Query, SessionRow
from bureau.plans.link import OWED, PLAN_STATES
from bureau.settings import Bureau
from evidence.activities import name_of
from evidence.marks import SECRECY

app = typer.Typer()

_STATES: Final = {"committed": "已收日志", "stored": "已归档", "quarantined": "已隔离"}
_UNREAD: Final = "未读取"
"""The row was entered before the desk read classes of secrecy."""


@unique
class SecrecyClass(StrEnum):
    """A class of secrecy, as ``evidence.marks.SECRECY`` has them."""

    PRIVACY = "privacy"
    TRADE = "trade"
    STATE = "state"


@app.command(
    help=(
        "查看管理台账：每次执法记录一行，可按设备、人员、事项、日期筛选。\n\n"
        "--open 只列欠书面说明的记录：无计划、与计划不符、中断、人数不足；"
        "用 `bureau explain` 补录说明。\n\n"
        "密级一列是现场标记的最高一级：个人隐私、商业秘密、国家秘密；--class 只列其中一级。"
        "“未读取”是本列启用之前登记的记录，请用 `bureau open` 查看其日志。"
    ),
)
def ledger(  # noqa: PLR0913 - one option for each column a clerk filters by
    *,
    bureau: BureauOption,
    device: Annotated[str | None, typer.Option(help="设备编号。")] = None,
    officer: Annotated[str | None, typer.Option(help="执法人员编号。")] = None,
    activity: Annotated[str | None, typer.Option(help="事项代码。")] = None,
    since: Annotated[str | None, typer.Option(help="起始日期，如 2026-01-31（北京时间）。")] = None,
    until: Annotated[str | None, typer.Option(help="截止日期，含当日。")] = None,
    secrecy: Annotated[
        SecrecyClass | None,
        typer.Option("--class", help="密级：privacy 个人隐私、trade 商业秘密、state 国家秘密。"),
    ] = None,
    owing: Annotated[bool, typer.Option("--open", help="只列欠书面说明的记录。")] = False,
    as_json: JsonOption = False,
) -> None:
    """List sessions."""
    query = Query(
        device=device,
        officer=officer,
        activity=activity,
        since=since,
        until=until,
        secrecy=secrecy,
        owing=owing,
    )

    def work(one: Bureau) -> None:
        opened = office.open_ledger(one)
        rows = opened.sessions(query)
        if as_json:
            said = _by_session(opened.explanations())
            say_json([_plain(row, said.get((row.device, row.sid), [])) for row in rows])
            return
        if owing:
            _say_owing(rows)
            return
        say_table(
            [
                "序号",
                "设备",
                "开始",
                "人员",
                "事项",
                "计划",
                "片段",
                "告知",
                "密级",
                "状态",
                "核验",
                "编号",
            ],
            [
                [
                    str(row.counter),
                    row.device,
                    days.say(row.started),
                    row.people or row.officers or row.officer or "未填",
                    " ".join(filter(None, (name_of(row.activity), row.matter, row.party))),
                    PLAN_STATES.get(row.plan_state, ""),
                    str(row.segments),
                    row.disclosure,
                    _UNREAD if row.secrecy is None else SECRECY.get(row.secrecy, row.secrecy),
                    _STATES.get(row.state, row.state) + ("（对接存疑）" if row.docking else ""),
                    row.verdict or "",
                    row.sid,
                ]
                for row in rows
            ],
        )

    guard(bureau, work, as_json=as_json)


@app.command(
    help=(
        "统计台账：按设备、人员、事项或月份合计记录数、总大小和逾期归档数。\n\n"
        "例：bureau totals --bureau ./bureau --by officer --since 2026-01-01"
    ),
)
def totals(
    context: typer.Context,
    *,
    bureau: BureauOption,
    by: Annotated[
        Category, typer.Option(help="device 设备、officer 人员、activity 事项、month 月份。")
    ] = Category.OFFICER,
    since: Annotated[str | None, typer.Option(help="起始日期，如 2026-01-31（北京时间）。")] = None,
    until: Annotated[str | None, typer.Option(help="截止日期，含当日。")] = None,
    as_json: JsonOption = False,
) -> None:
    """Count sessions."""

    def work(one: Bureau) -> None:
        found = office.open_ledger(one).totals(
            by, Query(since=since, until=until), now=clock_of(context).utc()
        )
        if as_json:
            say_json([asdict(total) for total in found])
            return
        say_table(
            ["类别", "记录数", "总大小（MiB）", "逾期归档"],
            [
                [one.value or "未填", str(one.sessions), str(one.size >> 20), str(one.late)]
                for one in found
            ],
        )

    guard(bureau, work, as_json=as_json)


@app.command(
    help=(
        "补录一次记录的书面说明：无计划记录的事由、中断的原因等。只能添加，不能修改或撤回。\n\n"
        "例：bureau explain 编号 --bureau ./bureau --who 张三 --reason 途中发现违法行为，临时取证"
    ),
)
def explain(  # noqa: PLR0913 - who, why, and the text that S0§20 asks for
    context: typer.Context,
    sid: Annotated[str, typer.Argument(help="记录编号（bureau ledger 的最后一列）。")],
    *,
    bureau: BureauOption,
    reason: Annotated[str, typer.Option(help="事由或原因。", show_default=False)],
    who: Annotated[str, typer.Option(help="说明人。", show_default=False)],
    matter: Annotated[str | None, typer.Option(help="执法事项，无计划时填写。")] = None,
    party: Annotated[str | None, typer.Option(help="执法对象，无计划时填写。")] = None,
    as_json: JsonOption = False,
) -> None:
    """Add an explanation."""

    def work(one: Bureau) -> None:
        opened = office.open_ledger(one)
        row = opened.find(sid)
        if row is None:
            raise AccessError(f"the ledger has no session {sid}", code="no_session")
        said = Explained(who=who, reason=reason, matter=matter, party=party)
        number = add_explanation(opened, row, said, clock_of(context))
        if as_json:
            say_json({"number": number, "sid": sid, "owed": row.owes.split(",")})
            return
        owed = "、".join(OWED.get(code, code) for code in row.owes.split(",") if code)
        typer.echo(f"已登记第 {number} 份说明" + (f"：{owed}" if owed else "（该记录不欠说明）"))

    guard(bureau, work, as_json=as_json)


def _say_owing(rows: list[SessionRow]) -> None:
    say_table(
        ["设备", "开始", "人员", "事项", "计划", "应说明", "期限", "编号"],
        [
            [
                row.device,
                days.say(row.started),
                row.people or row.officers or row.officer or "未填",
                name_of(row.activity),
                PLAN_STATES.get(row.plan_state, ""),
                "、".join(OWED.get(code, code) for code in row.owes.split(",")),
                days.say(row.explain_by) if row.explain_by else "归档后起算",
                row.sid,
            ]
            for row in rows
        ],
    )


def _by_session(rows: list[ExplanationRow]) -> dict[tuple[str, str], list[dict[str, object]]]:
    found: dict[tuple[str, str], list[dict[str, object]]] = {}
    for row in rows:
        values = {
            name: getattr(row, name)
            for name in ("number", "owed", "who", "reason", "matter", "party", "at")
        }
        found.setdefault((row.device, row.sid), []).append(values)
    return found


def _plain(row: SessionRow, explanations: list[dict[str, object]]) -> dict[str, object]:
    values = {column.key: getattr(row, column.key) for column in SessionRow.__table__.columns}
    return {**values, "explanations": explanations}
