"""The clerk's commands.

Owns words and options. Refuses work: every command hands over to a function that scripts and tests
call alike. The clock arrives as the context's object.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from evidence.errors import EvidenceError
from provisioning.authority import founding
from provisioning.authority.founding import Founding
from provisioning.bureau_folder import UtcNs, open_bureau
from provisioning.custody import revocation
from provisioning.enrolment.enrol import DeviceOptions, enrol_device
from provisioning.errors import ProvisioningError
from provisioning.plan import Report, StepState
from provisioning.policy import files as policy_files
from provisioning.policy import rulebook

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
rulebook_app = typer.Typer(
    no_args_is_help=True, help="本单位办法：查看、修改（双签名）、装入设备。"
)
app.add_typer(rulebook_app, name="rulebook")

BureauOption = Annotated[Path, typer.Option("--bureau", help="单位文件夹。", show_default=False)]
DeviceOption = Annotated[Path, typer.Option("--device", help="设备文件夹。", show_default=False)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="只显示将要做什么，不作改动。")]
AsJson = Annotated[bool, typer.Option("--json", help="以 JSON 输出，供程序读取。")]

_MARKS = {
    StepState.UNCHANGED: "[dim]·[/dim] 未改动",
    StepState.CHANGED: "[green]✔[/green] 已完成",
    StepState.PLANNED: "[yellow]→[/yellow] 将执行",
}


@app.command(
    help=(
        "建立单位：证书机构、回执密钥、双签名办法、解密身份、消息服务配置。\n\n"
        "解密身份（identities/）和证书机构密钥（ca/）不得离开本单位；escrow.age 请另行保管。\n\n"
        "例：provision init --bureau ./bureau --name 某县统计局"
    ),
)
def init(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    context: typer.Context,
    bureau: BureauOption,
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
    announce: Annotated[
        Path, typer.Option(help="告知语音文件夹，默认随软件提供。", show_default=False)
    ] = founding.ANNOUNCE,
    dry_run: DryRun = False,
    as_json: AsJson = False,
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
    wish = Founding(
        name=name,
        bureau_id=bureau_id,
        desk=desk,
        host=broker_host,
        bind=bind,
        port=port,
        numbers={key: number for key, number in numbers.items() if number is not None},
        announce=announce,
    )
    clock = _clock(context)
    _run(
        lambda: founding.init_bureau(bureau, wish, clock=clock, dry_run=dry_run),
        as_json=as_json,
    )


@app.command(
    help=(
        "配发一台设备：设备自己生成密钥，单位签发证书并登记。\n\n"
        "私钥只在设备文件夹内生成，从不离开。编号已配发给另一台设备、设备文件夹属于别人时拒绝。\n\n"
        "例：provision enrol ZF-001 --bureau ./bureau --device ./device"
    ),
)
def enrol(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    context: typer.Context,
    device_id: Annotated[str, typer.Argument(help="设备编号，例如 ZF-001。", metavar="DEVICE")],
    bureau: BureauOption,
    device: DeviceOption,
    board: Annotated[
        str | None, typer.Option(help="硬件：fake（模拟，默认）或 pi（树莓派）。")
    ] = None,
    width: Annotated[int | None, typer.Option(help="画面宽，默认 1280。")] = None,
    height: Annotated[int | None, typer.Option(help="画面高，默认 720。")] = None,
    frames_per_second: Annotated[int | None, typer.Option("--fps", help="帧率，默认 25。")] = None,
    bits_per_second: Annotated[
        int | None, typer.Option("--bitrate", help="视频码率 bit/s，默认 4000000。")
    ] = None,
    custodian: Annotated[str | None, typer.Option(help="使用人编号（专人专用）。")] = None,
    run_dir: Annotated[
        str | None, typer.Option(help="套接字目录；设备文件夹路径过长时使用。")
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take a device in."""
    options = DeviceOptions(
        board=board,
        width=width,
        height=height,
        frames_per_second=frames_per_second,
        bits_per_second=bits_per_second,
        custodian=custodian,
        run_dir=run_dir,
    )
    clock = _clock(context)
    _run(
        lambda: enrol_device(bureau, device, device_id, options, clock=clock, dry_run=dry_run),
        as_json=as_json,
    )


