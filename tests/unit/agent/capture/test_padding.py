"""Padding: the seal's chunks are crossed once a second, and no more is added than that takes."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from agent.capture.media import SECOND_NS
from agent.capture.padding import LONGEST_HOLD_NS, SEAL_CHUNK, Padding

STEP_NS = 40_000_000


def crossings(sizes: list[int], step_ns: int = STEP_NS) -> tuple[list[int], int]:
    """When a chunk's border was crossed, and the bytes padded, for fragments of ``sizes``."""
    padding, offset, padded = Padding(0, step_ns), 1_200, 0
    times = [0]
    for index, size in enumerate(sizes):
        before, offset, now_ns = (offset - 1) // SEAL_CHUNK, offset + size, (index + 1) * step_ns
        more = padding.wanted(offset, now_ns)
        assert more == 0 or more >= 8
        offset, padded = offset + more, padded + more
        if (offset - 1) // SEAL_CHUNK > before:
            times.append(now_ns)
    return times, padded


@given(st.lists(st.integers(100, 9_000), min_size=60, max_size=300))
def test_a_border_is_crossed_every_seven_tenths_of_a_second_whatever_the_picture(
    sizes: list[int],
) -> None:
    times, _ = crossings(sizes)
    times.append(len(sizes) * STEP_NS)
    steps = [later - earlier for earlier, later in pairwise(times)]
    assert max(steps) <= LONGEST_HOLD_NS == 7 * SECOND_NS // 10


def test_two_megabits_a_second_are_never_padded() -> None:
    assert crossings([10_000] * 500)[1] == 0


def test_a_black_scene_is_padded_to_three_chunks_in_two_seconds_at_most() -> None:
    size, seconds = 500, 100
    _, padded = crossings([size] * 25 * seconds)
    assert padded / seconds <= 1.5 * SEAL_CHUNK - 25 * size


def test_letting_go_at_once_ends_one_byte_past_a_border() -> None:
    padding = Padding(0, STEP_NS)
    offset = 5_000
    assert (offset + padding.wanted(offset, STEP_NS, at_once=True)) % SEAL_CHUNK == 1


def test_padding_is_at_least_a_whole_box() -> None:
    padding = Padding(0, STEP_NS)
    assert padding.wanted(SEAL_CHUNK, SECOND_NS) == 8
