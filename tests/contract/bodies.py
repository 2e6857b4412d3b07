"""The bodies under test, and the hand that moves them.

Three bodies: the fake one, hw.pi on the bench (``bench``), and with ``--board=pi`` a real Pi.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from hw.fake.world import FakeWorld
from hw.ports import DockBoard, RecorderBoard, VaultBoard
from hw.types import CameraSettings
from tests.contract.bench import Hand

SMALL = CameraSettings(width=320, height=240, bits_per_second=400_000)
PATIENCE = 10.0

_Item = TypeVar("_Item")


class Collected(Generic[_Item]):
    """A sink that keeps what a driver's thread delivers."""

    def __init__(self) -> None:
        self.items: list[_Item] = []
        self._came = threading.Condition()

    def __call__(self, item: _Item) -> None:
        with self._came:
            self.items.append(item)
            self._came.notify_all()

    def wait_for(self, count: int) -> list[_Item]:
        """The first ``count`` items."""
        self.wait_until(lambda: len(self.items) >= count)
        return self.items[:count]

    def wait_until(self, fact: Callable[[], bool]) -> None:
        """Wait until ``fact`` is true, looked at whenever something comes."""
        with self._came:
            assert self._came.wait_for(fact, PATIENCE), f"only {len(self.items)} came"


@dataclass(frozen=True)
class Body:
    """One recorder: its three boards and a hand.

    Attributes:
        hand: What moves it: the whole world of the fake body, fewer verbs on the bench, and on
            hardware nobody: there it is the field tester's.
    """

    recorder: RecorderBoard
    vault: VaultBoard
    dock: DockBoard
    hand: FakeWorld | Hand | None
