"""The clerk's commands.

Owns the program's name and the order its themes are listed in. Refuses work: every command hands
over to a function that scripts and tests call alike. The clock arrives as the context's object.
"""

from __future__ import annotations

import typer

from provisioning.cli import authority, custody, enrolment, paper, policy, update

app = typer.Typer(
    name="provision",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help=(
        "配发：单位建立密钥与办法，设备领取证书。\n\n"
        "先 `provision init` 建立单位文件夹，再对每台设备运行 `provision enrol`。"
        "所有命令可重复运行：第二次运行不作任何改动。"
        "加 `--dry-run` 只显示将要做什么，加 `--json` 供程序读取。"
    ),
)

for _theme in (authority, enrolment, custody, paper, policy, update):
    _theme.register(app)
