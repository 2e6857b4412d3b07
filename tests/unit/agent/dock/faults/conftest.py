"""The dock whose push something befalls."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kits.device.dock import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """Two minutes of jumping time at the most."""
    return Rig(tmp_path, seconds=120)
