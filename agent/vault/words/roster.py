"""Assignments (配发): whose recorder this is.

Owns which one is in force: the one with the highest number. Refuses every other, and to know what
an assignment permits: admission asks it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from agent.errors import RefusedError
from agent.settings import Paths
from agent.vault.mandate import Mandate, load_assignment
from agent.vault.words.word import Judged, Word
from evidence import assignment
from evidence.digests import sha256_hex
from evidence.errors import AssignmentError
from evidence.store import durable

STEP: Final = "assignment"


class Roster(Word):
    """The device's row of assignments.

    Args:
        paths: Where they lie.
        mandate: The pinned CA and the device's id.
    """

    def __init__(self, paths: Paths, mandate: Mandate) -> None:
        self._paths = paths
        self._mandate = mandate

    @property
    def step(self) -> str:
        """``assignment``."""
        return STEP

    @property
    def staged(self) -> Path:
        """Beside the one in force."""
        return self._paths.staged_assignment

    def judge(self, content: bytes) -> Judged:
        """Verify an assignment: the bureau's, this device's, and with a higher number."""
        try:
            return self._judged(content)
        except AssignmentError as error:
            raise RefusedError(error.detail, code=error.code) from error

    def install(self, content: bytes, judged: Judged) -> None:
        """One file, replaced whole."""
        del judged
        durable.replace_file(self._paths.assignment, content)

    def _judged(self, content: bytes) -> Judged:
        read = assignment.read(content, self._mandate.ca, device=self._mandate.device)
        held = content == self._held()
        if not held and read.number <= self._number():
            raise AssignmentError(
                f"number {read.number} is not above {self._number()}, which is in force",
                code="assignment_older",
            )
        return Judged(number=read.number, sha256=sha256_hex(content), held=held)

    def _held(self) -> bytes | None:
        try:
            return self._paths.assignment.read_bytes()
        except OSError:
            return None  # not there or unreadable: whatever comes is another one

    def _number(self) -> int:
        """The number in force; 0 where there is none, or only one that cannot be read."""
        try:
            one = load_assignment(self._paths, self._mandate)
        except RefusedError:
            return 0
        return 0 if one is None else one.number
