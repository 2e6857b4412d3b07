"""The ear's short memory: exact over borders, honest about gaps, bounded, and shy at rest."""

from __future__ import annotations

import numpy as np

from agent.capture.media import SECOND_NS
from agent.disclosure.ring import HELD_NS, IDLE_NS, MOST_BLOCKS, Ring
from evidence import hearing

START_NS = 100 * SECOND_NS
BLOCK = 960
BLOCK_NS = BLOCK * SECOND_NS // 48_000


def wave(seconds: float) -> bytes:
    at = np.arange(round(seconds * 48_000)) / 48_000
    return (8_000 * np.sin(2 * np.pi * 440 * at * (1 + at / 10))).astype("<i2").tobytes()


def pour(ring: Ring, sound: bytes, *, skip: range = range(0)) -> None:
    """Hand ``sound`` over in blocks of 20 ms that begin at ``START_NS``, but those in ``skip``."""
    for index in range(len(sound) // (2 * BLOCK)):
        if index not in skip:
            block = sound[2 * BLOCK * index : 2 * BLOCK * (index + 1)]
            ring.hold(block, START_NS + index * BLOCK_NS)


def test_blocks_sound_as_if_they_had_never_been_cut() -> None:
    sound, ring = wave(1), Ring()
    pour(ring, sound)
    cut = ring.cut(START_NS, START_NS + SECOND_NS)
    whole = hearing.to_16k(np.frombuffer(sound, "<i2").astype(np.int16), 48_000)
    assert cut.lost == ()
    assert np.array_equal(cut.samples, whole)


def test_times_that_creep_are_no_gap() -> None:
    ring = Ring()
    for index in range(50):
        ring.hold(wave(0.02), START_NS + index * (BLOCK_NS + 6_000))
    assert ring.cut(START_NS, START_NS + SECOND_NS).lost == ()


def test_what_was_not_captured_is_lost() -> None:
    ring = Ring()
    pour(ring, wave(2), skip=range(50, 55))
    cut = ring.cut(START_NS, START_NS + 2 * SECOND_NS)
    assert cut.lost == ((16_000, 17_600),)
    assert cut.captured == 32_000 - 1_600
    assert not cut.samples[16_000:17_600].any()


def test_what_has_not_come_yet_is_lost_too() -> None:
    ring = Ring()
    pour(ring, wave(1))
    cut = ring.cut(START_NS - SECOND_NS, START_NS + 2 * SECOND_NS)
    assert cut.lost == ((0, 16_000), (32_000, 48_000))
    assert Ring().cut(START_NS, START_NS + SECOND_NS).captured == 0


def test_at_rest_only_the_last_seconds_are_kept() -> None:
    ring = Ring()
    pour(ring, wave(20))
    now_ns = START_NS + 20 * SECOND_NS
    assert ring.newest_ns == now_ns
    kept = ring.cut(START_NS, now_ns).captured * SECOND_NS // 16_000
    assert IDLE_NS <= kept <= IDLE_NS + 2 * BLOCK_NS


def test_attended_time_is_kept_and_forgotten_afterwards() -> None:
    ring = Ring()
    ring.attend(START_NS + 15 * SECOND_NS)
    sound = wave(20)
    pour(ring, sound[: 2 * 48_000 * 14])
    assert ring.cut(START_NS, START_NS + 14 * SECOND_NS).lost == ()
    pour(ring, sound, skip=range(700))
    assert ring.cut(START_NS, START_NS + 14 * SECOND_NS).captured == 0


def test_memory_is_bounded_whoever_attends() -> None:
    ring = Ring()
    ring.attend(START_NS + 10 * HELD_NS)
    for index in range(MOST_BLOCKS + 1_000):
        ring.hold(b"\0\0", START_NS + index)
    held = ring.cut(START_NS, START_NS + SECOND_NS)
    assert held.captured <= MOST_BLOCKS
    one_second = bytes(96_000)
    for index in range(200):
        ring.hold(one_second, START_NS + index * SECOND_NS)
    kept = ring.cut(START_NS, START_NS + 200 * SECOND_NS).captured
    assert kept * SECOND_NS // 16_000 <= HELD_NS + 2 * SECOND_NS
