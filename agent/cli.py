"""``recorder``'s commands.

Owns words and options. Refuses work: every command hands over.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape

from agent import process, processes, supervisor, word_medium
from agent.doctor.examination import examine, is_sound
from agent.doctor.finding import Finding, State
from agent.doctor.words import NAMES, STATES, STEPS
from agent.enrolment.enrol import Outcome, Recorder, needs_enrolment
from agent.enrolment.saying import aloud
from agent.enrolment.telling import SAID, shown
from agent.errors import AgentError
from agent.settings import load_device
from agent.status import look_at
from evidence.errors import EvidenceError
from hw.errors import HardwareFault

app = typer.Typer(
    name="recorder",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help=(
        "执法记录仪：按键开始，告知，封存，签名，对接移交。\n\n"
        "`recorder enrol` 登记本机；`recorder run` 启动整台记录仪；`recorder status` 查看状态；"
        "`recorder console` 在终端里试用模拟记录仪。其余命令各启动一个进程，供系统服务使用。"
    ),
)

DeviceOption = Annotated[
    Path, typer.Option("--device", help="设备文件夹（recorder enrol 生成）。", show_default=False)
]
EXIT_REFUSED: Final = 1
_MARKS: Final = {
    State.LIVE: "[green]✔[/green]",
    State.ABSENT: "[yellow]○[/yellow]",
    State.BROKEN: "[red]✘[/red]",
}


@app.command(
    help=(
        "启动整台记录仪：证据库、对接、记录三个进程，停止的进程自动重启。\n\n"
        "Ctrl-C 正常结束：正在进行的记录先封存再关闭。\n\n"
        "例：recorder run --device ./device"
    ),
)
def run(*, device: DeviceOption) -> None:
    """Run all of it."""
    process.log_to_stderr("recorder")

    def start() -> None:
        # A fresh recorder with a seed asks its bureau first: the first start is the enrolment.
        if needs_enrolment(device.absolute()):
            fresh = Recorder.at(device)
            _tell(fresh.over_network(aloud(fresh, _show)))
        supervisor.run_recorder(load_device(device))

    _guard(start)


@app.command(
    help=(
        "登记本机（入网）：生成密钥，向单位申请证书，核对六位数字后装入证书、办法和配置。\n\n"
        "须先有种子（provision seed），默认在设备文件夹的 seed/ 中。"
        "有对接网络时直接运行；没有时用存储盘分两步：先 --to，取回应答后 --from。\n\n"
        "私钥只在本机生成，从不离开，也不会重新生成。任何一步中断，重新运行即可。\n\n"
        "例：recorder enrol --device ./device --seed /media/seed"
    ),
)
def enrol(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    device: DeviceOption,
    seed: Annotated[
        Path | None, typer.Option(help="种子所在文件夹，默认 设备文件夹/seed。", show_default=False)
    ] = None,
    to: Annotated[
        Path | None, typer.Option(help="把申请写到这个存储盘。", show_default=False)
    ] = None,
    back: Annotated[
        Path | None, typer.Option("--from", help="从这个存储盘取回应答。", show_default=False)
    ] = None,
    serial: Annotated[str | None, typer.Option(help="模拟机身的序列号；真机由硬件读出。")] = None,
    speak: Annotated[
        bool, typer.Option("--speak", help="模拟机身也读出六位数字（须有模拟世界）；真机总是读出。")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出，供程序读取。")] = False,
) -> None:
    """Enrol this recorder."""
    if to is not None and back is not None:
        raise typer.BadParameter("--to 与 --from 不能同时使用")

    def show(digits: str) -> None:
        _show(digits, as_json=as_json)

    def work() -> None:
        recorder = Recorder.at(device, seed, serial)
        tell = aloud(recorder, show, simulated=speak)
        if to is not None:
            outcome = recorder.onto_stick(to, tell)
        elif back is not None:
            outcome = recorder.from_stick(back)
        else:
            outcome = recorder.over_network(tell)
        _tell(outcome, as_json=as_json)

    _guard(work)


@app.command(
    "words",
    help=(
        "从存储盘取单位的通知（无对接网络时）：办法由 provision policy publish --to 写入，"
        "配发通知由 provision carry 写入。\n\n"
        "证据库在下次启动时或一分钟内核验；正在记录时，记录结束后才采用。"
        "不符合要求的一律拒收并记入设备台账。\n\n"
        "例：recorder words --from /media/usb --device ./device"
    ),
)
def take_words(
    *,
    device: DeviceOption,
    source: Annotated[Path, typer.Option("--from", help="存储盘文件夹。", show_default=False)],
) -> None:
    """Put the bureau's words from a removable medium aside for the vault."""

    def work() -> None:
        try:
            staged = word_medium.stage(load_device(device), source)
        except EvidenceError as error:
            typer.echo(error.diagnosis(), err=True)
            raise typer.Exit(EXIT_REFUSED) from error
        if staged.policy is not None:
            typer.echo(f"已暂存办法第 {staged.policy} 版，由证据库核验后采用。")
        if staged.assignment is not None:
            typer.echo(f"已暂存配发通知第 {staged.assignment} 号，由证据库核验后采用。")

    _guard(work)


