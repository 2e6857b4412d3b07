"""The power is cut while a vault writes to its card; the card is looked at as it was then.

One course of a vault on a card that remembers every write: a session with segments, a still and
marks, closed, receipted and released. Instants of it are laid as images, mounted and recovered.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CampaignSize
from tests.kits.cards.card import in_own_mounts, missing

pytestmark = [
    pytest.mark.rule("E8", "G1"),
    pytest.mark.skipif(missing() is not None, reason=str(missing())),
]


def test_a_card_keeps_what_was_acknowledged_whenever_the_power_goes(
    scratch: Path, campaign_size: CampaignSize, campaign_seed: int
) -> None:
    count = campaign_size(ci=10, full=100)
    told: dict[str, Any] = in_own_mounts(
        "tests.kits.cards.cut_vault", scratch, str(count), str(campaign_seed)
    )
    assert told["wrong"] == []
    assert told["held"] >= count, "cuts before anything was acknowledged show nothing"
    # The judge judges: a card without the last second of what it flushed lacks what was said, and
    # files that are gone need a receipt that permits it.
    assert told["lie"] != []
    assert any("without a stored receipt" in sentence for sentence in told["robbed"])
