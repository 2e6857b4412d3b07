"""``provision enrol --csv`` at the clerk's terminal: a bar while it works, rows that are wrong.

Owns what is shown. Refuses work.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import track

from evidence.errors import EvidenceError
from provisioning.bureau_folder import UtcNs
from provisioning.cli import words
from provisioning.enrolment.batch import Batch, Done, RowsError, carry_out_list
from provisioning.enrolment.lists import RowError
from provisioning.enrolment.papers import print_papers
from provisioning.errors import ProvisioningError
from provisioning.plan import Outcome, Step, StepState


def enrol_list(
    bureau: Path,
    batch: Batch,
    papers: Path | None,
    *,
    clock: UtcNs,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Carry a list out and print what came of it."""
    bar = iter if as_json else _bar
    try:
        done = carry_out_list(bureau, batch, clock=clock, dry_run=dry_run, progress=bar)
        outcomes = done.report.outcomes
        if papers is not None and not dry_run:
            outcomes += print_papers(bureau, done.devices, papers)
    except RowsError as error:
        _refuse(error, as_json=as_json)
    except (ProvisioningError, EvidenceError) as error:
        words.refuse(error, as_json=as_json)
    else:
        _print(done, outcomes, as_json=as_json)


def _bar(steps: Sequence[Step]) -> Iterable[Step]:
    return track(steps, description="办理中", console=Console(stderr=True), transient=True)


def _refuse(error: RowsError, *, as_json: bool) -> None:
    if as_json:
        document = {"error": error.code, "rows": _rows(error.errors)}
        typer.echo(json.dumps(document, ensure_ascii=False))
        raise typer.Exit(1)
    words.refuse(error, as_json=False)


def _print(done: Done, outcomes: Sequence[Outcome], *, as_json: bool) -> None:
    changed = sum(one.state is not StepState.UNCHANGED for one in outcomes)
    if as_json:
        document = {
            "changed": changed,
            "devices": list(done.devices),
            "left_out": _rows(done.errors),
        }
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    planned = any(one.state is StepState.PLANNED for one in outcomes)
    _show(done, changed, planned=planned)


def _show(done: Done, changed: int, *, planned: bool) -> None:
    """Two hundred devices are one line, what was left out is a line each."""
    console = Console()
    said = "一切已就绪，未作任何改动。" if changed == 0 else f"完成：改动 {changed} 项。"
    console.print(f"名单 {len(done.devices)} 台。")
    console.print(f"试运行：将改动 {changed} 项，目前未作任何改动。" if planned else said)
    for error in done.errors:
        console.print(f"[yellow]未办理[/yellow] {escape(str(error))}", soft_wrap=True)


def _rows(errors: Sequence[RowError]) -> list[dict[str, object]]:
    return [{"row": error.row, "text": error.text} for error in errors]
