"""``bureau``'s commands, one file for each kind of work.

Owns the command tree. Refuses work: every command opens the office and hands over.
"""

from __future__ import annotations

import typer

from bureau.cli import desk, docks, ledger, plan, report, sessions

app = typer.Typer(
    name="bureau",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help=(
        "采集工作站：接收、核验、归档、签发回执，管理台账，按审批打开记录。\n\n"
        "先运行 `bureau desk --with-broker`，再用 `bureau ledger` 查看收到的记录。"
    ),
)
for part in (desk, ledger, sessions, report):
    app.add_typer(part.app)
app.add_typer(plan.app, name="plan")
app.add_typer(docks.app, name="docks")
app.add_typer(sessions.quarantine, name="quarantine")
