"""The commands that say who has a device.

Owns words and options. Refuses work.
"""

from __future__ import annotations

from typing import Annotated

import typer

from provisioning.cli import words
from provisioning.custody import revocation

_REVOKE = (
    "注销一台设备（遗失、报废）：吊销两张证书，登记簿改为 revoked。\n\n"
    "消息服务须重新启动：已建立的连接不会因吊销列表更新而断开。\n\n"
    "例：provision revoke ZF-001 --bureau ./bureau --reason lost"
)


def register(app: typer.Typer) -> None:
    """Add these commands to ``app``."""
    app.command("revoke", help=_REVOKE)(revoke)


def revoke(
    *,
    context: typer.Context,
    device_id: Annotated[str, typer.Argument(help="设备编号。", metavar="DEVICE")],
    bureau: words.BureauOption,
    reason: Annotated[str, typer.Option(help="原因，例如 lost、retired。")],
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Revoke a device."""
    clock = words.clock(context)
    words.run(
        lambda: revocation.revoke_device(bureau, device_id, reason, clock=clock, dry_run=dry_run),
        as_json=as_json,
    )
