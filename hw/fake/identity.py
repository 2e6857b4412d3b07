"""What the fake recorder is made of: serial numbers, until somebody swaps a part.

Owns the names of the fake parts. Refuses to notice a swap: that is the agent's.
"""

from __future__ import annotations

from hw.fake.link import WorldLink
from hw.fake.state import WorldState
from hw.ports import Identity
from hw.types import Part, PartName


class FakeIdentity(Identity):
    """One part of each kind."""

    def __init__(self, link: WorldLink) -> None:
        self._link = link

    def parts(self) -> tuple[Part, ...]:
        """The parts, those that were swapped with another serial number."""
        state = self._link.state()
        return tuple(_part(name, state) for name in PartName)


def _part(name: PartName, state: WorldState) -> Part:
    number = "0002" if name in state.swapped else "0001"
    return Part(name=name, model=f"fake {name.value}", serial=f"{name.value}-{number}")
