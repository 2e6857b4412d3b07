"""Replacing a root."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provisioning.authority.root import passphrases
from provisioning.authority.root.rotation import Rotation, rotate_root
from provisioning.plan import Report
from tests.kits.bureau.roots import NEW, Rotate


@pytest.fixture
def rotate(words: tuple[str, ...], clock: Callable[[], int]) -> Rotate:
    """Rotate: ``rotate(bureau, roles={...}, offline={...}, media=[...])``."""

    def run(bureau: Path, *, dry_run: bool = False, **fields: Any) -> Report:
        wish: dict[str, Any] = {
            "passphrases": passphrases.given(words),
            "new_passphrases": passphrases.given(NEW),
            **fields,
        }
        return rotate_root(bureau, Rotation(**wish), clock=clock, dry_run=dry_run)

    return run
