"""Ending a process at any write, sync, rename or link, as kill -9 does.

``Cutter`` counts the calls by which something becomes durable and raises ``KilledError``, which no
code catches, before the chosen one takes effect; of a write, the first half is done.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


class KilledError(BaseException):
    """The process is gone."""


class Cutter:
    """Counts, and cuts at ``at``; 0 never cuts."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.at = 0
        for name in ("fsync", "fdatasync", "link", "fchmod"):
            patch.setattr(os, name, self._before(getattr(os, name)))
        for name in ("rename", "replace", "unlink", "mkdir"):
            patch.setattr(Path, name, self._before(getattr(Path, name)))
        for name in ("write", "pwrite"):
            patch.setattr(os, name, self._half(getattr(os, name)))

    def arm(self, at: int) -> None:
        """Cut at the call numbered ``at`` from now."""
        self.count, self.at = 0, at

    def _is_now(self) -> bool:
        self.count += 1
        return self.count == self.at

    def _before(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def cut(*values: Any, **named: Any) -> Any:
            if self._is_now():
                raise KilledError
            return call(*values, **named)

        return cut

    def _half(self, call: Callable[..., int]) -> Callable[..., int]:
        def cut(fd: int, content: Any, *rest: int) -> int:
            if self._is_now():
                call(fd, memoryview(content)[: len(content) // 2], *rest)
                raise KilledError
            return call(fd, content, *rest)

        return cut
