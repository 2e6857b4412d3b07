"""The commands that make a bureau.

Owns words and options of ``init``. Refuses work.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from provisioning.authority import founding
from provisioning.authority.founding import Founding
from provisioning.cli import prompts, root, safekeeping, words

_INIT = (
    "建立单位：证书机构、离线根密钥、回执密钥、双签名办法、解密身份、消息服务配置。\n\n"
    "三把离线根密钥各由一人以口令保护，三把中的两把才能更换签名密钥；"
    "口令在终端输入（不显示），或用 `--root-passphrases` 指定文件（三行，权限 0600，用后请销毁）。"
    "建立后请尽快用 `provision root export` 逐把移到可移动介质，分人保管。\n\n"
    "解密身份（identities/）和证书机构密钥（ca/）不得离开本单位；escrow.age 请另行保管。"
    "中断后重新运行同一条命令即可继续，已有的密钥不会被覆盖。\n\n"
    "签名密钥可放在加密卡中：`--key 'ca=pkcs11:token=…;object=…?module-path=…&pin-source=…'`，"
    "或由系统提供：`--key receipt=credential:名称`；默认为文件。\n\n"
    "例：provision init --bureau ./bureau --name 某县统计局"
)


def register(app: typer.Typer) -> None:
    """Add these commands to ``app``."""
    app.command("init", help=_INIT)(init)
    root.register(app)
    safekeeping.register(app)


def init(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    context: typer.Context,
    bureau: words.BureauOption,
    name: Annotated[str | None, typer.Option(help="单位全称，例如 某县统计局。")] = None,
    bureau_id: Annotated[str | None, typer.Option("--id", help="单位代码，小写。")] = None,
    desk: Annotated[str | None, typer.Option(help="采集工作站名称，默认 DESK-01。")] = None,
    broker_host: Annotated[
        str | None, typer.Option(help="设备访问消息服务的主机名或地址，默认 127.0.0.1。")
    ] = None,
    bind: Annotated[
        str | None, typer.Option(help="消息服务监听地址，默认 127.0.0.1，不对外。")
    ] = None,
    port: Annotated[int | None, typer.Option(help="消息服务端口，默认 8883。")] = None,
    keep_days: Annotated[
        int | None, typer.Option(help="回执后在设备上保留的天数，默认 7。")
    ] = None,
    segment_seconds: Annotated[int | None, typer.Option(help="每个片段的秒数，默认 10。")] = None,
    warn_minutes: Annotated[int | None, typer.Option(help="剩余分钟数：提示，默认 120。")] = None,
    refuse_minutes: Annotated[
        int | None, typer.Option(help="剩余分钟数：不再开始记录，默认 15。")
    ] = None,
    alarm_minutes: Annotated[
        int | None, typer.Option(help="剩余分钟数：记录中报警，默认 10。")
    ] = None,
    close_minutes: Annotated[
        int | None, typer.Option(help="剩余分钟数：正常结束记录，默认 2。")
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            "--key", metavar="ROLE=URI", help="密钥位置，可多次：ca、receipt、clerk、head。"
        ),
    ] = None,
    root_passphrases: words.PassphraseFile = None,
    announce: Annotated[
        Path, typer.Option(help="告知语音文件夹，默认随软件提供。", show_default=False)
    ] = founding.ANNOUNCE,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Found a bureau."""
    numbers = {
        "release.keep_days": keep_days,
        "segment.seconds": segment_seconds,
        "storage.warn_minutes": warn_minutes,
        "storage.refuse_minutes": refuse_minutes,
        "storage.alarm_minutes": alarm_minutes,
        "storage.close_minutes": close_minutes,
    }

    def wish() -> Founding:
        return Founding(
            name=name,
            bureau_id=bureau_id,
            desk=desk,
            host=broker_host,
            bind=bind,
            port=port,
            numbers={key: number for key, number in numbers.items() if number is not None},
            announce=announce,
            places=_places(key or []),
            root_passphrases=prompts.passphrases(root_passphrases, make=True),
        )

    clock = words.clock(context)
    words.run(
        lambda: founding.init_bureau(bureau, wish(), clock=clock, dry_run=dry_run),
        as_json=as_json,
    )


def _places(stated: list[str]) -> dict[str, str]:
    """``ROLE=URI`` as typed."""
    parts = [text.partition("=") for text in stated]
    return {role: uri for role, _, uri in parts}
