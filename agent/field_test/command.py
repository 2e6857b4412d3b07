"""``recorder field-test``: wishes in, a signed report out.

Owns what is printed, and for whom. Refuses work of its own.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import typer
from cryptography import x509
from rich.console import Console

from agent.errors import FieldTestError
from agent.field_test import report as reports
from agent.field_test import words
from agent.field_test.bench import Terms
from agent.field_test.examine import examine, resume
from agent.field_test.protocol import CODES, check_codes
from agent.field_test.report import Written
from agent.field_test.screen import Screen, list_steps, show
from agent.field_test.starting import standing
from agent.settings import Device, load_device
from evidence import field_report
from evidence.canonical import JsonObject
from evidence.errors import EvidenceError
from hw.board import open_board
from hw.types import Role

OUT_NAME: Final = "field-test"
EXIT_FAILED: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The command's options; see ``recorder field-test --help``."""

    device: Path | None
    only: tuple[str, ...]
    list_them: bool
    soak_minutes: float
    out: Path | None
    start: bool
    go_on: bool
    check: Path | None
    ca: Path | None
    as_json: bool


def carry_out(wishes: Wishes) -> None:
    """List, check, test, or go on after a power cut.

    Raises:
        FieldTestError: The recorder is not free, a step is unknown, a report is not signed.
    """
    if wishes.list_them:
        _list(as_json=wishes.as_json)
    elif wishes.check is not None:
        _check(wishes.check, _needed(wishes.ca, "--ca"), as_json=wishes.as_json)
    else:
        _test(load_device(_needed(wishes.device, "--device")), wishes)


def _test(one: Device, wishes: Wishes) -> None:
    folder = wishes.out or one.paths.folder / OUT_NAME
    wanted = check_codes(wishes.only)
    # Who reads JSON looks at standard output; the tester at the other one.
    console = Console(stderr=wishes.as_json)
    with standing(one) if wishes.start else contextlib.nullcontext():
        if wishes.go_on:
            report, written = resume(one, folder)
        else:
            terms = Terms(soak_minutes=wishes.soak_minutes, out=folder)
            report, written = _examined(one, console, terms, wanted)
    _tell(console, report, written, as_json=wishes.as_json)


def _examined(
    one: Device, console: Console, terms: Terms, wanted: frozenset[str]
) -> tuple[JsonObject, Written]:
    board = open_board(
        one.settings.board,
        Role.RECORDER,
        device_dir=one.paths.folder,
        camera=one.settings.camera.for_board(),
        run_dir=one.paths.run,
    )
    return examine(one, board, Screen(console), terms, wanted)


def _tell(console: Console, report: JsonObject, written: Written, *, as_json: bool) -> None:
    made = reports.outcomes(report)
    if as_json:
        typer.echo(written.content.decode())
    else:
        console.rule("现场检测报告")
        _show_all(console, report)
        console.print(f"已签署：{written.json}", highlight=False)
        console.print(f"可打印：{written.html}", highlight=False)
    if reports.has_failed(made):
        raise typer.Exit(EXIT_FAILED)


def _check(path: Path, ca: Path, *, as_json: bool) -> None:
    try:
        authority = x509.load_pem_x509_certificate(ca.read_bytes())
        signed = field_report.read_report(path.read_bytes(), authority)
    except (EvidenceError, OSError, ValueError) as error:
        raise FieldTestError(f"{path.name}: {error}", code="field_forged") from error
    if as_json:
        typer.echo(json.dumps({"report": signed.report, "statement": signed.statement}))
        return
    console = Console()
    console.print(
        f"签名有效：{signed.statement['dev']}，{signed.statement['utc']}", highlight=False
    )
    _show_all(console, signed.report)


def _show_all(console: Console, report: JsonObject) -> None:
    for step, outcome in reports.outcomes(report):
        show(console, step, outcome)


def _list(*, as_json: bool) -> None:
    if as_json:
        told = [(code, *words.STEPS[code]) for code in CODES]
        named = [{"step": code, "title": title, "proves": proves} for code, title, proves in told]
        typer.echo(json.dumps(named, ensure_ascii=False))
        return
    list_steps(Console())


def _needed(path: Path | None, option: str) -> Path:
    if path is None:
        raise typer.BadParameter("须给出此项", param_hint=option)
    return path
