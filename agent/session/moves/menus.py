"""Choices that are read out one after the other, for three buttons without a screen.

Owns whose turn it is, how long a press is awaited, and which choice a press means. Refuses meaning:
what a choice becomes is for ``asking`` and ``ending``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from agent.session.states import Menu

READ_NS: Final = 15_000_000_000
"""A choice that has not been read by then, behind an announcement or a loudspeaker that fails, is
awaited all the same."""
AWAITED_NS: Final = 3_000_000_000
"""After a choice was read, before the next one is."""
LAST_NS: Final = 5_000_000_000
"""After the last one: as long as a press that confirms an end is awaited."""
MEANT_NS: Final = 1_000_000_000
"""A press so soon after the turn of a choice means the one before it: nobody has heard this one."""


def read_out(menu: Menu) -> Menu:
    """The present choice has been read: now the officer."""
    return replace(menu, spoken=True, since_ns=0)


def pass_time(menu: Menu, at_ns: int) -> Menu | None:
    """The menu at ``at_ns``: the next choice may have its turn; None once the last is over."""
    if menu.since_ns == 0:
        return replace(menu, since_ns=at_ns)
    last = menu.index + 1 == len(menu.options)
    patience_ns = (LAST_NS if last else AWAITED_NS) if menu.spoken else READ_NS
    if at_ns - menu.since_ns < patience_ns:
        return menu
    if not menu.spoken:
        return replace(menu, spoken=True, since_ns=at_ns)
    if last:
        return None
    return Menu(menu.options, menu.index + 1, moved_ns=at_ns, since_ns=at_ns)


def meant(menu: Menu, at_ns: int) -> str:
    """The choice that a press at ``at_ns`` takes."""
    early = menu.index > 0 and at_ns - menu.moved_ns < MEANT_NS
    return menu.options[menu.index - 1] if early else menu.option