@app.command(
    help=(
        "软件升级。不加选项：试装证据库请求的升级包，新版本不能按时就绪则退回"
        "（由 recorder-update.service 以 root 运行）。\n\n"
        "--recover 在开机时运行：未确认的新版本一律退回。"
        "--from 从存储盘取升级包（provision update publish 写入）放入待装文件夹。\n\n"
        "例：recorder update --from /media/usb --device /var/lib/recorder"
    ),
)
def update(
    *,
    device: DeviceOption,
    prefix: Annotated[Path, typer.Option(help="各版本所在文件夹。")] = Path("/opt/recorder"),
    recover: Annotated[bool, typer.Option("--recover", help="退回未确认的版本。")] = False,
    source: Annotated[
        Path | None, typer.Option("--from", help="存储盘文件夹。", show_default=False)
    ] = None,
) -> None:
    """Try an update, roll one back, or take one from a medium."""
    # The four processes and the other commands need none of it.
    from agent.update import command  # noqa: PLC0415

    process.log_to_stderr("update")
    _guard(
        lambda: typer.echo(command.run(load_device(device), prefix, recover=recover, source=source))
    )


@app.command("vault", help="只启动证据库进程：封存、签名、保管；无网络、无摄像头。")
def run_vault(*, device: DeviceOption) -> None:
    """Run the vault."""
    processes.run("vault", device)


@app.command(
    "locker",
    help=(
        "只启动加锁进程：给记录文件加上内核的只追加、不可改锁；凭单位签发的回执才解锁。\n\n"
        "须以证据库的用户运行，并且是唯一持有 CAP_LINUX_IMMUTABLE 的进程；"
        '启动时先试锁，锁不住就不报告就绪。device.toml 中 locks = "kernel" 时证据库使用它。'
    ),
)
def run_locker(*, device: DeviceOption) -> None:
    """Run the locker."""
    processes.run("locker", device)


@app.command("session", help="只启动记录进程：按键、摄像、录音、告知；不能进入证据库。")
def run_session(*, device: DeviceOption) -> None:
    """Run the recorder's process."""
    processes.run("session", device)


@app.command("dock", help="只启动对接进程：在底座上移交记录、取回回执；唯一有网络的进程。")
def run_dock(*, device: DeviceOption) -> None:
    """Run the dock's process."""
    processes.run("dock", device)


@app.command(
    help=(
        "查看状态：是否运行、是否正在记录、待移交的记录。\n\n"
        "例：recorder status --device ./device --json"
    ),
)
def status(
    *,
    device: DeviceOption,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出，供程序读取。")] = False,
) -> None:
    """Show what the device is doing."""

    def show() -> None:
        now = look_at(load_device(device))
        if as_json:
            typer.echo(json.dumps(asdict(now), ensure_ascii=False, sort_keys=True))
            return
        console = Console()
        console.print(f"设备 {now.device_id}", highlight=False)
        console.print("证据库：运行中" if now.running else "证据库：未运行")
        console.print("正在记录" if now.recording else "未在记录")
        console.print(f"待移交：{len(now.pending)} 次记录", highlight=False)
        for sid in now.pending:
            console.print(f"  {sid}", highlight=False)

    _guard(show)


@app.command(
    help=(
        "逐项查看保护措施：有效、没有、失效，以及下一步。只看不改；有失效项时以 1 结束。\n\n"
        "例：recorder doctor --device ./device --json"
    ),
)
def doctor(
    *,
    device: DeviceOption,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出，供程序读取。")] = False,
) -> None:
    """Say which protections are live, absent or broken."""

    def look() -> None:
        findings = examine(load_device(device))
        if as_json:
            typer.echo(json.dumps([asdict(one) for one in findings], ensure_ascii=False))
        else:
            _show_findings(findings)
        if not is_sound(findings):
            raise typer.Exit(EXIT_REFUSED)

    _guard(look)


