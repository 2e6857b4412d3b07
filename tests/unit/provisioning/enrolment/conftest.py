"""A bureau and its recorders, a stick between them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kits.bureau.two_ends import TwoEnds


@pytest.fixture
def ends(bureau: Path, tmp_path: Path, clock: Callable[[], int]) -> TwoEnds:
    return TwoEnds(bureau, tmp_path, clock)
