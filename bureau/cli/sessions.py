"""``bureau open``, ``bureau verify`` and the quarantine: one session looked at.

Owns who, why and where being asked for. Refuses to open anything itself: ``bureau.access`` does,
after the ledger took it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bureau import office
from bureau.access import Reader, lines
from bureau.cli.words import (
    EXIT_REFUSED,
    BureauOption,
    JsonOption,
    clock_of,
    device_of,
    guard,
    say_json,
    say_table,
)
from bureau.settings import Bureau
from evidence.verify import Judgement

app = typer.Typer()
quarantine = typer.Typer(no_args_is_help=True, help="未通过核验的内容：原样保留，注明原因。")


@app.command(
    "open",
    help=(
        "打开一次记录：解密为可播放的 MP4，附证据文件夹和核验结论；先登记查阅人和事由。\n\n"
        "例：bureau open 编号 --bureau ./bureau --to ./out --who 张三 --why 案件复核"
    ),
)
def open_session(  # noqa: PLR0913 - who, why and where are all asked for
    context: typer.Context,
    sid: Annotated[str, typer.Argument(help="记录编号（bureau ledger 的最后一列）。")],
    *,
    bureau: BureauOption,
    to: Annotated[Path, typer.Option(help="存放的文件夹，须为空。", show_default=False)],
    who: Annotated[str, typer.Option(help="查阅人。", show_default=False)],
    why: Annotated[str, typer.Option(help="查阅事由。", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Open a session."""

    def work(one: Bureau) -> None:
        opened = office.open_office(one, clock_of(context))
        access = office.open_access(one, opened)
        copied = access.open(device_of(one, sid), sid, to, Reader(who=who, why=why))
        if as_json:
            say_json(
                {
                    "folder": str(copied.folder),
                    "recording": str(copied.recording) if copied.recording else None,
                    "films": [str(film) for film in copied.films],
                    "evidence": str(copied.folder / "evidence"),
                    "judgement": copied.verdict.judgement.value,
                    "hearing": [one.to_json() for one in copied.hearings],
                }
            )
            return
        console = Console(highlight=False)
        console.print(f"已打开：{copied.folder}", soft_wrap=True)
        console.print(f"完整录像：{copied.recording or '无可播放内容'}", soft_wrap=True)
        console.print(f"片段：{len(copied.films)} 个")
        console.print(f"证据文件夹：{copied.folder / 'evidence'}", soft_wrap=True)
        for heard in copied.hearings:
            console.print(f"告知复核：{heard.told()}", soft_wrap=True)
        console.print(f"核验结论：{copied.verdict.judgement.value}")

    guard(bureau, work, as_json=as_json)


@app.command(
    help=(
        "核验一次记录，使用本单位保存的全部材料，并按录音重新检测告知。\n\n"
        "退出码：0 通过，1 未通过。"
    )
)
def verify(
    context: typer.Context,
    sid: Annotated[str, typer.Argument(help="记录编号。")],
    *,
    bureau: BureauOption,
    as_json: JsonOption = False,
) -> None:
    """Verify a session."""

    def work(one: Bureau) -> None:
        opened = office.open_office(one, clock_of(context))
        access, device = office.open_access(one, opened), device_of(one, sid)
        verdict, hearings = access.judge(device, sid), access.hear(device, sid)
        if as_json:
            say_json({**verdict.to_json(), "hearing": [one.to_json() for one in hearings]})
        else:
            for line in lines(verdict, hearings):
                typer.echo(line)
        if verdict.judgement is Judgement.BROKEN:
            raise typer.Exit(EXIT_REFUSED)

    guard(bureau, work, as_json=as_json)


@quarantine.command("list", help="列出隔离区的内容和原因。")
def list_quarantine(*, bureau: BureauOption, as_json: JsonOption = False) -> None:
    """List what did not verify."""

    def work(one: Bureau) -> None:
        rows = office.open_ledger(one).quarantined()
        if as_json:
            say_json(
                [
                    {"device": r.device, "name": r.name, "reason": r.reason, "since": r.since}
                    for r in rows
                ]
            )
            return
        cells = [[row.since[:19], row.device, row.name, row.reason] for row in rows]
        say_table(["时间（UTC）", "设备", "内容", "原因"], cells)

    guard(bureau, work, as_json=as_json)
