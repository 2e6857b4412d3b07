"""What every button, lamp and dock does."""

from __future__ import annotations

import pytest

from hw.fake.world import FakeWorld
from hw.types import ButtonName, Edge, LampPattern
from tests.contract.bodies import Body, Collected


@pytest.mark.parametrize("name", list(ButtonName))
def test_a_press_is_two_edges_in_order_on_the_boards_clock(
    body: Body, hand: FakeWorld, name: ButtonName
) -> None:
    edges: Collected[Edge] = Collected()
    body.recorder.buttons[name].on_edge(edges)
    before_ns = body.recorder.clock.monotonic_ns()
    hand.press(name)
    down, up = edges.wait_for(2)
    assert (down.button, down.pressed, up.pressed) == (name, True, False)
    assert before_ns <= down.at_ns < up.at_ns <= body.recorder.clock.monotonic_ns()


def test_a_button_feels_no_other_button(body: Body, hand: FakeWorld) -> None:
    edges: Collected[Edge] = Collected()
    body.recorder.buttons[ButtonName.MARK].on_edge(edges)
    hand.press(ButtonName.PHOTO)
    hand.press(ButtonName.MARK)
    assert [edge.button for edge in edges.wait_for(2)] == [ButtonName.MARK] * 2


def test_the_level_can_be_read_at_any_time(body: Body, hand: FakeWorld) -> None:
    button = body.recorder.buttons[ButtonName.RECORD]
    levels = [button.pressed()]
    hand.push(ButtonName.RECORD)
    levels.append(button.pressed())
    hand.let_go(ButtonName.RECORD)
    levels.append(button.pressed())
    assert levels == [False, True, False]


def test_the_lamp_shows_every_pattern(body: Body, hand: FakeWorld) -> None:
    for pattern in LampPattern:
        body.recorder.lamp.show(pattern)
        assert hand.lamp() is pattern


@pytest.mark.rule("C10")
def test_no_pattern_of_the_lamp_is_dark() -> None:
    assert not {"off", "dark", "none"} & {pattern.value for pattern in LampPattern}


def test_the_dock_says_every_change_once(body: Body, hand: FakeWorld) -> None:
    changes: Collected[bool] = Collected()
    body.dock.dock.on_change(changes)
    assert not body.dock.dock.docked()
    hand.dock()
    hand.dock()
    assert body.dock.dock.docked()
    hand.undock()
    assert changes.wait_for(2) == [True, False]
    assert not body.dock.dock.docked()
