"""``bureau docks``: what recorders showed at the dock, and what a clerk says to it.

Owns the list and the settling. Refuses to judge: ``bureau.docking`` does, when a recorder docks.
"""

from __future__ import annotations

from typing import Annotated

import typer

from bureau import days, office
from bureau.cli.words import BureauOption, JsonOption, clock_of, guard, say_json, say_table
from bureau.docking.judging import WORDS
from bureau.errors import DockingError
from bureau.ledger import DockRow
from bureau.settings import Bureau

app = typer.Typer(
    no_args_is_help=True,
    help="对接核对：每次对接时设备应答了什么，与上次相比有什么异常。",
)


@app.command(
    "list",
    help=(
        "列出每次对接的核对结果。--open 只列有异常、尚未处理的。\n\n"
        "有异常的设备照常接收记录并标注，但在处理之前不签发归档回执，设备不会释放空间。\n\n"
        "例：bureau docks list --bureau ./bureau --open"
    ),
)
def list_docks(
    *,
    bureau: BureauOption,
    device: Annotated[str | None, typer.Option(help="设备编号。")] = None,
    only_open: Annotated[bool, typer.Option("--open", help="只列有异常、尚未处理的。")] = False,
    as_json: JsonOption = False,
) -> None:
    """List dockings."""

    def work(one: Bureau) -> None:
        rows = office.open_ledger(one).dockings(device, suspect=only_open)
        if as_json:
            say_json([_plain(row) for row in rows])
            return
        say_table(
            ["序号", "时间", "设备", "台账行数", "记录总数", "在机记录", "结果", "处理"],
            [
                [
                    str(row.number),
                    days.say(row.at),
                    row.device,
                    _count(row.records),
                    _count(row.counter),
                    _count(row.held),
                    _result(row),
                    _settled(row),
                ]
                for row in rows
            ],
        )

    guard(bureau, work, as_json=as_json)


@app.command(
    "settle",
    help=(
        "登记对一次异常对接的处理：谁查看过、结论是什么。登记后恢复签发归档回执。\n\n"
        "例：bureau docks settle 7 --bureau ./bureau --who 张三 --reason 存储卡送修后已恢复，经核实"
    ),
)
def settle(
    context: typer.Context,
    number: Annotated[int, typer.Argument(help="对接序号（bureau docks list 的第一列）。")],
    *,
    bureau: BureauOption,
    who: Annotated[str, typer.Option(help="处理人。", show_default=False)],
    reason: Annotated[str, typer.Option(help="查看结果和处理意见。", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Settle a docking."""

    def work(one: Bureau) -> None:
        if not who.strip() or not reason.strip():
            raise DockingError("a person and a reason have to be named")
        row = office.open_ledger(one).settle_docking(
            number, at=clock_of(context).utc(), who=who, why=reason
        )
        if row is None:
            raise DockingError(f"docking {number} has nothing to settle", code="no_docking")
        if as_json:
            say_json(_plain(row))
            return
        typer.echo(f"已登记对第 {number} 次对接的处理：{_result(row)}")

    guard(bureau, work, as_json=as_json)


def _count(number: int | None) -> str:
    return "未应答" if number is None else str(number)


def _result(row: DockRow) -> str:
    if row.codes:
        return "；".join(f"{WORDS.get(code, code)}（{code}）" for code in row.codes.split(","))
    return "无法核对（旧设备）" if row.records is None else "正常"


def _settled(row: DockRow) -> str:
    if not row.codes:
        return ""
    return "待处理" if row.settled is None else f"{row.settled_by}：{row.settled_why}"


def _plain(row: DockRow) -> dict[str, object]:
    values: dict[str, object] = {
        column.key: getattr(row, column.key) for column in DockRow.__table__.columns
    }
    return {**values, "codes": [code for code in row.codes.split(",") if code]}
