"""A bureau's intake on a temporary folder, and one device of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kits.bureau.intake import IntakeRig, Pusher
from tests.kits.records.recorder import Recorder


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[IntakeRig]:
    rig = IntakeRig(tmp_path)
    yield rig
    rig.close()


@pytest.fixture
def pusher(rig: IntakeRig) -> Pusher:
    rig.enrol("REC-0001")
    return Pusher(rig, Recorder(rig.bureau))