@app.command(
    help=(
        "注销一台设备（遗失、报废）：吊销两张证书，登记簿改为 revoked。\n\n"
        "消息服务须重新启动：已建立的连接不会因吊销列表更新而断开。\n\n"
        "例：provision revoke ZF-001 --bureau ./bureau --reason lost"
    ),
)
def revoke(
    *,
    context: typer.Context,
    device_id: Annotated[str, typer.Argument(help="设备编号。", metavar="DEVICE")],
    bureau: BureauOption,
    reason: Annotated[str, typer.Option(help="原因，例如 lost、retired。")],
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Revoke a device."""
    clock = _clock(context)
    _run(
        lambda: revocation.revoke_device(bureau, device_id, reason, clock=clock, dry_run=dry_run),
        as_json=as_json,
    )


@rulebook_app.command(
    "show",
    help=("显示现行办法：版本、有效期、各项内容，未写明的注明默认。签名先经核验。"),
)
def rulebook_show(*, bureau: BureauOption, as_json: AsJson = False) -> None:
    """Show the rulebook in force."""
    try:
        book = open_bureau(bureau).rulebook
    except (ProvisioningError, EvidenceError) as error:
        _refuse(error, as_json=as_json)
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
    bureau: BureauOption,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Sign the next version of the rulebook."""
    clock = _clock(context)
    _run(
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
    bureau: BureauOption,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Sign the next version of the rulebook with what a file says."""
    clock = _clock(context)
    _run(
        lambda: rulebook.set_policy(
            bureau, policy_files.read_file(policy), clock=clock, dry_run=dry_run
        ),
        as_json=as_json,
    )


@rulebook_app.command("keys", help="列出办法的全部项目：取值范围、默认值、含义。")
def rulebook_keys(*, as_json: AsJson = False) -> None:
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
    *, bureau: BureauOption, device: DeviceOption, dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    """Put the rulebook onto a device."""
    _run(lambda: rulebook.install(bureau, device, dry_run=dry_run), as_json=as_json)


def _clock(context: typer.Context) -> UtcNs:
    clock: UtcNs = context.find_root().obj
    return clock


def _run(work: Callable[[], Report], *, as_json: bool) -> None:
    try:
        report = work()
    except (ProvisioningError, EvidenceError) as error:
        _refuse(error, as_json=as_json)
    if as_json:
        steps = [{"title": item.title, "state": item.state} for item in report.outcomes]
        document = {"changed": report.changed, "steps": steps, "facts": dict(report.facts)}
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    _show(report)


def _show(report: Report) -> None:
    console = Console()
    for outcome in report.outcomes:
        console.print(f"{_MARKS[outcome.state]}  {escape(outcome.title)}")
    for name, value in report.facts.items():
        console.print(f"  [dim]{name}[/dim] {escape(str(value))}", highlight=False)
    planned = any(outcome.state is StepState.PLANNED for outcome in report.outcomes)
    if report.changed == 0:
        console.print("一切已就绪，未作任何改动。")
    elif planned:
        console.print(f"试运行：将改动 {report.changed} 项，目前未作任何改动。")
    else:
        console.print(f"完成：改动 {report.changed} 项。")


def _refuse(error: ProvisioningError | EvidenceError, *, as_json: bool) -> NoReturn:
    if as_json:
        document = {
            "error": error.code,
            "diagnosis": error.diagnosis(),
            "detail": error.detail,
        }
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        Console(stderr=True).print(f"[red]✘[/red] {escape(error.diagnosis())}", soft_wrap=True)
    raise typer.Exit(1) from error
