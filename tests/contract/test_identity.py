"""What every recorder says it is made of."""

from __future__ import annotations

import pytest

from hw.types import PartName
from tests.contract.bench import Hand
from tests.contract.bodies import Body


@pytest.mark.rule("A9")
def test_every_part_that_is_there_is_named_once_with_its_model(body: Body) -> None:
    parts = body.vault.identity.parts()
    names = [part.name for part in parts]
    assert PartName.BOARD in names
    assert names == [name for name in PartName if name in names]
    assert all(part.model for part in parts)


@pytest.mark.rule("A9")
def test_asking_twice_gives_the_same_parts(body: Body) -> None:
    assert body.vault.identity.parts() == body.vault.identity.parts()


@pytest.mark.rule("A9")
@pytest.mark.parametrize("name", list(PartName))
def test_a_part_that_was_swapped_is_another_part(body: Body, hand: Hand, name: PartName) -> None:
    before = {part.name: part for part in body.vault.identity.parts()}
    hand.swap_part(name)
    after = {part.name: part for part in body.vault.identity.parts()}
    hand.put_back_part(name)
    again = {part.name: part for part in body.vault.identity.parts()}
    assert {part for part in PartName if before[part] != after[part]} == {name}
    assert again == before
