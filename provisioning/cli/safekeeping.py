"""The commands that save a bureau and bring it back.

Owns words and options. Refuses work.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from provisioning.authority.safekeeping.backup import back_up
from provisioning.authority.safekeeping.restore import restore as bring_back
from provisioning.cli import words

_BACKUP = (
    "备份本单位：密钥、证书、签名根、办法、登记簿、台账、回执，加密成一个文件。\n\n"
    "默认只有托管解密身份（escrow.age）能打开；`--recipient age1…` 可另行指定。"
    "录音录像和未完成的移交不在其中。每次变更之后请备份，并存放到另一处。\n\n"
    "例：provision backup --to /media/usb/2026-11-21.age --bureau ./bureau"
)
_RESTORE = (
    "由备份恢复单位文件夹：逐个核对后才启用，目标必须不存在或为空。\n\n"
    "备份之后的变更不在其中，请对照纸质单据补办。"
    "录音录像归档也不在其中：请先把原来的 archive/ 放回单位文件夹，再以 `provision audit` 核对"
    "（放回之前会提示所依据的设备台账缺失）；`provision init` 应显示未作任何改动。\n\n"
    "例：provision restore 2026-11-21.age --identity escrow.age --bureau ./bureau"
)


def register(app: typer.Typer) -> None:
    """Add these commands to ``app``."""
    app.command("backup", help=_BACKUP)(backup)
    app.command("restore", help=_RESTORE)(restore)


def backup(
    *,
    context: typer.Context,
    bureau: words.BureauOption,
    to: Annotated[Path, typer.Option("--to", help="备份文件，不得已存在。", show_default=False)],
    recipient: Annotated[
        str | None, typer.Option(metavar="age1…", help="能打开备份的人；默认为托管身份。")
    ] = None,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Save a bureau."""
    clock = words.clock(context)
    words.run(lambda: back_up(bureau, to, recipient, clock=clock, dry_run=dry_run), as_json=as_json)


def restore(
    *,
    file: Annotated[Path, typer.Argument(help="备份文件。", metavar="FILE")],
    bureau: words.BureauOption,
    identity: Annotated[
        Path, typer.Option(help="能打开备份的解密身份文件，例如 escrow.age。", show_default=False)
    ],
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Bring a bureau back."""
    words.run(lambda: bring_back(file, bureau, identity, dry_run=dry_run), as_json=as_json)
