"""Where a loss lies among blocks that came late, and where it may as well lie."""

from __future__ import annotations

import random

import pytest

from agent.capture.place import Arrival, Place, place_of

LONG_NS = 20_000_000
MS = 1_000_000


def blocks(*late_ms: float) -> list[Arrival]:
    return [(late * MS, LONG_NS) for late in late_ms]


def test_a_long_loss_lies_before_the_first_block_that_came_so_late() -> None:
    late = blocks(9, 5, 300, 302, 301, 300, 305)
    assert place_of(late, 2 * MS) == Place(2, 2, 2)


def test_the_smaller_a_loss_the_less_certain_is_its_place() -> None:
    late = [15.0, 12, 14, 12.5, *[12.0 + k % 3 for k in range(30)]]
    place = place_of(blocks(5, *late), 2.5 * MS)
    # exp(-14): three blocks that came 12 ms late by chance are one in two millions.
    assert (place.earliest, place.likeliest, place.latest) == (1, 1, 3)


def test_a_block_before_it_that_came_nearly_as_late_may_have_been_made_after_it() -> None:
    late = [29.5, *[30.0 + k % 3 for k in range(20)]]
    assert place_of(blocks(6, *late), 2.5 * MS).earliest == 1
    assert place_of(blocks(6, 25, *late[1:]), 2.5 * MS).earliest == 2


def test_what_came_in_a_burst_says_only_how_long_the_loss_is_at_most() -> None:
    burst = [float(late) for late in range(190, 69, -20)]
    late = blocks(3, *burst, *[60.0 + k % 4 for k in range(25)])
    place = place_of(late, 2.5 * MS)
    assert (place.earliest, place.likeliest) == (1, 1)
    assert place.latest == len(burst) + 1


def test_what_was_held_up_says_no_more_if_it_came_by_itself() -> None:
    late = blocks(282, 275, 255, 235, *[60.0 + k % 4 for k in range(25)])
    place = place_of(late, 2.5 * MS)
    assert (place.earliest, place.likeliest, place.latest) == (0, 0, 5)


@pytest.mark.parametrize("lost_ms", [10, 15, 30, 90])
@pytest.mark.parametrize("seed", range(50))
def test_the_true_place_is_never_outside(lost_ms: int, seed: int) -> None:
    dice = random.Random(seed)
    before = dice.randrange(1, 20)
    late = [4 + dice.expovariate(1 / 2.5) for _ in range(before)]
    late += [lost_ms + dice.expovariate(1 / 2.5) for _ in range(30)]
    place = place_of(blocks(*late), 2.5 * MS)
    assert place.earliest <= before <= place.latest
    assert place.earliest <= place.likeliest <= place.latest
