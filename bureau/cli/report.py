"""``bureau report``: one session against every row of the rules.

Owns the choice of text, JSON or page. Refuses to write over a file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bureau import office
from bureau.cli.words import BureauOption, JsonOption, clock_of, device_of, guard, say_json
from bureau.errors import AccessError
from bureau.report.page import page
from bureau.report.report import make_report
from bureau.report.telling import tell, to_json
from bureau.settings import Bureau
from evidence.store import durable

app = typer.Typer()

_MODE = 0o640


@app.command(
    help=(
        "按本单位办法逐项评定一次记录：符合、不符合、不适用、待核，并列出证明记录。\n\n"
        "例：bureau report 编号 --bureau ./bureau --html ./report.html"
    ),
)
def report(
    context: typer.Context,
    sid: Annotated[str, typer.Argument(help="记录编号（bureau ledger 的最后一列）。")],
    *,
    bureau: BureauOption,
    html: Annotated[
        Path | None, typer.Option(help="另存为可打印的 A4 网页，文件须不存在。", show_default=False)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="连同不适用的项目一并列出。")] = False,
    as_json: JsonOption = False,
) -> None:
    """Report on a session."""

    def work(one: Bureau) -> None:
        made = make_report(office.open_office(one, clock_of(context)), device_of(one, sid), sid)
        if html is not None:
            _write(html, page(made))
        if as_json:
            say_json(to_json(made))
            return
        for line in tell(made, everything=everything):
            typer.echo(line)
        if html is not None:
            typer.echo(f"已保存：{html}")

    guard(bureau, work)


def _write(path: Path, content: str) -> None:
    try:
        durable.write_once(path, content.encode(), mode=_MODE)
    except FileExistsError as error:
        raise AccessError(f"{path} is there already; name another file", code="out") from error
    except OSError as error:
        raise AccessError(f"{path} cannot be written: {error}", code="out") from error
