"""The commands about software updates (升级).

Owns words and options. Refuses work: ``provisioning.update`` does it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from provisioning.authority.keyring import KeyRole
from provisioning.cli import words
from provisioning.cli.policy import Signatory
from provisioning.update import bundling

update_app = typer.Typer(
    no_args_is_help=True,
    help=(
        "设备软件升级：制作、双签名、发布。\n\n"
        "顺序：make 制作 → sign --as clerk、sign --as head 分别签署 → publish 写到存储盘。"
        "设备在底座上、未在记录且没有未移交的记录时才升级；"
        "新版本不能按时就绪则自动退回，两者都记入设备台账。"
    ),
)
BundleArgument = Annotated[Path, typer.Argument(help="升级包文件夹。", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add these commands to ``app``."""
    app.add_typer(update_app, name="update")


@update_app.command(
    help=(
        "制作升级包。来源文件夹含 wheels/（*.whl）和可选的 overlay/（系统文件）。\n\n"
        "例：provision update make ./dist --to ./bundle --version 7 --release 0.2.0"
    ),
)
def make(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    context: typer.Context,
    source: Annotated[Path, typer.Argument(help="来源文件夹。", show_default=False)],
    to: Annotated[Path, typer.Option("--to", help="升级包文件夹。", show_default=False)],
    version: Annotated[int, typer.Option(help="序号，只能增大。", min=1, show_default=False)],
    release: Annotated[str, typer.Option(help="版本名称。", show_default=False)],
    least: Annotated[int, typer.Option("--least", help="设备现有序号下限。", min=0)] = 0,
    days: Annotated[int, typer.Option(help="有效天数。", min=1, max=3_650)] = 90,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Make a bundle."""
    wish = bundling.Wish(version=version, release=release, least_version=least, days=days)
    clock = words.clock(context)
    words.run(
        lambda: bundling.make(source, to, wish, clock=clock, dry_run=dry_run), as_json=as_json
    )


@update_app.command(
    help=(
        "签署升级包；经办人、负责人都签署后清单才生效。签署前逐个核对文件。\n\n"
        "例：provision update sign ./bundle --as clerk --bureau ./bureau"
    ),
)
def sign(
    *,
    bundle: BundleArgument,
    bureau: words.BureauOption,
    who: Annotated[Signatory, typer.Option("--as", help="谁签署。", show_default=False)],
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Sign a bundle."""
    role = KeyRole.CLERK if who is Signatory.CLERK else KeyRole.HEAD
    words.run(lambda: bundling.sign(bureau, bundle, role, dry_run=dry_run), as_json=as_json)


@update_app.command(
    help=(
        "发布签署齐全的升级包：交采集工作站，设备对接且移交完毕后分块送达；"
        "--to 写到存储盘，供 recorder update --from 使用。\n\n"
        "例：provision update publish ./bundle --bureau ./bureau"
    ),
)
def publish(
    *,
    context: typer.Context,
    bundle: BundleArgument,
    bureau: words.BureauOption,
    to: Annotated[
        Path | None,
        typer.Option("--to", help="介质上的文件夹；不写则由采集工作站送达。", show_default=False),
    ] = None,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Hand a bundle to the desk, or put it onto a medium."""
    clock = words.clock(context)
    words.run(
        lambda: bundling.publish(bureau, bundle, to, clock=clock, dry_run=dry_run),
        as_json=as_json,
    )
