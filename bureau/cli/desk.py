"""``bureau desk``: the receiving desk, and the broker beside it.

Owns signals, log and the broker's life. Refuses to take messages itself: ``bureau.desk`` does.
"""

from __future__ import annotations

import logging
import signal
import socket
from contextlib import ExitStack
from threading import Event, Thread
from types import FrameType
from typing import Annotated

import typer

from bureau import office
from bureau.broker import Broker
from bureau.cli.words import BureauOption, clock_of, guard
from bureau.desk import Desk
from bureau.intake.intake import Intake
from bureau.settings import Bureau

app = typer.Typer()


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
            intake = Intake(office.open_office(one, clock_of(context)))
            intake.steps.recover()
            if with_broker:
                _keep(stack.enter_context(_broker(one)), stop, stack)
            Desk(office.connection_of(one), intake, stop).run()

    guard(bureau, work)


def _broker(one: Bureau) -> Broker:
    settings = one.settings.broker
    return Broker(one.paths.broker_configuration, settings.bind, settings.port)


def _keep(broker: Broker, stop: Event, stack: ExitStack) -> None:
    """See to the broker beside the desk; by the time the stack ends it, nobody starts it again."""
    keeper = Thread(target=broker.keep, args=(stop,), name="broker")
    keeper.start()
    stack.callback(keeper.join)
    stack.callback(stop.set)


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
