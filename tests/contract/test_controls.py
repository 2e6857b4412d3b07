"""What every button, lamp and dock does."""

from __future__ import annotations

import pytest

from hw.fake.world import FakeWorld
from hw.types import ButtonName, Edge, LampPattern, LampReading
from tests.contract.bench import Hand
from tests.contract.bodies import Body, Collected


@pytest.mark.parametrize("name", list(ButtonName))
def test_a_press_is_two_edges_in_order_on_the_boards_clock(
    body: Body, hand: Hand, name: ButtonName
) -> None:
    edges: Collected[Edge] = Collected()
    body.recorder.buttons[name].on_edge(edges)
    before_ns = body.recorder.clock.monotonic_ns()
    hand.press(name)
    down, up = edges.wait_for(2)
    assert (down.button, down.pressed, up.pressed) == (name, True, False)
    assert before_ns <= down.at_ns < up.at_ns <= body.recorder.clock.monotonic_ns()


def test_a_button_feels_no_other_button(body: Body, hand: Hand) -> None:
    edges: Collected[Edge] = Collected()
    body.recorder.buttons[ButtonName.MARK].on_edge(edges)
    hand.press(ButtonName.PHOTO)
    hand.press(ButtonName.MARK)
    assert [edge.button for edge in edges.wait_for(2)] == [ButtonName.MARK] * 2


def test_the_level_can_be_read_at_any_time(body: Body, hand: Hand) -> None:
    button = body.recorder.buttons[ButtonName.RECORD]
    levels = [button.pressed()]
    hand.push(ButtonName.RECORD)
    levels.append(button.pressed())
    hand.let_go(ButtonName.RECORD)
    levels.append(button.pressed())
    assert levels == [False, True, False]


def test_the_lamp_shows_every_pattern(body: Body, hand: Hand) -> None:
    for pattern in LampPattern:
        body.recorder.lamp.show(pattern)
        assert hand.lamp() is pattern


@pytest.mark.rule("C10")
def test_no_pattern_of_the_lamp_is_dark() -> None:
    assert not {"off", "dark", "none"} & {pattern.value for pattern in LampPattern}


def test_the_lamp_is_read_back(body: Body) -> None:
    lamp = body.recorder.lamp
    lamp.show(LampPattern.CAPTURING)
    assert lamp.read_back() == LampReading(asked=LampPattern.CAPTURING, lit=LampPattern.CAPTURING)


def test_a_lamp_that_is_dark_or_stuck_is_read_back_so(body: Body, hand: Hand) -> None:
    lamp = body.recorder.lamp
    lamp.show(LampPattern.READY)
    hand.stick_lamp()
    lamp.show(LampPattern.CAPTURING)
    stuck = lamp.read_back()
    hand.break_lamp()
    dark = lamp.read_back()
    hand.mend_lamp()
    mended = lamp.read_back()
    assert [one.lit for one in (stuck, dark, mended)] == [
        LampPattern.READY,
        None,
        LampPattern.CAPTURING,
    ]
    assert {one.asked for one in (stuck, dark, mended)} == {LampPattern.CAPTURING}


@pytest.mark.parametrize("name", list(ButtonName))
def test_a_button_fails_jams_goes_numb_and_comes_back(
    body: Body, world: FakeWorld, name: ButtonName
) -> None:
    edges: Collected[Edge] = Collected()
    button = body.recorder.buttons[name]
    button.on_edge(edges)
    world.kill_button(name)
    world.push(name)
    dead = (button.pressed(), len(edges.items))
    world.let_go(name)
    world.jam_button(name)
    jammed = (button.pressed(), [edge.pressed for edge in edges.wait_for(1)])
    world.mend_button(name)
    released = [edge.pressed for edge in edges.wait_for(2)]
    world.numb_button(name)
    world.push(name)
    numb = (button.pressed(), len(edges.items))
    world.let_go(name)
    world.mend_button(name)
    world.press(name)
    assert (dead, jammed, released) == ((False, 0), (True, [True]), [True, False])
    assert (numb, len(edges.wait_for(4))) == ((True, 2), 4)


def test_a_contact_that_is_dead_or_jammed_says_so_whatever_is_true(
    body: Body, world: FakeWorld
) -> None:
    changes: Collected[bool] = Collected()
    body.dock.dock.on_change(changes)
    world.kill_contact()
    world.dock()
    dead = body.dock.dock.docked()
    world.jam_contact()
    world.undock()
    jammed = body.dock.dock.docked()
    world.mend_contact()
    assert (dead, jammed, body.dock.dock.docked()) == (False, True, False)
    assert changes.wait_for(2) == [True, False]


def test_the_dock_says_every_change_once(body: Body, hand: Hand) -> None:
    changes: Collected[bool] = Collected()
    body.dock.dock.on_change(changes)
    assert not body.dock.dock.docked()
    hand.dock()
    hand.dock()
    assert body.dock.dock.docked()
    hand.undock()
    assert changes.wait_for(2) == [True, False]
    assert not body.dock.dock.docked()


def test_the_case_says_every_change_once(body: Body, hand: Hand) -> None:
    changes: Collected[bool] = Collected()
    body.recorder.case.on_change(changes)
    assert not body.recorder.case.is_open()
    hand.open_case()
    hand.open_case()
    assert body.recorder.case.is_open()
    hand.close_case()
    assert changes.wait_for(2) == [True, False]
    assert not body.recorder.case.is_open()
