"""The commands that take devices in.

Owns words and options. Refuses work.
"""

from __future__ import annotations

from typing import Annotated

import typer

from provisioning.cli import words
from provisioning.enrolment.enrol import DeviceOptions, enrol_device

_ENROL = (
    "配发一台设备：设备自己生成密钥，单位签发证书并登记。\n\n"
    "私钥只在设备文件夹内生成，从不离开。编号已配发给另一台设备、设备文件夹属于别人时拒绝。\n\n"
    "例：provision enrol ZF-001 --bureau ./bureau --device ./device"
)


def register(app: typer.Typer) -> None:
    """Add these commands to ``app``."""
    app.command("enrol", help=_ENROL)(enrol)


def enrol(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    context: typer.Context,
    device_id: Annotated[str, typer.Argument(help="设备编号，例如 ZF-001。", metavar="DEVICE")],
    bureau: words.BureauOption,
    device: words.DeviceOption,
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
    dry_run: words.DryRun = False,
    as_json: words.AsJson = False,
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
    clock = words.clock(context)
    words.run(
        lambda: enrol_device(bureau, device, device_id, options, clock=clock, dry_run=dry_run),
        as_json=as_json,
    )
