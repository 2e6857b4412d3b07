"""Starting what a field test stands on, where nobody has.

Owns the vault, the dock and what their board needs, for as long as a test lasts. Refuses to start
the recorder's own process: the test is its body's only user.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Final

from agent.errors import FieldTestError
from agent.field_test.vault import FieldVault
from agent.settings import Device
from agent.supervisor import Child, own_programs, start_companions
from evidence.store import durable

NEEDED: Final = frozenset({"vault", "dock"})
_LOOKS: Final = 200
_LOOK_SECONDS: Final = 0.1


@contextmanager
def standing(device: Device) -> Iterator[None]:
    """Vault and dock run for as long as this lasts.

    Raises:
        FieldTestError: The vault does not answer.
    """
    durable.make_folder(device.paths.run)
    children: list[Child] = []
    try:
        children += start_companions(device)
        children += [
            Child(program)
            for program in own_programs(device.paths.folder)
            if program.name in NEEDED
        ]
        _wait_for(FieldVault(device.paths.vault_socket))
        yield
    finally:
        for child in reversed(children):
            child.end()


def _wait_for(vault: FieldVault) -> None:
    for _ in range(_LOOKS - 1):
        try:
            vault.facts()
        except FieldTestError:
            Event().wait(_LOOK_SECONDS)
        else:
            return
    vault.facts()
