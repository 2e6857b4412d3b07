"""``bureau``'s commands.

Owns words, options and tables. Refuses work: every command opens the office and hands over.
"""

from __future__ import annotations

import json
import logging
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from threading import Event, Thread
from types import FrameType
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Column, Table

from bureau import office
from bureau.access import Reader
from bureau.broker import Broker
from bureau.clock import Clock
from bureau.desk import Desk
from bureau.errors import AccessError, BrokerError, BureauError
from bureau.intake.intake import Intake
from bureau.ledger import Category, Query, SessionRow
from bureau.settings import Bureau, load_bureau
from evidence.errors import EvidenceError
from evidence.report import report
from evidence.verify import Judgement

app = typer.Typer(
    name="bureau",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help=(
        "采集工作站：接收、核验、归档、签发回执，管理台账，按审批打开记录。\n\n"
        "先运行 `bureau desk --with-broker`，再用 `bureau ledger` 查看收到的记录。"
    ),
)
quarantine = typer.Typer(no_args_is_help=True, help="未通过核验的内容：原样保留，注明原因。")
app.add_typer(quarantine, name="quarantine")

BureauOption = Annotated[
    Path, typer.Option("--bureau", help="单位文件夹（provision init 生成）。", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="以 JSON 输出，供程序读取。")]
EXIT_REFUSED: Final = 1
_STATES: Final = {"committed": "已收日志", "stored": "已归档", "quarantined": "已隔离"}
_TURN_SECONDS: Final = 0.5
_WIDE: Final = 200


@app.command(
    help=(
        "运行接收程序：核验设备台账、记录日志和封存文件，归档并签发回执。\n\n"
        "例：bureau desk --bureau ./bureau --with-broker"
    ),
)
def desk(
    context: typer.Context,
    *,
    bureau: BureauOption,
    with_broker: Annotated[
        bool, typer.Option("--with-broker", help="同时启动本机 mosquitto 消息服务。")
    ] = False,
) -> None:
    """Run the intake."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s desk %(levelname)s: %(message)s")
    stop = _stop_when_asked()

    def work(one: Bureau) -> None:
        with ExitStack() as stack:
            stack.enter_context(office.alone(one))
            intake = Intake(office.open_office(one, _clock(context)))
            intake.steps.recover()
            if with_broker:
                broker = _broker(one)
                stack.enter_context(broker)
                Thread(target=_watch, args=(broker, stop), daemon=True).start()
            Desk(office.connection_of(one), intake, stop).run()

    _guard(bureau, work)


@app.command(help="查看管理台账：每次执法记录一行，可按设备、人员、事项、日期筛选。")
def ledger(  # noqa: PLR0913 - one option for each column a clerk filters by
    *,
    bureau: BureauOption,
    device: Annotated[str | None, typer.Option(help="设备编号。")] = None,
    officer: Annotated[str | None, typer.Option(help="执法人员编号。")] = None,
    activity: Annotated[str | None, typer.Option(help="事项代码。")] = None,
    since: Annotated[str | None, typer.Option(help="起始日期，如 2026-01-31（UTC）。")] = None,
    until: Annotated[str | None, typer.Option(help="截止日期，含当日。")] = None,
    as_json: JsonOption = False,
) -> None:
    """List sessions."""
    query = Query(device=device, officer=officer, activity=activity, since=since, until=until)

    def work(one: Bureau) -> None:
        rows = office.open_ledger(one).sessions(query)
        if as_json:
            _say_json([_plain(row) for row in rows])
            return
        _say_table(
            ["序号", "设备", "开始（UTC）", "人员", "事项", "片段", "告知", "状态", "核验", "编号"],
            [
                [
                    str(row.counter),
                    row.device,
                    row.started[:19],
                    row.officer or "未填",
                    row.activity,
                    str(row.segments),
                    row.disclosure,
                    _STATES.get(row.state, row.state),
                    row.verdict or "",
                    row.sid,
                ]
                for row in rows
            ],
        )

    _guard(bureau, work)


@app.command(
    help=(
        "统计台账：按设备、人员、事项或月份合计记录数、总大小和逾期归档数。\n\n"
        "例：bureau totals --bureau ./bureau --by officer --since 2026-01-01"
    ),
)
def totals(
    context: typer.Context,
    *,
    bureau: BureauOption,
    by: Annotated[
        Category, typer.Option(help="device 设备、officer 人员、activity 事项、month 月份。")
    ] = Category.OFFICER,
    since: Annotated[str | None, typer.Option(help="起始日期，如 2026-01-31（UTC）。")] = None,
    until: Annotated[str | None, typer.Option(help="截止日期，含当日。")] = None,
    as_json: JsonOption = False,
) -> None:
    """Count sessions."""

    def work(one: Bureau) -> None:
        found = office.open_ledger(one).totals(
            by, Query(since=since, until=until), now=_clock(context).utc()
        )
        if as_json:
            _say_json([asdict(total) for total in found])
            return
        _say_table(
            ["类别", "记录数", "总大小（MiB）", "逾期归档"],
            [
                [one.value or "未填", str(one.sessions), str(one.size >> 20), str(one.late)]
                for one in found
            ],
        )

    _guard(bureau, work)


@app.command(
    "open",
    help=(
        "打开一次记录：解密为可播放的 MP4，附证据文件夹和核验结论；先登记查阅人和事由。\n\n"
        "例：bureau open 编号 --bureau ./bureau --to ./out --who 张三 --why 案件复核"
    ),
)
def open_session(  # noqa: PLR0913 - who, why and where are all asked for
    context: typer.Context,
    sid: Annotated[str, typer.Argument(help="记录编号（bureau ledger 的最后一列）。")],
    *,
    bureau: BureauOption,
    to: Annotated[Path, typer.Option(help="存放的文件夹，须为空。", show_default=False)],
    who: Annotated[str, typer.Option(help="查阅人。", show_default=False)],
    why: Annotated[str, typer.Option(help="查阅事由。", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Open a session."""

    def work(one: Bureau) -> None:
        opened = office.open_office(one, _clock(context))
        access = office.open_access(one, opened)
        copied = access.open(_device_of(one, sid), sid, to, Reader(who=who, why=why))
        if as_json:
            _say_json(
                {
                    "folder": str(copied.folder),
                    "recording": str(copied.recording) if copied.recording else None,
                    "films": [str(film) for film in copied.films],
                    "evidence": str(copied.folder / "evidence"),
                    "judgement": copied.verdict.judgement.value,
                }
            )
            return
        console = Console(highlight=False)
        console.print(f"已打开：{copied.folder}", soft_wrap=True)
        console.print(f"完整录像：{copied.recording or '无可播放内容'}", soft_wrap=True)
        console.print(f"片段：{len(copied.films)} 个")
        console.print(f"证据文件夹：{copied.folder / 'evidence'}", soft_wrap=True)
        console.print(f"核验结论：{copied.verdict.judgement.value}")

    _guard(bureau, work)


