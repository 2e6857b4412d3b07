"""``provision enrol --listen`` at the clerk's terminal.

Owns what the clerk sees of each device and typing in its digits. Refuses to show the digits: they
are read off the device, so that nobody confirms without having looked.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import typer
from rich.console import Console
from rich.markup import escape

from evidence.errors import EvidenceError
from provisioning.bureau_folder import UtcNs, open_bureau
from provisioning.cli import words
from provisioning.enrolment.arrivals import Arrival
from provisioning.enrolment.reception import Reception
from provisioning.errors import ProvisioningError

_LOOK_SECONDS: Final = 0.5
_ANSWER_SECONDS: Final = 60.0


def listen(
    bureau: Path, bind: str | None, port: int, most: int | None, *, clock: UtcNs, as_json: bool
) -> None:
    """Receive devices until ``most`` were taken in, the input ends, or the clerk stops it."""
    screen = Screen(as_json=as_json)
    try:
        address = bind or open_bureau(bureau).settings.bind
        with Reception(bureau, address, port, clock=clock, told=screen.turned_away) as reception:
            screen.ready(address, reception.port)
            with suppress(KeyboardInterrupt, EOFError):
                _receive(reception, screen, most)
    except (ProvisioningError, EvidenceError) as error:
        words.refuse(error, as_json=as_json)


def _receive(reception: Reception, screen: Screen, most: int | None) -> None:
    taken = 0
    while most is None or taken < most:
        arrival = reception.arrivals.next(_LOOK_SECONDS)
        if arrival is None:
            continue
        screen.arrived(arrival)
        if not arrival.decide(screen.ask()):
            screen.said(arrival, "refused", "六位数字不一致，已拒绝；设备可以重试")
            continue
        arrival.done.wait(_ANSWER_SECONDS)
        if arrival.failure is None:
            taken += 1
            screen.said(arrival, "enrolled", "已登记，证书与配置已交付")
        else:
            screen.said(arrival, "failed", arrival.failure)


class Screen:
    """Lines for a person, or for a program."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._console = Console()

    def ready(self, address: str, port: int) -> None:
        """The reception listens."""
        text = f"正在 {address}:{port} 等待设备，Ctrl-C 结束。"
        self._line({"event": "listening", "address": address, "port": port}, text)

    def arrived(self, arrival: Arrival) -> None:
        """A device waits."""
        request = arrival.applicant.received.request
        fact = {
            "event": "arrived",
            "device": request.device,
            "serial": request.serial,
            "model": request.model,
        }
        text = (
            f"设备 [bold]{request.device}[/bold]  序列号 {escape(request.serial)}"
            f"  型号 {escape(request.model)}"
        )
        self._line(fact, text)

    def ask(self) -> str:
        """The digits that the clerk reads off the device.

        Raises:
            EOFError: There is no more input.
        """
        if not self._as_json:
            typer.echo("请输入该设备显示并读出的六位数字（直接回车表示拒绝）：", nl=False)
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.strip()

    def said(self, arrival: Arrival, event: str, text: str) -> None:
        """What became of a device."""
        device = arrival.applicant.device
        self._line({"event": event, "device": device, "text": text}, f"{device}：{escape(text)}")

    def turned_away(self, peer: str, why: str) -> None:
        """Somebody was not let in."""
        self._line({"event": "turned_away", "peer": peer, "text": why}, f"{peer}：{escape(why)}")

    def _line(self, fact: Mapping[str, str | int], text: str) -> None:
        if self._as_json:
            typer.echo(json.dumps(dict(fact), ensure_ascii=False))
            sys.stdout.flush()
        else:
            self._console.print(text, highlight=False, soft_wrap=True)
