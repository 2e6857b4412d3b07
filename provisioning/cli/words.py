"""What all of the clerk's commands share.

Owns the common options and how a report or a refusal is printed. Refuses commands.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from evidence.errors import EvidenceError
from provisioning.bureau_folder import UtcNs
from provisioning.errors import ProvisioningError
from provisioning.plan import Report, StepState

BureauOption = Annotated[Path, typer.Option("--bureau", help="单位文件夹。", show_default=False)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="只显示将要做什么，不作改动。")]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--root-passphrases",
        metavar="FILE",
        help="离线根密钥口令文件：三行，权限 0600；不给则在终端询问。",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="以 JSON 输出，供程序读取。")]

_MARKS = {
    StepState.UNCHANGED: "[dim]·[/dim] 未改动",
    StepState.CHANGED: "[green]✔[/green] 已完成",
    StepState.PLANNED: "[yellow]→[/yellow] 将执行",
}


def clock(context: typer.Context) -> UtcNs:
    """The clock the composition root handed down."""
    given: UtcNs = context.find_root().obj
    return given


def run(work: Callable[[], Report], *, as_json: bool) -> None:
    """Do a command's work and print its report, or its refusal.

    Raises:
        typer.Exit: It was refused.
    """
    try:
        report = work()
    except (ProvisioningError, EvidenceError) as error:
        refuse(error, as_json=as_json)
    if as_json:
        steps = [{"title": item.title, "state": item.state} for item in report.outcomes]
        document = {"changed": report.changed, "steps": steps, "facts": dict(report.facts)}
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    show(report)


def show(report: Report) -> None:
    """Print a report for a person."""
    console = Console()
    for outcome in report.outcomes:
        console.print(f"{_MARKS[outcome.state]}  {escape(outcome.title)}")
    for name, value in report.facts.items():
        console.print(f"  [dim]{name}[/dim] {escape(str(value))}", highlight=False)
    planned = any(outcome.state is StepState.PLANNED for outcome in report.outcomes)
    if report.changed == 0:
        console.print("一切已就绪，未作任何改动。")
    elif planned:
        console.print(f"试运行：将改动 {report.changed} 项，目前未作任何改动。")
    else:
        console.print(f"完成：改动 {report.changed} 项。")


def refuse(error: ProvisioningError | EvidenceError, *, as_json: bool) -> NoReturn:
    """Say why a command was refused, and end it.

    Raises:
        typer.Exit: Always.
    """
    if as_json:
        document = {
            "error": error.code,
            "diagnosis": error.diagnosis(),
            "detail": error.detail,
        }
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        Console(stderr=True).print(f"[red]✘[/red] {escape(error.diagnosis())}", soft_wrap=True)
    raise typer.Exit(1) from error
