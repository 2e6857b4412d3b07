"""The commands that look: ``status`` and ``audit``.

Owns words, options and tables. Refuses work, and changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Final, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evidence.assignment import Standing
from evidence.errors import EvidenceError
from provisioning.bureau_folder import open_bureau
from provisioning.cli import words
from provisioning.custody.days import say
from provisioning.custody.oversight import audit as auditing
from provisioning.custody.oversight import status as standing
from provisioning.custody.oversight.recovery import told
from provisioning.custody.oversight.status import Limits, Row
from provisioning.custody.register import open_register
from provisioning.errors import ProvisioningError

_Found = TypeVar("_Found")

_STANDINGS: Final = {
    Standing.ASSIGNED: "使用中",
    Standing.FROZEN: "停用",
    Standing.UNASSIGNED: "未配发",
    Standing.ENDED: "已注销",
}
_BECAUSE: Final = {
    "repair": "在修",
    "fault": "故障",
    "left": "使用人离任",
    "lost": "遗失",
    "revoked": "吊销",
    "retired": "报废",
}
_DUE: Final = {
    "silent": "久未对接",
    "care": "维护到期",
    "certificate": "证书将到期",
    "stop_use": "设备自行停用",
    "word": "配发文件未送达",
    "rulebook": "办法非最新",
    "backlog": "有未移交记录",
    "quarantined": "有被隔离的记录",
    "left": "保管维护人或负责人已离任",
}


def register(app: typer.Typer) -> None:
    """Add these commands to ``app``."""
    app.command("status", help=_STATUS)(status)
    app.command("audit", help=_AUDIT)(audit)


_STATUS = (
    "配备情况：谁在用哪台设备（使用人之后列出还可以使用的人）、自何时起、最近对接、未移交、电池、证书、办法版本、待办事项。\n\n"
    "设备自述和采集站所见未经核验，仅供查看；核验用 `provision audit`。\n\n"
    "例：provision status --bureau ./bureau"
)
_AUDIT = (
    "核验台账：逐行核对签名和衔接、按规定重放，并与登记簿、配发文件、吊销列表、证书比对。\n\n"
    "有任何不符即以 1 退出，逐条说明。台账损坏时照样运行：列出断在哪一行、怎样恢复、补办什么。\n\n"
    "例：provision audit --bureau ./bureau"
)


def status(
    *,
    context: typer.Context,
    bureau: words.BureauOption,
    device_id: Annotated[
        str | None, typer.Argument(help="只看一台。", metavar="[DEVICE]", show_default=False)
    ] = None,
    silent_days: Annotated[int, typer.Option(help="多少天未对接即提示。", min=0)] = 30,
    care_days: Annotated[int, typer.Option(help="多少天未维护即提示。", min=0)] = 90,
    as_json: words.AsJson = False,
) -> None:
    """Show how devices stand."""
    limits = Limits(silent=silent_days, care=care_days)
    at_ns = words.clock(context)()

    def look() -> list[Row]:
        return standing.rows(open_register(open_bureau(bureau), at_ns=at_ns), limits, device_id)

    found = _looked(look, as_json=as_json)
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in found], ensure_ascii=False))
        return
    _show(found)


def _show(rows: list[Row]) -> None:
    """Short columns in a table, what is due below it in words."""
    table = Table("设备", "状态", "使用人", "自", "保管", "最近对接", "未移交", "满电分钟", "办法")
    for row in rows:
        state = _STANDINGS[row.standing] + (f"（{_because(row)}）" if row.because else "")
        who = f"{row.name}（{row.custodian}）" if row.custodian else "—"
        who = "、".join((who, *(one.id for one in row.officers)))
        table.add_row(
            row.device,
            state,
            escape(who),
            _day(row.since),
            row.keeper or "—",
            say(row.last_dock) if row.last_dock else "—",
            str(row.backlog),
            str(row.battery_minutes or "—"),
            str(row.rulebook or "—"),
        )
    console = Console()
    console.print(table)
    for row in rows:
        if row.due:
            told = "、".join(_DUE[code] for code in row.due)
            more = f"（{row.stopped}）" if row.stopped else ""
            console.print(f"{row.device}：{told}{escape(more)}", highlight=False, soft_wrap=True)


def _because(row: Row) -> str:
    return _BECAUSE.get(row.because or "", row.because or "")


def _day(utc: str | None) -> str:
    return say(utc)[:10] if utc else "—"


def audit(
    *, context: typer.Context, bureau: words.BureauOption, as_json: words.AsJson = False
) -> None:
    """Audit the ledger and what follows from it."""
    at_ns = words.clock(context)()
    found = _looked(lambda: auditing.audit(open_bureau(bureau), at_ns=at_ns), as_json=as_json)
    if as_json:
        document = {
            "lines": found.lines,
            "devices": found.devices,
            "discrepancies": [asdict(one) for one in found.discrepancies],
            "recovery": None if found.recovery is None else asdict(found.recovery),
        }
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        console = Console()
        for one in found.discrepancies:
            console.print(f"[red]✘[/red] {escape(one.told)}", highlight=False, soft_wrap=True)
        counted = f"台账 {found.lines} 行，设备 {found.devices} 台"
        wrong = len(found.discrepancies)
        console.print(f"{counted}：{f'{wrong} 处不符。' if wrong else '全部相符。'}")
        for line in () if found.recovery is None else told(found.recovery):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    if found.discrepancies:
        raise typer.Exit(1)


def _looked(look: Callable[[], _Found], *, as_json: bool) -> _Found:
    try:
        return look()
    except (ProvisioningError, EvidenceError) as error:
        words.refuse(error, as_json=as_json)
