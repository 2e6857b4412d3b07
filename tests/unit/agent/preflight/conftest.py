"""A recorder on the bench, warmed up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kits.device.preflight import Bench


@pytest.fixture
def bench() -> Iterator[Bench]:
    """Nothing may have gone wrong beside what a test asks."""
    bench = Bench()
    bench.warm_up()
    yield bench
    bench.close()
    assert bench.errors == []
