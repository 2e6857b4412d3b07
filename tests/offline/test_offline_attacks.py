"""Eighteen attacks with the card in hand: its own chain names seventeen, the bureau the last."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.conftest import CampaignSize
from tests.kits.device.offline import Thief
from tests.offline.attacks import EIGHTEEN

pytestmark = pytest.mark.rule("E8", "G1")


def test_the_card_as_it_was_taken_is_whole(thief: Thief) -> None:
    assert thief.found() == set()
    assert thief.docked() == set()


def test_seventeen_are_named_by_the_chain_and_one_is_left_to_the_bureau() -> None:
    assert len(EIGHTEEN) == 18
    assert [name for name, one in EIGHTEEN.items() if not one.chain] == ["roll_back"]


@pytest.mark.parametrize("name", EIGHTEEN)
def test_each_is_named_as_declared(
    taken: Thief, tmp_path: Path, name: str, campaign_size: CampaignSize, campaign_seed: int
) -> None:
    one, dice = EIGHTEEN[name], random.Random(campaign_seed)
    for turn in range(campaign_size(ci=1, full=20)):
        thief = taken.copy(tmp_path / str(turn))
        one.attack(thief, dice)
        found = thief.found()
        if one.chain:
            assert found & one.chain, found
        else:
            assert found == set()
            assert thief.docked() & one.memory
