"""A clerk whose commands are killed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kits.processes.killing import Clerk


@pytest.fixture(scope="module")
def clerk() -> Iterator[Clerk]:
    """One process for all commands of a file."""
    with Clerk() as one:
        yield one
