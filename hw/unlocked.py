"""The explicit driver for a medium that cannot lock files.

Owns nothing but the truth about it: ``protection`` says ``absent``, and the agent writes that
into the record. Refuses to pretend.
"""

from __future__ import annotations

from pathlib import Path

from hw.ports import Locker


class UnlockedFiles(Locker):
    """Files on this medium are protected by their signatures alone."""

    def lock_append(self, fd: int) -> None:
        """Nothing locks here; ``protection`` says so."""

    def lock_immutable(self, fd: int) -> None:
        """Nothing locks here; ``protection`` says so."""

    def release(self, fd: int, receipt: Path) -> None:
        """Nothing was locked."""

    def protection(self) -> str:
        """``absent``."""
        return "absent"
