"""A full medium stops a clerk's command; with room made, the same command completes it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.authority.founding import Founding, init_bureau
from provisioning.bureau_folder import open_bureau
from provisioning.custody.moves import Move
from provisioning.custody.moves.assigning import Assign
from provisioning.custody.moves.ending import Lose
from provisioning.custody.oversight.audit import audit
from provisioning.custody.register import change
from provisioning.errors import DiskError
from tests.kits.bureau.custody import approval, settle
from tests.kits.bureau.enrolment import take_in
from tests.kits.cards.small import assert_small_mount, memory_disk
from tests.kits.media.clip import write_clip

MEDIUM_BYTES = 8 * 1024 * 1024
PAGE = 4_096
NOW_NS = 1_790_000_000_000_000_000

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounts a disk")


def clock() -> int:
    return NOW_NS


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A medium of its own, so that filling it fills nothing else."""
    with memory_disk(tmp_path / "m", MEDIUM_BYTES) as disk:
        yield disk


@pytest.fixture
def bureau(small_disk: Path, tmp_path: Path) -> Path:
    path = small_disk / "bureau"
    clip = write_clip(tmp_path / "clips" / "zh-CN")
    init_bureau(path, Founding(name="某县统计局", announce=clip), clock=clock)
    take_in(path, tmp_path / "ZF-001", "ZF-001", clock=clock)
    settle(path, clock, approval())
    return path


def fill(disk: Path, *, but: int) -> Path:
    """Fill the disk but for so many bytes."""
    assert_small_mount(disk)
    status = os.statvfs(disk)
    filler = disk / "filler"
    filler.write_bytes(b"x" * max(0, status.f_bavail * status.f_frsize - but))
    return filler


@pytest.mark.parametrize(
    "move",
    [
        Assign(device="ZF-001", custodian="O-1", keeper="K-1", leader="L-1"),
        Lose(device="ZF-001", note="入户途中遗失"),
    ],
    ids=["assign", "lost"],
)
@pytest.mark.rule("A1", "A10")
def test_a_full_disk_stops_a_command_and_the_next_run_completes_it(
    small_disk: Path, bureau: Path, move: Move
) -> None:
    filler = fill(small_disk, but=0)
    with pytest.raises(DiskError, match="run it again") as stopped:
        change(bureau, [move], clock=clock)
    assert "磁盘已满" in stopped.value.diagnosis()
    filler.unlink()
    # With a little room more each time it comes a little further.
    for pages in range(1, 6):
        filler = fill(small_disk, but=pages * PAGE)
        with contextlib.suppress(DiskError):
            change(bureau, [move], clock=clock)
        filler.unlink()
    change(bureau, [move], clock=clock)
    assert change(bureau, [move], clock=clock).changed == 0
    assert audit(open_bureau(bureau), at_ns=NOW_NS).discrepancies == ()
