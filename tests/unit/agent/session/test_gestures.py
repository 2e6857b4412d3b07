"""Gestures: what an officer's finger means."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.session.events import (
    Event,
    MarkHeld,
    MarkTapped,
    PhotoHeld,
    PhotoPressed,
    RecordHeld,
    RecordHolding,
    RecordPressed,
    RecordTapped,
)
from agent.session.gestures import BOUNCE_NS, RECORD_HOLD_NS, Press, feel, pass_time
from hw.types import ButtonName, Edge

MS = 1_000_000


def _play(
    button: ButtonName, steps: Sequence[tuple[int, bool | None]]
) -> tuple[Press, list[Event]]:
    """Feel edges (or, with None, let time pass) at milliseconds."""
    press = Press(button)
    felt: list[Event] = []
    for at_ms, level in steps:
        if level is None:
            press, gestures = pass_time(press, at_ms * MS)
        else:
            press, gestures = feel(press, Edge(button=button, pressed=level, at_ns=at_ms * MS))
        felt.extend(gestures)
    return press, felt


def test_a_press_counts_at_its_first_edge() -> None:
    _, felt = _play(ButtonName.RECORD, [(100, True)])
    assert felt == [RecordPressed(100 * MS)]


def test_bounces_within_20_ms_are_one_press() -> None:
    steps = [(100, True), (101, False), (102, True), (105, False), (106, True), (300, False)]
    _, felt = _play(ButtonName.RECORD, steps)
    assert felt == [RecordPressed(100 * MS), RecordTapped(100 * MS, 300 * MS)]


def test_a_lost_release_heals_at_the_next_reading_of_the_level() -> None:
    press, felt = _play(ButtonName.RECORD, [(100, True), (110, False), (200, False)])
    assert not press.down
    assert felt == [RecordPressed(100 * MS), RecordTapped(100 * MS, 200 * MS)]


def test_three_seconds_are_a_hold_and_its_release_is_nothing() -> None:
    steps = [(0, True), (999, None), (3_000, None), (3_100, None), (3_500, False)]
    _, felt = _play(ButtonName.RECORD, steps)
    assert felt == [RecordPressed(0), RecordHeld(0, RECORD_HOLD_NS)]


def test_a_hold_tells_each_second_on_its_way_once() -> None:
    looks = [(100 * n, None) for n in range(1, 32)]
    _, felt = _play(ButtonName.RECORD, [(0, True), *looks])
    assert felt == [
        RecordPressed(0),
        RecordHolding(0, 1, 1_000 * MS),
        RecordHolding(0, 2, 2_000 * MS),
        RecordHeld(0, RECORD_HOLD_NS),
    ]


def test_the_next_press_begins_its_seconds_anew() -> None:
    steps = [(0, True), (1_100, None), (1_200, False), (2_000, True), (2_900, None), (3_100, None)]
    _, felt = _play(ButtonName.RECORD, steps)
    holding = [event for event in felt if isinstance(event, RecordHolding)]
    assert [event.pressed_ns // MS for event in holding] == [0, 2_000]


def test_a_hold_between_two_looks_at_the_clock_is_still_a_hold() -> None:
    _, felt = _play(ButtonName.RECORD, [(0, True), (950, None), (3_050, False)])
    assert felt == [RecordPressed(0), RecordHeld(0, 3_050 * MS)]


def test_mark_tells_a_tap_from_a_hold() -> None:
    _, tapped = _play(ButtonName.MARK, [(0, True), (120, False)])
    _, held = _play(ButtonName.MARK, [(0, True), (1_600, None), (1_700, False)])
    assert tapped == [MarkTapped(120 * MS)]
    assert held == [MarkHeld(1_600 * MS)]


def test_photo_counts_on_the_press() -> None:
    _, felt = _play(ButtonName.PHOTO, [(0, True), (1_000, None), (1_400, False)])
    assert felt == [PhotoPressed(0)]


@pytest.mark.rule("L1")
def test_a_hold_of_photo_is_a_still_and_then_a_class_of_secrecy_once() -> None:
    _, felt = _play(ButtonName.PHOTO, [(0, True), (1_500, None), (5_000, None), (6_000, False)])
    assert felt == [PhotoPressed(0), PhotoHeld(1_500 * 10**6)]


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=60))
def test_presses_and_ends_alternate_whatever_the_contact_does(
    edges: list[tuple[int, bool]],
) -> None:
    at_ms, steps = 0, []
    for pause, level in edges:
        at_ms += pause
        steps.append((at_ms, level))
    _, felt = _play(ButtonName.RECORD, [*steps, (at_ms + 100, False)])
    kinds = [type(event) for event in felt]
    assert kinds == [RecordPressed, RecordTapped] * (len(kinds) // 2)
    presses = [event.at_ns for event in felt if isinstance(event, RecordPressed)]
    assert all(b - a >= BOUNCE_NS for a, b in pairwise(presses))
