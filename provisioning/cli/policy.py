"""The commands about the bureau's rulebook.

Owns words and options. Refuses work.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from evidence.errors import EvidenceError
from provisioning.bureau_folder import open_bureau
from provisioning.cli import words
from provisioning.errors import ProvisioningError
from provisioning.policy import files as policy_files
from provisioning.policy import rulebook

rulebook_app = typer.Typer(
    no_args_is_help=True, help="本单位办法：查看、修改（双签名）、装入设备。"
)


def register(app: typer.Typer) -> None:
    """Add these commands to ``app``."""
    app.add_typer(rulebook_app, name="rulebook")


@rulebook_app.command(
    "show",
    help=("显示现行办法：版本、有效期、各项内容，未写明的注明默认。签名先经核验。"),
)
def rulebook_show(*, bureau: words.BureauOption, as_json: words.AsJson = False) -> None:
    """Show the rulebook in force."""
    try:
        book = open_bureau(bureau).rulebook
    except (ProvisioningError, EvidenceError) as error:
        words.refuse(error, as_json=as_json)
    if as_json:
        document = {"version": book.version, "sha256": book.sha256, "policy": dict(book.policy)}
        typer.echo(json.dumps(document, ensure_ascii=False, sort_keys=True))
        return
    console = Console()
    console.print(f"第 {book.version} 版  有效期 {book.not_before[:10]} 至 {book.expires[:10]}")
    for key, value in sorted(book.policy.items()):
        text = value if isinstance(value, int | str) else json.dumps(value, ensure_ascii=False)
        mark = "" if key in book.stated else "  [dim]默认[/dim]"
        console.print(f"  {key} = {escape(str(text))}{mark}", highlight=False, soft_wrap=True)


@rulebook_app.command(
    "set",
    help=(
        "修改若干项，生成新版本并由经办人、负责人双签名。全部项目见 `provision rulebook keys`。\n\n"
        "已配发的设备在两次记录之间采用新版本；本机可用 `provision rulebook install` 装入。\n\n"
        "例：provision rulebook set officers.min=2 arrival.statement=fields --bureau ./bureau"
    ),
)
def rulebook_set(
    *,
    context: typer.Context,
    changes: Annotated[
        list[str],
        typer.Argument(help="例如 release.keep_days=0；列表用 JSON 书写。", metavar="KEY=VALUE…"),
    ],
    bureau: words.BureauOption,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Sign the next version of the rulebook."""
    clock = words.clock(context)
    words.run(
        lambda: rulebook.set_policy(
            bureau, policy_files.read_changes(changes), clock=clock, dry_run=dry_run
        ),
        as_json=as_json,
    )


@rulebook_app.command(
    "apply",
    help=(
        "按文件修改办法：文件为 JSON 或 TOML，逐项列出，未列出的保持不变。双签名生成新版本。\n\n"
        "例：provision rulebook apply ./policy.json --bureau ./bureau"
    ),
)
def rulebook_apply(
    *,
    context: typer.Context,
    policy: Annotated[Path, typer.Argument(help="办法文件。", metavar="FILE")],
    bureau: words.BureauOption,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Sign the next version of the rulebook with what a file says."""
    clock = words.clock(context)
    words.run(
        lambda: rulebook.set_policy(
            bureau, policy_files.read_file(policy), clock=clock, dry_run=dry_run
        ),
        as_json=as_json,
    )


@rulebook_app.command("keys", help="列出办法的全部项目：取值范围、默认值、含义。")
def rulebook_keys(*, as_json: words.AsJson = False) -> None:
    """List every key of a rulebook."""
    rows = policy_files.describe()
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    console = Console()
    for row in rows:
        given = "必填" if row["required"] else json.dumps(row["default"], ensure_ascii=False)
        console.print(f"[bold]{row['key']}[/bold]  {row['chinese']}", highlight=False)
        told = escape(f"    取值 {row['bounds']}；默认 {given}")
        console.print(told, highlight=False, soft_wrap=True)


@rulebook_app.command(
    "install",
    help=("把现行办法装入一台未在运行的设备；不允许退回旧版本。"),
)
def rulebook_install(
    *,
    bureau: words.BureauOption,
    device: words.DeviceOption,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Put the rulebook onto a device."""
    words.run(lambda: rulebook.install(bureau, device, dry_run=dry_run), as_json=as_json)
