"""``provision label`` and ``provision form``: what is printed.

Owns words and options. Refuses work.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from provisioning.cli import words
from provisioning.paper import printing
from provisioning.paper.printing import FormKind

ToOption = Annotated[
    Path | None,
    typer.Option("--to", help="放入哪个文件夹，默认单位文件夹的 paper。", show_default=False),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        help=(
            "打印设备标签：60×40 毫米，每页一张，印有设备编号、型号、序列号和二维码，不印人名。\n\n"
            "二维码为“设备编号 签名密钥指纹”，用普通扫码枪即可读出。"
            "不写设备编号时，为全部在用设备各印一张。用浏览器打开网页文件后打印。\n\n"
            "例：provision label ZF-001 ZF-002 --bureau ./bureau"
        ),
    )(label)
    app.command(
        help=(
            "打印表单：handover 配发交接单、return 归还单、repair 维修单、loss 遗失报告。\n\n"
            "按台账最近一次办理填写，A4，留有签字栏。用浏览器打开网页文件后打印。\n\n"
            "例：provision form handover ZF-001 --bureau ./bureau"
        ),
    )(form)


def label(
    *,
    devices: Annotated[
        list[str] | None, typer.Argument(help="设备编号。", metavar="[DEVICE]...")
    ] = None,
    bureau: words.BureauOption,
    to: ToOption = None,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Write labels."""
    words.run(
        lambda: printing.print_labels(bureau, devices or [], to, dry_run=dry_run), as_json=as_json
    )


def form(
    *,
    kind: Annotated[FormKind, typer.Argument(help="哪一种表单。", metavar="KIND")],
    device: Annotated[str, typer.Argument(help="设备编号。", metavar="DEVICE")],
    bureau: words.BureauOption,
    to: ToOption = None,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Write a form."""
    words.run(
        lambda: printing.print_form(bureau, kind, device, to, dry_run=dry_run), as_json=as_json
    )
