"""``bureau report``: one session against every row of the rules.

Owns the choice of text, signed JSON or page, and where the signed file lies: beside the page.
Refuses to write over a file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bureau import office
from bureau.cli.words import BureauOption, JsonOption, clock_of, device_of, guard
from bureau.errors import AccessError
from bureau.report.document import signed, to_json
from bureau.report.page import SignedFile, page
from bureau.report.report import Report, make_report
from bureau.settings import Bureau
from evidence.compliance.telling import tell
from evidence.store import durable

app = typer.Typer()

_MODE = 0o640


@app.command(
    help=(
        "按本单位办法逐项评定一次记录：符合、不符合、不适用、待核，并列出证明记录。\n\n"
        "`--html` 同时在旁边写一个由本单位签名的文件（同名，以 .signed.json 结尾），"
        "`--json` 输出同样的签名文件；对方用 `evidence report` 核验。\n\n"
        "例：bureau report 编号 --bureau ./bureau --html ./report.html"
    ),
)
def report(
    context: typer.Context,
    sid: Annotated[str, typer.Argument(help="记录编号（bureau ledger 的最后一列）。")],
    *,
    bureau: BureauOption,
    html: Annotated[
        Path | None,
        typer.Option(
            help="另存为可打印的 A4 网页，连同签名文件；两个文件都须不存在。", show_default=False
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="连同不适用的项目一并列出。")] = False,
    as_json: JsonOption = False,
) -> None:
    """Report on a session."""

    def work(one: Bureau) -> None:
        opened = office.open_office(one, clock_of(context))
        made = make_report(opened, device_of(one, sid), sid)
        content = signed(made, opened) if as_json or html is not None else b""
        saved = {} if html is None else _pages(html, made, content)
        _write(saved)
        if as_json:
            typer.echo(content)
            return
        for line in tell(to_json(made), "zh", everything=everything):
            typer.echo(line)
        for path in saved:
            typer.echo(f"已保存：{path}")

    guard(bureau, work, as_json=as_json)


def _pages(html: Path, made: Report, content: bytes) -> dict[Path, bytes]:
    """The signed file and, naming it, the page: the one that is named is written first."""
    beside = html.with_name(f"{html.stem}.signed.json")
    return {beside: content, html: page(made, SignedFile(beside.name, content)).encode()}


def _write(files: dict[Path, bytes]) -> None:
    """All of them or, where one is there already, none."""
    for path in files:
        if path.exists():
            raise AccessError(f"{path} is there already; name another file", code="out")
    for path, content in files.items():
        try:
            durable.write_once(path, content, mode=_MODE)
        except OSError as error:
            raise AccessError(f"{path} cannot be written: {error}", code="out") from error
