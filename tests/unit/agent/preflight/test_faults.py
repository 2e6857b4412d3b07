"""Each fault of the body gives exactly its own finding, and what comes back is well again (B1)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agent.preflight.results import code_of
from hw.fake.world import FakeWorld
from hw.types import ButtonName, LampPattern
from tests.kits.device.preflight import Bench

Verb = Callable[[FakeWorld], None]

ALL_WELL = {
    "battery": ("ok", "ok"),
    "camera": ("ok", "ok"),
    "view": ("ok", "ok"),
    "microphone": ("ok", "ok"),
    "speaker": ("ok", "ok"),
    "lamp": ("ok", "ok"),
    "buttons": ("ok", "ok"),
    "case": ("ok", "ok"),
}


def _found(bench: Bench) -> dict[str, tuple[str, str]]:
    return {check.name: (check.state, code_of(check)) for check in bench.preflight.run("asked")}


def _stick_and_change(bench: Bench) -> None:
    bench.world.stick_lamp()
    bench.board.lamp.show(LampPattern.CAPTURING)


@pytest.mark.rule("B1")
def test_a_sound_recorder_has_nothing_to_report(bench: Bench) -> None:
    assert _found(bench) == ALL_WELL
    assert _found(bench) == ALL_WELL


@pytest.mark.rule("B1")
@pytest.mark.parametrize(
    ("harm", "mend", "found"),
    [
        # fails
        (FakeWorld.break_camera, FakeWorld.mend_camera, {"camera": "failed"}),
        (FakeWorld.break_gauge, FakeWorld.mend_gauge, {"battery": "failed"}),
        (FakeWorld.break_speaker, FakeWorld.mend_speaker, {"speaker": "untested"}),
        (FakeWorld.break_lamp, FakeWorld.mend_lamp, {"lamp": "dark"}),
        # hangs
        (FakeWorld.stall_camera, FakeWorld.mend_camera, {"camera": "hung"}),
        (FakeWorld.hang_gauge, FakeWorld.mend_gauge, {"battery": "hung"}),
        (
            FakeWorld.hang_microphone,
            FakeWorld.mend_microphone,
            {"microphone": "silent", "speaker": "unknown"},
        ),
        (FakeWorld.hang_speaker, FakeWorld.mend_speaker, {"speaker": "untested"}),
        # lies
        (FakeWorld.freeze_camera, FakeWorld.mend_camera, {"camera": "frozen"}),
        (FakeWorld.cover_camera, FakeWorld.uncover_camera, {"camera": "black"}),
        (
            FakeWorld.deafen_microphone,
            FakeWorld.mend_microphone,
            {"microphone": "dead", "speaker": "unheard"},
        ),
        (FakeWorld.mute_speaker, FakeWorld.mend_speaker, {"speaker": "unheard"}),
        (FakeWorld.cover_speaker, FakeWorld.mend_speaker, {"speaker": "unheard"}),
        (
            lambda world: (world.drain_battery(4), world.misread_battery(95)),
            lambda world: (world.charge(90), world.mend_gauge()),
            {"battery": "implausible"},
        ),
        (
            lambda world: world.jam_button(ButtonName.MARK),
            lambda world: world.mend_button(ButtonName.MARK),
            {"buttons": "stuck"},
        ),
        (FakeWorld.open_case, FakeWorld.close_case, {"case": "open"}),
        # too little of something
        (lambda world: world.drain_battery(20), FakeWorld.charge, {"battery": "low"}),
    ],
)
def test_a_fault_is_found_and_nothing_else(
    bench: Bench, harm: Verb, mend: Verb, found: dict[str, str]
) -> None:
    harm(bench.world)
    bench.listen(2)
    warned = {name: ("warn", code) for name, code in found.items()}
    expected = ALL_WELL | warned
    if "camera" in found:
        del expected["view"]
    assert _found(bench) == expected
    mend(bench.world)
    bench.listen(3)
    assert _found(bench) == ALL_WELL


@pytest.mark.rule("C1")
def test_grease_on_the_lens_is_found_also_while_recording(bench: Bench) -> None:
    bench.world.smear_camera()
    looked = {check.name: (check.state, code_of(check)) for check in bench.preflight.look()}
    assert looked == {"camera": ("ok", "ok"), "view": ("warn", "blurred")}
    bench.world.wipe_camera()
    assert [check.state for check in bench.preflight.look()] == ["ok", "ok"]


@pytest.mark.rule("C1")
def test_a_coat_over_the_microphone_is_found(bench: Bench) -> None:
    bench.world.muffle_microphone()
    bench.listen(2)
    assert _found(bench)["microphone"] == ("warn", "faint")


def test_a_lamp_that_goes_on_showing_ready_while_recording_is_found(bench: Bench) -> None:
    _stick_and_change(bench)
    assert _found(bench)["lamp"] == ("warn", "stuck")


def test_a_part_that_hangs_is_asked_by_one_thread_alone(bench: Bench) -> None:
    bench.world.hang_gauge()
    first = _found(bench)["battery"]
    before_ns = bench.clock.monotonic_ns()
    again = next(check for check in bench.preflight.run("asked") if check.name == "battery")
    assert (first, again.detail) == (("warn", "hung"), "hung: the battery still has not answered")
    assert bench.clock.monotonic_ns() - before_ns < 60_000_000_000


def test_no_preflight_takes_a_minute_even_when_everything_hangs(bench: Bench) -> None:
    world = bench.world
    for harm in (world.hang_gauge, world.stall_camera, world.hang_microphone, world.hang_speaker):
        harm()
    bench.listen(2)
    before_ns = bench.clock.monotonic_ns()
    found = _found(bench)
    assert bench.clock.monotonic_ns() - before_ns < 60_000_000_000
    assert found["speaker"][1] in {"unknown", "hung"}
    assert (found["battery"], found["camera"]) == (("warn", "hung"), ("warn", "hung"))
