"""One bureau for all tests of a file, a fresh recorder for each."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from hw.fake.clock import SystemClock
from tests.kits.bureau.enrolment import founded
from tests.kits.bureau.two_ends import TwoEnds
from tests.kits.records import folders

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def a_bureau(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return founded(tmp_path_factory.mktemp("bureau"))


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
    return folders.tree
