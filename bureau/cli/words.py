"""What every command of ``bureau`` needs: options, output, and errors in Chinese.

Owns the shared words and how a command ends. Refuses work: every command opens the office and hands
over.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Column, Table

from bureau import office
from bureau.clock import Clock
from bureau.errors import AccessError, BureauError
from bureau.settings import Bureau, load_bureau
from evidence.errors import EvidenceError

BureauOption = Annotated[
    Path, typer.Option("--bureau", help="单位文件夹（provision init 生成）。", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="以 JSON 输出，供程序读取。")]
EXIT_REFUSED: Final = 1

_WIDE: Final = 200


def say_json(value: object) -> None:
    """One line of JSON."""
    typer.echo(json.dumps(value, ensure_ascii=False, sort_keys=True))


def say_table(titles: list[str], rows: list[list[str]]) -> None:
    """A table for people."""
    # Nothing is cut off: an id that is folded can still be copied.
    table = Table(*(Column(title, overflow="fold") for title in titles))
    for row in rows:
        table.add_row(*row)
    width = None if sys.stdout.isatty() else _WIDE
    Console(highlight=False, width=width).print(table)


def device_of(bureau: Bureau, sid: str) -> str:
    """The device of a session.

    Raises:
        AccessError: The ledger does not know it.
    """
    row = office.open_ledger(bureau).find(sid)
    if row is None:
        raise AccessError(f"the ledger has no session {sid}", code="no_session")
    return row.device


def clock_of(context: typer.Context) -> Clock:
    """The clock that the composition root handed down."""
    clock = context.find_object(Clock)
    if clock is None:
        raise BureauError("the composition root handed no clock down")
    return clock


def guard(folder: Path, work: Callable[[Bureau], None], *, as_json: bool = False) -> None:
    """Do ``work``; say what went wrong, in Chinese to people and by its code to programs."""
    try:
        work(load_bureau(folder))
    except (BureauError, EvidenceError) as error:
        if as_json:
            told = {"error": error.code, "diagnosis": error.diagnosis(), "detail": error.detail}
            say_json(told)
        else:
            typer.echo(error.diagnosis(), err=True)
        raise typer.Exit(EXIT_REFUSED) from error
