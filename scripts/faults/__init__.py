"""The fault table: each part, each way to fail, each phase of a recording.

Owns what befalls each part as the session's loop sees it, and why a cell is empty or a fact is told
elsewhere: by part in ``senses``, ``body``, ``store`` and ``processes``. Refuses outcomes: those are
played (``fault_trial``), tested and written down (``fault_table``).
"""

from __future__ import annotations

from typing import Final

from scripts.faults import body, processes, senses, store
from scripts.faults.fault import PARTS, Fact, Fault, Kind

__all__ = ["FAULTS", "PARTS", "Fact", "Fault", "Kind"]

FAULTS: Final[tuple[Fault, ...]] = (
    *senses.senses(),
    *senses.speaker(),
    *body.buttons(),
    *body.lamp(),
    *body.power(),
    *store.medium(),
    *body.clock(),
    *store.key(),
    *body.dock(),
    *body.case(),
    *processes.processes(),
)
"""Every part × every kind."""
