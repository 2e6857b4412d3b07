"""The commands about the root: what it says, replacing it, and taking its keys away.

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
from provisioning.authority.keyring import KeyRole
from provisioning.authority.root import display, offline
from provisioning.authority.root.rotation import Rotation, rotate_root
from provisioning.cli import prompts, words
from provisioning.errors import ProvisioningError

root_app = typer.Typer(
    no_args_is_help=True,
    help=(
        "签名根：谁可以签署办法，谁可以更换签署人。\n\n"
        "三把离线根密钥，其中两把才能更换；平时不用，分人、分处保管。"
    ),
)

_SHOW = "显示签名根文件：版本、有效期、签署办法的密钥、离线根密钥在不在本机。"
_EXPORT = (
    "把一把离线根密钥移到可移动介质：写入、回读核对、记入台账，然后移出本机。\n\n"
    "口令仍然有效，请与介质分开保管。介质损坏或遗失时，用另两把以 "
    "`provision root rotate --replace-root` 更换。\n\n"
    "例：provision root export 1 --to /media/usb --bureau ./bureau"
)
_ROTATE = (
    "更换签名根文件：换经办人或负责人的签名密钥、换一把离线根密钥；都不指定则只延长有效期。\n\n"
    "需要两把离线根密钥；已移到介质的用 `--key` 指出文件。"
    "换签名密钥后，现行办法会以新密钥重新签署（内容不变、版本加一），"
    "设备下次对接时采用。原密钥文件保留但不再有效，请自行销毁。\n\n"
    "中途停止时重新运行即可继续，已签署的部分不再询问口令。\n\n"
    "例：provision root rotate --replace-clerk --key /media/usb/root-1.pem --bureau ./bureau"
)


def register(app: typer.Typer) -> None:
    """Add these commands to ``app``."""
    root_app.command("show", help=_SHOW)(show)
    root_app.command("export", help=_EXPORT)(export)
    root_app.command("rotate", help=_ROTATE)(rotate)
    app.add_typer(root_app, name="root")


def show(*, bureau: words.BureauOption, as_json: words.AsJson = False) -> None:
    """Show the root document."""
    try:
        document = display.root_document(bureau)
    except (ProvisioningError, EvidenceError) as error:
        words.refuse(error, as_json=as_json)
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False, sort_keys=True))
        return
    console = Console()
    console.print(
        f"签名根文件第 {document['version']} 版，"
        f"有效期 {document['not_before'][:10]} 至 {document['expires'][:10]}",
        highlight=False,
    )
    for row in display.rows(document):
        console.print(f"  {escape(row)}", highlight=False, soft_wrap=True)


def export(
    *,
    context: typer.Context,
    number: Annotated[int, typer.Argument(help="第几把：1、2 或 3。", metavar="N")],
    bureau: words.BureauOption,
    to: Annotated[Path, typer.Option("--to", help="介质上的文件夹。", show_default=False)],
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Move an offline key to removable media."""
    clock = words.clock(context)
    words.run(
        lambda: offline.export_key(bureau, number, to, clock=clock, dry_run=dry_run),
        as_json=as_json,
    )


def rotate(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    context: typer.Context,
    bureau: words.BureauOption,
    replace_clerk: Annotated[
        bool, typer.Option("--replace-clerk", help="换经办人的签名密钥。")
    ] = False,
    replace_head: Annotated[
        bool, typer.Option("--replace-head", help="换负责人的签名密钥。")
    ] = False,
    replace_root: Annotated[
        list[int] | None,
        typer.Option("--replace-root", metavar="N", help="换第 N 把离线根密钥，可多次。"),
    ] = None,
    key: Annotated[
        list[Path] | None,
        typer.Option("--key", metavar="FILE", help="介质上的离线根密钥文件，可多次。"),
    ] = None,
    root_passphrases: words.PassphraseFile = None,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Replace the root document."""
    roles = {KeyRole.CLERK: replace_clerk, KeyRole.HEAD: replace_head}

    def wish() -> Rotation:
        return Rotation(
            roles=frozenset(role for role, wanted in roles.items() if wanted),
            offline=frozenset(replace_root or ()),
            media=tuple(key or ()),
            passphrases=prompts.passphrases(root_passphrases),
            new_passphrases=prompts.passphrases(root_passphrases, make=True),
        )

    clock = words.clock(context)
    words.run(lambda: rotate_root(bureau, wish(), clock=clock, dry_run=dry_run), as_json=as_json)
