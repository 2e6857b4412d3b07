"""Which recorders sit on the cradle, by their own word.

Owns that memory, from what the ledger last heard on. Refuses to be relied on: a recorder may be
lifted at any moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bureau.ledger import Ledger
from evidence import wire
from evidence.errors import WireError
from evidence.wire import DeviceState


class Cradles:
    """The recorders that are docked.

    Args:
        ledger: Says what each last said of itself.
    """

    def __init__(self, ledger: Ledger) -> None:
        last = {row.device: _read(row.state) for row in ledger.devices()}
        self._docked = {device: said for device, said in last.items() if said is not None}

    def note(self, device: str, state: DeviceState) -> bool:
        """Take what a recorder says; whether it was put on the cradle just now."""
        if not (state.online and state.docked):
            self._docked.pop(device, None)
            return False
        anew = device not in self._docked
        self._docked[device] = state
        return anew

    def __contains__(self, device: object) -> bool:
        return device in self._docked

    def all(self) -> tuple[str, ...]:
        """In order of their ids."""
        return tuple(sorted(self._docked))

    def states(self) -> Mapping[str, DeviceState]:
        """What each of them said last."""
        return MappingProxyType(self._docked)


def _read(state: str) -> DeviceState | None:
    """What it said, where that was that it sits on a cradle."""
    try:
        said = wire.decode_state(state.encode())
    except WireError:
        return None
    return said if said.online and said.docked else None
