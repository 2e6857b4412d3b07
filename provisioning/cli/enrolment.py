"""The commands that take devices in.

Owns words and options. Refuses work.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from provisioning.cli import batches, words
from provisioning.cli.listening import listen
from provisioning.enrolment import claiming, sticks
from provisioning.enrolment.admission import Applicant
from provisioning.enrolment.batch import Batch
from provisioning.enrolment.claiming import PORT, Expected
from provisioning.enrolment.settings import DeviceOptions
from provisioning.errors import SettingsError

_CLAIM = (
    "登记一台将到的设备，生成一次性领取码（24 小时有效，仅存摘要，只显示这一次）。\n\n"
    "一般不必单独使用：`provision seed` 同时生成领取码和种子。重新登记使旧领取码失效。\n\n"
    "例：provision claim ZF-001 --bureau ./bureau --serial 10000000a1b2c3d4"
)
_SEED = (
    "为一台设备写种子分区：编号、领取码、单位证书、登记工作站地址。\n\n"
    "把存储卡的种子分区（或任一文件夹）作为 --to；重复运行不作改动，过期后重新生成。"
    "种子等同于领取资格，请勿外传。\n\n"
    "例：provision seed ZF-001 --bureau ./bureau --to /media/seed"
)
_ENROL = (
    "接收设备登记：核对六位数字，签发证书，交付办法与配置。三种方式任选其一。\n\n"
    "一、对接网络：`provision enrol --listen`，设备上运行 recorder enrol；"
    "逐台输入设备显示并读出的六位数字，不一致即拒绝。\n\n"
    "二、存储盘：设备上 recorder enrol --to 盘，再 "
    "`provision enrol ZF-001 --request 盘 --to 盘`，最后设备上 recorder enrol --from 盘。\n\n"
    "三、成批：`provision enrol --csv devices.csv --seeds ./seeds` 登记人员、批准、领取码并写种子；"
    "各台登记后，同一命令加 --keeper、--leader、--papers 配发并打印标签和交接单。\n\n"
    "私钥只在设备上生成，从不离开。例：provision enrol --listen --bureau ./bureau"
)
SerialOption = Annotated[
    str | None, typer.Option(help="硬件序列号；填写后只有这台硬件可以使用领取码。")
]
ModelOption = Annotated[str | None, typer.Option(help="型号，印在标签上；默认由硬件读出。")]
BoardOption = Annotated[str | None, typer.Option(help="硬件：fake（模拟，默认）或 pi（树莓派）。")]
WidthOption = Annotated[int | None, typer.Option(help="画面宽，默认 1280。")]
HeightOption = Annotated[int | None, typer.Option(help="画面高，默认 720。")]
RateOption = Annotated[int | None, typer.Option("--fps", help="帧率，默认 25。")]
BitsOption = Annotated[int | None, typer.Option("--bitrate", help="视频码率 bit/s，默认 4000000。")]
RunDirOption = Annotated[str | None, typer.Option(help="套接字目录；设备文件夹路径过长时使用。")]
DeviceArgument = Annotated[str, typer.Argument(help="设备编号，例如 ZF-001。", metavar="DEVICE")]
HostOption = Annotated[
    str | None, typer.Option(help="设备访问登记工作站的主机名或地址，默认与消息服务相同。")
]
PortOption = Annotated[int, typer.Option(help="登记工作站端口。", min=1, max=65_535)]


def register(app: typer.Typer) -> None:
    """Add these commands to ``app``."""
    app.command("claim", help=_CLAIM)(claim)
    app.command("seed", help=_SEED)(seed)
    app.command("enrol", help=_ENROL)(enrol)


def claim(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    context: typer.Context,
    device_id: DeviceArgument,
    bureau: words.BureauOption,
    serial: SerialOption = None,
    model: ModelOption = None,
    board: BoardOption = None,
    width: WidthOption = None,
    height: HeightOption = None,
    frames_per_second: RateOption = None,
    bits_per_second: BitsOption = None,
    run_dir: RunDirOption = None,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Make a claim."""
    options = DeviceOptions(
        board=board,
        width=width,
        height=height,
        frames_per_second=frames_per_second,
        bits_per_second=bits_per_second,
        run_dir=run_dir,
    )
    expected = Expected(device=device_id, serial=serial, model=model, options=options)
    clock = words.clock(context)
    words.run(
        lambda: claiming.make_claim(bureau, expected, clock=clock, dry_run=dry_run),
        as_json=as_json,
    )


