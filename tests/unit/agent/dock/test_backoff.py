"""How long the dock waits after a failure."""

from __future__ import annotations

import pytest

from agent.dock.backoff import Backoff


def test_a_failure_at_home_keeps_the_pauses_short() -> None:
    pauses = Backoff(first_seconds=0.2, most_seconds=60.0, fraction=lambda: 1.0)
    longest = 0.0
    for _ in range(20):
        longest = max(longest, pauses.next_seconds())
        pauses.ease()
    assert longest == pytest.approx(1.6)
