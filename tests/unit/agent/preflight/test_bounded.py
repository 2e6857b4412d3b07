"""A part that may never answer is asked with a bound."""

from __future__ import annotations

import threading

import pytest

from agent.preflight.bounded import Bounded
from agent.preflight.results import Trouble
from hw.errors import BatteryFault
from hw.fake.clock import JumpingClock, SystemClock


def _fail() -> int:
    raise BatteryFault("battery", "the gauge is gone")


def _break() -> int:
    raise RuntimeError("no fault of a part")


def _refuse() -> int:
    raise OSError("the bus is gone")


@pytest.fixture
def bounded() -> Bounded:
    return Bounded(SystemClock())


def test_an_answer_is_handed_on(bounded: Bounded) -> None:
    assert bounded.ask("battery", lambda: 7, 5) == 7
    assert bounded.ask("battery", lambda: None, 5) is None


def test_a_fault_is_the_parts_trouble(bounded: Bounded) -> None:
    assert bounded.ask("battery", _fail, 5) == Trouble("failed", "the gauge is gone")
    assert bounded.ask("battery", _refuse, 5) == Trouble("failed", "the bus is gone")


def test_an_error_of_ours_is_not_hidden(bounded: Bounded) -> None:
    with pytest.raises(RuntimeError):
        bounded.ask("battery", _break, 5)


def test_a_part_that_hangs_is_asked_once_and_again_when_it_has_answered() -> None:
    answers, asked = threading.Event(), []
    bounded = Bounded(JumpingClock())

    def hang() -> int:
        asked.append(1)
        answers.wait()
        return 3

    first = bounded.ask("battery", hang, 2)
    again = bounded.ask("battery", hang, 2)
    answers.set()
    assert first == Trouble("hung", "the battery did not answer within 2 s")
    assert again == Trouble("hung", "the battery still has not answered")
    assert asked == [1]