def seed(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    context: typer.Context,
    device_id: DeviceArgument,
    bureau: words.BureauOption,
    to: Annotated[Path, typer.Option(help="种子分区，或任一文件夹。", show_default=False)],
    serial: SerialOption = None,
    model: ModelOption = None,
    board: BoardOption = None,
    width: WidthOption = None,
    height: HeightOption = None,
    frames_per_second: RateOption = None,
    bits_per_second: BitsOption = None,
    run_dir: RunDirOption = None,
    host: HostOption = None,
    port: PortOption = PORT,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Write a seed."""
    options = DeviceOptions(
        board=board,
        width=width,
        height=height,
        frames_per_second=frames_per_second,
        bits_per_second=bits_per_second,
        run_dir=run_dir,
    )
    expected = Expected(
        device=device_id, serial=serial, model=model, options=options, host=host, port=port
    )
    clock = words.clock(context)
    words.run(
        lambda: claiming.write_seed(bureau, expected, to, clock=clock, dry_run=dry_run),
        as_json=as_json,
    )


def enrol(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    context: typer.Context,
    device_id: Annotated[
        str | None, typer.Argument(help="设备编号；存储盘方式使用。", metavar="[DEVICE]")
    ] = None,
    bureau: words.BureauOption,
    listening: Annotated[
        bool, typer.Option("--listen", help="在对接网络上等待设备，Ctrl-C 结束。")
    ] = False,
    bind: Annotated[str | None, typer.Option(help="监听地址，默认与消息服务相同。")] = None,
    port: PortOption = PORT,
    devices: Annotated[
        int | None, typer.Option(help="登记这么多台后自动结束。", min=1, metavar="N")
    ] = None,
    request: Annotated[
        Path | None,
        typer.Option(
            help="设备写出的申请文件，或所在的盘（盘上有几份时写明设备编号）。", show_default=False
        ),
    ] = None,
    confirm: Annotated[
        str | None, typer.Option(help="设备显示的六位数字；不填则询问。", metavar="123456")
    ] = None,
    to: Annotated[
        Path | None, typer.Option(help="应答文件写到这里，默认与申请同处。", show_default=False)
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            help="成批名单（UTF-8 或 GB18030）：设备编号、型号、序列号、部门、使用人、执法证号、"
            "批准人、批准文号、批准日期。",
            show_default=False,
        ),
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="名单有错时，只办理无误的各行。")
    ] = False,
    seeds: Annotated[
        Path | None, typer.Option(help="为名单各台写种子，每台一个文件夹。", show_default=False)
    ] = None,
    board: BoardOption = None,
    host: HostOption = None,
    keeper: Annotated[
        str | None, typer.Option(help="保管维护人编号；与 --leader 同用，配发已登记的各台。")
    ] = None,
    leader: Annotated[str | None, typer.Option(help="负责人（第一责任人）编号。")] = None,
    papers: Annotated[
        Path | None,
        typer.Option(help="标签和配发交接单写到这个文件夹。", show_default=False),
    ] = None,
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
) -> None:
    """Take devices in."""
    clock = words.clock(context)
    if sum((listening, request is not None, csv is not None)) != 1:
        words.refuse(SettingsError("give one of --listen, --request and --csv"), as_json=as_json)
    if csv is not None:
        batch = Batch(
            path=csv,
            seeds=seeds,
            options=DeviceOptions(board=board),
            host=host,
            port=port,
            keeper=keeper,
            leader=leader,
            partial=partial,
        )
        batches.enrol_list(bureau, batch, papers, clock=clock, dry_run=dry_run, as_json=as_json)
    elif request is not None:
        source, ask = sticks.request_of(device_id, request), _asked(device_id, confirm)
        to = to or (source if source.is_dir() else source.parent)
        words.run(
            lambda: sticks.answer_request(bureau, source, to, ask, clock=clock, dry_run=dry_run),
            as_json=as_json,
        )
    else:
        listen(bureau, bind, port, devices, clock=clock, as_json=as_json)


def _asked(device: str | None, confirm: str | None) -> sticks.Ask:
    def ask(applicant: Applicant) -> str:
        if device is not None and applicant.device != device:
            raise SettingsError(f"the request is {applicant.device}'s, not {device}'s")
        if confirm is not None:
            return confirm
        return ask_digits(applicant)

    return ask


def ask_digits(applicant: Applicant) -> str:
    """Ask the clerk for the digits that the device shows."""
    request = applicant.received.request
    Console(stderr=True).print(
        f"设备 [bold]{request.device}[/bold]  序列号 {escape(request.serial)}"
        f"  型号 {escape(request.model)}",
        highlight=False,
    )
    text: str = typer.prompt("请输入该设备显示的六位数字", err=True)
    return text
