"""The real desk in a thread of the test's process, and docks that wait less than in life."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Final

import msgspec

from bureau import office
from bureau.clock import Clock
from bureau.desk import Desk
from bureau.intake.intake import Intake
from bureau.intake.stores import Office
from bureau.settings import load_bureau
from tests.kits.bureau.enrolment import Enrolled
from tests.kits.wire.desk import PATIENCE
from tests.kits.wire.peer import real_utc_ns

CLOCK: Final = Clock(utc_ns=real_utc_ns, mono_ns=time.monotonic_ns)
QUICK: Final = {
    "connect_timeout_ms": 2_000,
    "chunk_timeout_ms": 2_000,
    "backoff_most_ms": 500,
}
"""Of ``[transfer]``."""


class RunningDesk:
    """A desk behind its broker; runs until it is closed.

    Args:
        folder: The bureau's.
        clock: Says when.
        furnish: Puts something of the test's own into the office.

    Attributes:
        bureau: Its settings.
        office: What it works with.
    """

    def __init__(
        self,
        folder: Path,
        clock: Clock = CLOCK,
        furnish: Callable[[Office], Office] = lambda opened: opened,
    ) -> None:
        self.bureau = load_bureau(folder)
        self.office = furnish(office.open_office(self.bureau, clock))
        self._stop = Event()
        desk = Desk(office.connection_of(self.bureau), Intake(self.office), self._stop)
        self._thread = Thread(target=desk.run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it, and let go of its files."""
        self._stop.set()
        self._thread.join(PATIENCE)
        self.office.partials.close()
        self.office.ledger.close()


def hurried(enrolled: Enrolled) -> Enrolled:
    """The same recorder, whose dock in this process gives up and comes back sooner."""
    transfer = msgspec.structs.replace(enrolled.device.settings.transfer, **QUICK)
    settings = msgspec.structs.replace(enrolled.device.settings, transfer=transfer)
    return replace(enrolled, device=replace(enrolled.device, settings=settings))


def hurry(settings: Path, numbers: Mapping[str, int]) -> None:
    """Write such numbers into ``device.toml``, for a dock that is a process of its own."""
    text = settings.read_text()
    for name, value in numbers.items():
        text, found = re.subn(rf"(?m)^{name} = \d+$", f"{name} = {value}", text)
        assert found, name
    settings.write_text(text)
