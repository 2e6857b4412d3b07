"""Tests that need the virtual machine of ``scripts/bench_pi/machine``; minutes each.

They run where ``scripts/bench_pi/machine/run`` starts them, and are passed over elsewhere: a
machine of its own does not belong into every run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from scripts.bench_pi.machine.day import Day
from scripts.bench_pi.machine.machine import missing

_ASKED = "RECORDER_MACHINE"
_REASON = missing() if os.environ.get(_ASKED) else "next: scripts/bench_pi/machine/run"
in_the_machine = pytest.mark.skipif(_REASON is not None, reason=str(_REASON))


@pytest.fixture(scope="session")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """An enrolled recorder that is ready for a press."""
    with Day(tmp_path_factory.mktemp("day")) as day:
        day.prepare()
        yield day
