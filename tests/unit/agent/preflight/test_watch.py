"""The look at parts that may lie while something is recorded."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agent.preflight.results import code_of
from hw.fake.world import FakeWorld
from tests.kits.device.preflight import Bench


def _codes(bench: Bench) -> dict[str, str]:
    return {check.name: code_of(check) for check in bench.preflight.watch()}


def test_a_well_recorder_is_well_and_says_nothing_while_it_is_looked_at(bench: Bench) -> None:
    assert _codes(bench) == {"camera": "ok", "microphone": "ok", "lamp": "ok", "clock": "ok"}
    assert bench.world.heard() == ()


@pytest.mark.parametrize(
    ("part", "lie", "code"),
    [
        ("camera", FakeWorld.freeze_camera, "frozen"),
        ("camera", FakeWorld.cover_camera, "black"),
        ("microphone", FakeWorld.deafen_microphone, "dead"),
        ("lamp", FakeWorld.break_lamp, "dark"),
        ("clock", FakeWorld.lose_rtc, "unsure"),
    ],
)
def test_a_part_that_lies_is_caught(
    bench: Bench, part: str, lie: Callable[[FakeWorld], None], code: str
) -> None:
    lie(bench.world)
    bench.listen(2)
    assert _codes(bench)[part] == code


def test_a_clock_that_steps_between_two_looks_is_caught_once(bench: Bench) -> None:
    _codes(bench)
    bench.world.skew_clock(-3_600)
    assert _codes(bench)["clock"] == "stepped"
    assert _codes(bench)["clock"] == "ok"


def test_a_clock_set_before_the_recording_has_not_stepped_in_it(bench: Bench) -> None:
    _codes(bench)
    bench.world.skew_clock(-3_600)
    bench.listen(60)
    assert _codes(bench)["clock"] == "ok"
