"""Which recorders sit on the cradle, by their own word.

Owns that memory, from what the ledger last heard on. Refuses to be relied on: a recorder may be
lifted at any moment.
"""

from __future__ import annotations

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
        self._docked = {row.device for row in ledger.devices() if _is_docked(row.state)}

    def note(self, device: str, state: DeviceState) -> bool:
        """Take what a recorder says; whether it was put on the cradle just now."""
        if not (state.online and state.docked):
            self._docked.discard(device)
            return False
        anew = device not in self._docked
        self._docked.add(device)
        return anew

    def __contains__(self, device: object) -> bool:
        return device in self._docked

    def all(self) -> tuple[str, ...]:
        """In order of their ids."""
        return tuple(sorted(self._docked))


def _is_docked(state: str) -> bool:
    try:
        said = wire.decode_state(state.encode())
    except WireError:
        return False
    return said.online and said.docked
