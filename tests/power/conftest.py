"""A clerk whose commands are killed, and room for the images of cards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.kits.cards.cut_story import drop
from tests.kits.processes.killing import Clerk

SHARED_MEMORY: Final = Path("/dev/shm")


@pytest.fixture(scope="module")
def clerk() -> Iterator[Clerk]:
    """One process for all commands of a file."""
    with Clerk() as one:
        yield one


@pytest.fixture
def scratch() -> Iterator[Path]:
    """In memory where there is room for it: images are laid by the hundred."""
    folder = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
    made = Path(tempfile.mkdtemp(prefix="cuts-", dir=folder))
    yield made
    drop(made)
