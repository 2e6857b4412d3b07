"""The power is cut at any instant of a recording, a push and a release, on both ends at once.

Real processes, broker and desk, real pictures. A course of sessions is played once; recorder and
bureau stand on media that remember every write and every flush. Each cut lays what the card may
hold then, whatever its cache did with what it had not flushed; the file systems are mended and
mounted, the card is held against all that had been acknowledged, and both ends start again until
everything is handed over. Beside it TinyDB with the same records on the same kind of card.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.kits.cards.card import in_own_mounts, missing

pytestmark = [
    pytest.mark.rule("E8", "G1", "H9"),
    pytest.mark.campaign,
    pytest.mark.skipif(missing() is not None, reason=str(missing())),
]
ROUNDS, SECONDS = 6, 6
EACH_PHASE, AFTER_WORDS = 70, 40


@pytest.mark.timeout(0)
def test_250_cuts_lose_nothing_acknowledged_and_leave_no_store_unreadable(
    scratch: Path, campaign_seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = [str(one) for one in (ROUNDS, SECONDS, EACH_PHASE, AFTER_WORDS, campaign_seed)]
    with capsys.disabled():
        told: dict[str, Any] = in_own_mounts("tests.kits.cards.cut_campaign", scratch, *numbers)
        print("", *told["summary"], sep="\n")  # noqa: T201 - the campaign's figures
    assert all(told["cuts"][phase] >= EACH_PHASE for phase in ("recording", "push", "release"))
    assert told["failures"] == []
    assert told["tiny"]["default"]["records"] > 0
