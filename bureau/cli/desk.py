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
from typing import Annotated, Final

import typer

from bureau import office
from bureau.broker import Broker
from bureau.cli.words import BureauOption, clock_of, guard
from bureau.desk import Desk
from bureau.errors import BrokerError
from bureau.intake.intake import Intake
from bureau.settings import Bureau

app = typer.Typer()

_TURN_SECONDS: Final = 0.5


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
                broker = _broker(one)
                stack.enter_context(broker)
                Thread(target=_watch, args=(broker, stop), daemon=True).start()
            Desk(office.connection_of(one), intake, stop).run()

    guard(bureau, work)


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
