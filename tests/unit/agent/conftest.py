"""A recorder by the book."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kits.bureau.enrolment import Enrolled, enrol


@pytest.fixture
def enrolled(tmp_path: Path) -> Enrolled:
    """Founded, seeded, asked, answered and assigned, as a clerk and an officer do it."""
    return enrol(tmp_path)
