"""A bureau with a short sound as its announcement, and a clock that a test moves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning.authority.founding import Founding, init_bureau
from provisioning.plan import Report
from tests.kits.bureau.enrolment import take_in
from tests.kits.media.clip import write_clip
from tests.kits.records import folders


class HandClock:
    """UTC in nanoseconds; a second passes at every look."""

    def __init__(self) -> None:
        self.now_ns = 1_800_000_000_000_000_000

    def __call__(self) -> int:
        self.now_ns += 1_000_000_000
        return self.now_ns


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(scope="session")
def announcements(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("announce") / "zh-CN")


@pytest.fixture
def found(announcements: Path, clock: HandClock) -> Callable[..., Report]:
    """Found a bureau: ``found(path, name=…)``."""

    def found_bureau(path: Path, *, dry_run: bool = False, **wish: object) -> Report:
        values: dict[str, object] = {"name": "某县统计局", "announce": announcements, **wish}
        return init_bureau(path, Founding(**values), clock=clock, dry_run=dry_run)  # type: ignore[arg-type]

    return found_bureau


@pytest.fixture
def bureau(tmp_path: Path, found: Callable[..., Report]) -> Path:
    path = tmp_path / "bureau"
    found(path)
    return path


@pytest.fixture
def enrol(bureau: Path, clock: HandClock) -> Callable[..., None]:
    """Take a device in: ``enrol(path, "ZF-001", width=640)``."""

    def enrol_one(path: Path, name: str, **options: object) -> None:
        take_in(bureau, path, name, clock=clock, **options)

    return enrol_one


@pytest.fixture
def device(tmp_path: Path, enrol: Callable[..., None]) -> Path:
    path = tmp_path / "device"
    enrol(path, "ZF-001")
    return path


@pytest.fixture
def tree() -> Callable[[Path], dict[str, bytes]]:
    """Every file of a folder with its bytes."""
    return folders.tree
