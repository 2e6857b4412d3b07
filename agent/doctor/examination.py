"""All protections of one recorder, looked at in order.

Owns the order and what the whole amounts to. Refuses to mend.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agent.doctor import card, machine
from agent.doctor.finding import Finding, State
from agent.settings import Device


def examine(device: Device, root: Path = Path("/")) -> tuple[Finding, ...]:
    """Look at every protection.

    Args:
        device: Settings and folder.
        root: Where ``proc``, ``sys``, ``dev`` and ``etc`` are.
    """
    return tuple(_findings(device, root))


def is_sound(findings: tuple[Finding, ...]) -> bool:
    """Whether nothing is broken; what is absent is for people to weigh."""
    return all(one.state is not State.BROKEN for one in findings)


def _findings(device: Device, root: Path) -> Iterator[Finding]:
    for look in card.CHECKS:
        yield look(device)
    for look_at in machine.CHECKS:
        yield look_at(root)
