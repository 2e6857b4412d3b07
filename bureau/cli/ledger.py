"""``bureau ledger`` and ``bureau totals``: what was recorded, by row and by sum.

Owns the filters and the columns. Refuses to write.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Final

import typer

from bureau import office
from bureau.cli.words import BureauOption, JsonOption, clock_of, guard, say_json, say_table
from bureau.ledger import Category, Query, SessionRow
from bureau.settings import Bureau

app = typer.Typer()

_STATES: Final = {"committed": "已收日志", "stored": "已归档", "quarantined": "已隔离"}


@app.command(help="查看管理台账：每次执法记录一行，可按设备、人员、事项、日期筛选。")
def ledger(  # noqa: PLR0913 - one option for each column a clerk filters by
    *,
    bureau: BureauOption,
    device: Annotated[str | None, typer.Option(help="设备编号。")] = None,
    officer: Annotated[str | None, typer.Option(help="执法人员编号。")] = None,
    activity: Annotated[str | None, typer.Option(help="事项代码。")] = None,
    since: Annotated[str | None, typer.Option(help="起始日期，如 2026-01-31（UTC）。")] = None,
    until: Annotated[str | None, typer.Option(help="截止日期，含当日。")] = None,
    as_json: JsonOption = False,
) -> None:
    """List sessions."""
    query = Query(device=device, officer=officer, activity=activity, since=since, until=until)

    def work(one: Bureau) -> None:
        rows = office.open_ledger(one).sessions(query)
        if as_json:
            say_json([_plain(row) for row in rows])
            return
        say_table(
            ["序号", "设备", "开始（UTC）", "人员", "事项", "片段", "告知", "状态", "核验", "编号"],
            [
                [
                    str(row.counter),
                    row.device,
                    row.started[:19],
                    row.officer or "未填",
                    row.activity,
                    str(row.segments),
                    row.disclosure,
                    _STATES.get(row.state, row.state),
                    row.verdict or "",
                    row.sid,
                ]
                for row in rows
            ],
        )

    guard(bureau, work)


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
    since: Annotated[str | None, typer.Option(help="起始日期，如 2026-01-31（UTC）。")] = None,
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

    guard(bureau, work)


def _plain(row: SessionRow) -> dict[str, object]:
    return {column.key: getattr(row, column.key) for column in SessionRow.__table__.columns}