@app.command(help="核验一次记录，使用本单位保存的全部材料。退出码：0 通过，1 未通过。")
def verify(
    context: typer.Context,
    sid: Annotated[str, typer.Argument(help="记录编号。")],
    *,
    bureau: BureauOption,
    as_json: JsonOption = False,
) -> None:
    """Verify a session."""

    def work(one: Bureau) -> None:
        opened = office.open_office(one, _clock(context))
        verdict = office.open_access(one, opened).judge(_device_of(one, sid), sid)
        if as_json:
            _say_json(verdict.to_json())
        else:
            for line in report(verdict, "zh"):
                typer.echo(line)
        if verdict.judgement is Judgement.BROKEN:
            raise typer.Exit(EXIT_REFUSED)

    _guard(bureau, work)


@quarantine.command("list", help="列出隔离区的内容和原因。")
def list_quarantine(*, bureau: BureauOption, as_json: JsonOption = False) -> None:
    """List what did not verify."""

    def work(one: Bureau) -> None:
        rows = office.open_ledger(one).quarantined()
        if as_json:
            _say_json(
                [
                    {"device": r.device, "name": r.name, "reason": r.reason, "since": r.since}
                    for r in rows
                ]
            )
            return
        cells = [[row.since[:19], row.device, row.name, row.reason] for row in rows]
        _say_table(["时间（UTC）", "设备", "内容", "原因"], cells)

    _guard(bureau, work)


def _plain(row: SessionRow) -> dict[str, object]:
    return {column.key: getattr(row, column.key) for column in SessionRow.__table__.columns}


def _say_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, sort_keys=True))


def _say_table(titles: list[str], rows: list[list[str]]) -> None:
    # Nothing is cut off: an id that is folded can still be copied.
    table = Table(*(Column(title, overflow="fold") for title in titles))
    for row in rows:
        table.add_row(*row)
    width = None if sys.stdout.isatty() else _WIDE
    Console(highlight=False, width=width).print(table)


def _device_of(bureau: Bureau, sid: str) -> str:
    row = office.open_ledger(bureau).find(sid)
    if row is None:
        raise AccessError(f"the ledger has no session {sid}", code="no_session")
    return row.device


def _clock(context: typer.Context) -> Clock:
    clock = context.find_object(Clock)
    if clock is None:
        raise BureauError("the composition root handed no clock down")
    return clock


def _broker(one: Bureau) -> Broker:
    settings = one.settings.broker
    return Broker(one.paths.broker_configuration, settings.bind, settings.port)


def _watch(broker: Broker, stop: Event) -> None:
    """Start the broker again when it dies: transfers begin again with what is on the disk."""
    while not stop.wait(_TURN_SECONDS):
        if not broker.is_running():
            logging.getLogger(__name__).warning("mosquitto ended; starting it again")
            try:
                broker.start()
            except BrokerError as error:
                logging.getLogger(__name__).warning("%s", error.detail)


def _stop_when_asked() -> Event:
    """An event that SIGTERM or SIGINT sets, whichever thread meets it.

    Blocked signals would be inherited by the broker, which then could not be asked to end.
    """
    stop = Event()
    heard, told = socket.socketpair()
    told.settimeout(0)
    signal.set_wakeup_fd(told.fileno())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave_it_to_the_thread)

    def wait() -> None:
        with told, heard:
            heard.recv(1)
            stop.set()
            # A second signal has to find somebody to write to.
            Event().wait()

    Thread(target=wait, name="signals", daemon=True).start()
    return stop


def _leave_it_to_the_thread(number: int, frame: FrameType | None) -> None:
    del number, frame


def _guard(folder: Path, work: Callable[[Bureau], None]) -> None:
    """Do ``work``; say in Chinese what went wrong."""
    try:
        work(load_bureau(folder))
    except (BureauError, EvidenceError) as error:
        typer.echo(error.diagnosis(), err=True)
        raise typer.Exit(EXIT_REFUSED) from error