def _show_findings(findings: tuple[Finding, ...]) -> None:
    console = Console()
    for one in findings:
        told = f"{STATES[one.state]}  {NAMES[one.name]}"
        console.print(f"{_MARKS[one.state]} {told}  [dim]{escape(one.detail)}[/dim]")
        if one.state is not State.LIVE:
            console.print(f"    下一步：{escape(STEPS[one.name])}", highlight=False)


@app.command(
    "console",
    help=(
        "在终端里试用一台模拟记录仪：灯、按键、语音文字、声音大小、空间、电量、签名日志。\n\n"
        "先运行 `recorder run`，或加 `--start` 由本命令启动、退出时正常结束。\n\n"
        "例：recorder console --device ./device --start"
    ),
)
def run_console(
    *,
    device: DeviceOption,
    start: Annotated[bool, typer.Option("--start", help="先启动记录仪，退出时结束它。")] = False,
) -> None:
    """Show a recorder with the fake body, and press its buttons."""
    # A terminal's library is no part of the three processes.
    from agent.console.opening import open_console  # noqa: PLC0415

    _guard(lambda: _say(open_console(load_device(device), start=start)))


@app.command(
    "field-test",
    help=(
        "现场检测：逐项引导检测人检测真机，语音和屏幕提示，最后由本机签署报告"
        "（JSON 和可打印的 HTML）。\n\n"
        "先停止记录进程（systemctl stop recorder-session），证据库和对接进程保持运行；"
        "正在记录或有未结束的记录时拒绝检测。\n\n"
        "断电检测会要求拔掉电源：重新开机后用 --resume 继续，得到完整报告。"
        "各项说明见 docs/field-test.md。\n\n"
        "例：recorder field-test --device ./device\n\n"
        "例：recorder field-test --check field-test.json --ca ca.pem"
    ),
)
def field_test(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    device: Annotated[
        Path | None, typer.Option("--device", help="设备文件夹。", show_default=False)
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="只做这一项，可重复；见 --list。", show_default=False)
    ] = None,
    list_them: Annotated[bool, typer.Option("--list", help="列出各项及其证明内容。")] = False,
    soak_minutes: Annotated[float, typer.Option(min=0.01, help="长时间记录的分钟数。")] = 10.0,
    out: Annotated[
        Path | None,
        typer.Option(help="报告文件夹，默认 设备文件夹/field-test。", show_default=False),
    ] = None,
    start: Annotated[
        bool, typer.Option("--start", help="先启动证据库和对接进程，检测后结束。")
    ] = False,
    go_on: Annotated[bool, typer.Option("--resume", help="断电并重新开机后继续。")] = False,
    check: Annotated[
        Path | None, typer.Option(help="核验这份已签署的报告。", show_default=False)
    ] = None,
    ca: Annotated[
        Path | None, typer.Option(help="核验时用的单位 CA 证书。", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出，供程序读取。")] = False,
) -> None:
    """Test this recorder in the field."""
    # All of the recorder's mind is no part of the other commands' start.
    from agent.field_test.command import Wishes, carry_out  # noqa: PLC0415

    wishes = Wishes(
        device=device,
        only=tuple(only or ()),
        list_them=list_them,
        soak_minutes=soak_minutes,
        out=out,
        start=start,
        go_on=go_on,
        check=check,
        ca=ca,
        as_json=as_json,
    )
    _guard(lambda: carry_out(wishes))


def _show(digits: str, *, as_json: bool = False) -> None:
    """Show the digits at once: the clerk waits for them."""
    line = json.dumps({"digits": digits}) if as_json else shown(digits)
    print(line, flush=True)  # noqa: T201 - seen before the answer comes


def _tell(outcome: Outcome, *, as_json: bool = False) -> None:
    said = json.dumps({"outcome": outcome}) if as_json else SAID[outcome]
    typer.echo(said)


def _say(text: str | None) -> None:
    if text is not None:
        typer.echo(text, err=True)


def _guard(work: Callable[[], None]) -> None:
    """Do ``work``; say in Chinese what went wrong."""
    try:
        work()
    except (AgentError, EvidenceError) as error:
        typer.echo(error.diagnosis(), err=True)
        raise typer.Exit(EXIT_REFUSED) from error
    except HardwareFault as fault:
        typer.echo(f"硬件不可用（{fault.code}：{fault}）", err=True)
        raise typer.Exit(EXIT_REFUSED) from fault
