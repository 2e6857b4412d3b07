"""One bureau for all tests of a file, a fresh recorder for each."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from hw.fake.clock import SystemClock
from provisioning.authority.founding import init_bureau
from provisioning.authority.wishes import Founding
from tests.kits.bureau.two_ends import TwoEnds
from tests.kits.media.clip import write_clip

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def a_bureau(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bureau")
    wish = Founding(name="某县统计局", announce=write_clip(folder / "clips" / "zh-cn"))
    init_bureau(folder / "bureau", wish, clock=SystemClock().utc_ns)
    return folder / "bureau"


@pytest.fixture
def ends(a_bureau: Path, tmp_path: Path) -> TwoEnds:
    return TwoEnds(a_bureau, tmp_path, SystemClock().utc_ns)


@pytest.fixture
def name() -> str:
    """A device id that no other test takes."""
    return f"ZF-{next(_NUMBERS):03}"


@pytest.fixture
def tree() -> Callable[[Path], dict[str, bytes]]:
    """Every file of a folder with its bytes."""

    def read_tree(path: Path) -> dict[str, bytes]:
        return {
            str(item.relative_to(path)): item.read_bytes()
            for item in sorted(path.rglob("*"))
            if item.is_file()
        }

    return read_tree
