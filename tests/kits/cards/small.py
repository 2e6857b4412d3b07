"""Small media of a test's own, to be filled or attacked: mounted while they are used, no longer."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

LARGEST: Final = 1024**3
CARD_NEEDS: Final = ("mkfs.ext4", "tune2fs", "mount", "setpriv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """How a small medium is made.

    Attributes:
        mebibytes: How large.
        files: How many it can name; None for as many as usual.
        reserved: Blocks of 1 KiB that one user alone may use (``tune2fs -r -u``).
        reserved_for: That user; besides root, as always.
    """

    mebibytes: int
    files: int | None = None
    reserved: int = 0
    reserved_for: int = 0


def require_root_and(*programs: str) -> None:
    """Skip where a medium cannot be made."""
    missing = [name for name in programs if shutil.which(name) is None]
    if os.geteuid() != 0 or missing:
        pytest.skip(f"needs root and {', '.join(programs)}; missing: {missing or 'root'}")


@contextmanager
def mounted(place: Path, *words: str | Path, lazy: bool = False) -> Iterator[Path]:
    """``mount`` with these words at ``place``; skips where this machine mounts nothing.

    ``lazy``: let go at once, whoever still looks at it.
    """
    done = subprocess.run(["mount", *words, place], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    try:
        assert_small_mount(place)
        yield place
    finally:
        subprocess.run(["umount", *(["--lazy"] if lazy else []), place], check=True)


@contextmanager
def memory_disk(place: Path, size: int) -> Iterator[Path]:
    """So many bytes of memory as a file system at ``place``, which is made."""
    require_root_and("mount")
    place.mkdir()
    with mounted(place, "-t", "tmpfs", "-o", f"size={size}", "tmpfs", lazy=True):
        yield place


@contextmanager
def card(image: Path, place: Path, made: Made) -> Iterator[None]:
    """An ext4 of its own in the file ``image``, which is made, mounted at ``place``."""
    require_root_and(*CARD_NEEDS)
    with image.open("wb") as file:
        file.truncate(made.mebibytes * 1024 * 1024)
    files = [] if made.files is None else ["-N", str(made.files)]
    subprocess.run(["mkfs.ext4", "-q", "-b", "1024", *files, str(image)], check=True)
    # Before it is mounted: a kernel that has it mounted goes on with the old user.
    reserve = ["tune2fs", "-r", str(made.reserved), "-u", str(made.reserved_for), str(image)]
    subprocess.run(reserve, check=True, stdout=subprocess.DEVNULL)
    with mounted(place, "-o", "loop", image):
        yield


def assert_small_mount(place: Path) -> None:
    """Nothing but a small medium of its own is ever filled."""
    facts = os.statvfs(place)
    assert os.path.ismount(place), f"{place} is no mount"
    assert facts.f_blocks * facts.f_frsize < LARGEST, f"{place} is too large to be the test's"
