"""What the recorder tells the bureau of itself while it is docked.

Owns gathering the readings into ``evidence.wire.DeviceState``. Refuses decisions: nobody may act on
what is signed by no one.
"""

from __future__ import annotations

import logging

from agent.vault.messages import Pending
from evidence.moments import utc_text
from evidence.wire import DeviceState, encode_state
from hw.errors import HardwareFault
from hw.ports import DockBoard
from hw.types import BatteryReading

_log = logging.getLogger(__name__)


class StateTeller:
    """Says how the device is.

    Args:
        board: The dock's ports.
        firmware: What runs here.
    """

    def __init__(self, board: DockBoard, firmware: str) -> None:
        self._board = board
        self._firmware = firmware

    def now(self, pending: Pending, *, pushed_bytes: int) -> bytes:
        """The state while docked."""
        battery = self._battery()
        return encode_state(
            DeviceState(
                online=True,
                docked=True,
                recording=pending.recording,
                battery_percent=None if battery is None else battery.percent,
                charging=None if battery is None else battery.charging,
                backlog_sessions=len(pending.sessions),
                oldest_sid=pending.sessions[0].sid if pending.sessions else None,
                pushed_bytes=pushed_bytes,
                firmware=self._firmware,
                utc=utc_text(self._board.clock.utc_ns()),
                utc_source=self._board.clock.quality().source,
            )
        )

    def will(self) -> bytes:
        """What holds once the connection is gone."""
        return encode_state(
            DeviceState(
                online=False,
                docked=False,
                firmware=self._firmware,
                utc=utc_text(self._board.clock.utc_ns()),
                utc_source=self._board.clock.quality().source,
            )
        )

    def _battery(self) -> BatteryReading | None:
        try:
            return self._board.battery.read()
        except HardwareFault as fault:
            _log.warning("the fuel gauge does not answer: %s", fault)
            return None
