"""The lid: an opening is told at once, spoken and shown; a flutter is told once (A9)."""

from __future__ import annotations

import pytest

from agent.indicator import pattern
from agent.session import effects as f
from agent.session.events import PartFailed, PartRecovered
from agent.session.lid import RESTS_NS, Lid
from agent.voice import catalog
from hw.fake.board import recorder_board
from hw.fake.clock import JumpingClock
from hw.fake.world import FakeWorld
from hw.types import CameraSettings, LampPattern
from tests.kits.device.officer import idle, recording, run, said, stored

pytestmark = pytest.mark.rule("A9")

OPENED = PartFailed("case", "open", "for a test")
SMALL = CameraSettings(width=320, height=240)


def lid() -> tuple[FakeWorld, Lid]:
    clock = JumpingClock()
    world = FakeWorld.here(clock)
    return world, Lid(recorder_board(world.link, camera=SMALL, source=clock).case)


def test_an_open_lid_is_told_at_once_and_once() -> None:
    world, looked = lid()
    assert looked.look(1) == ()
    world.open_case()
    (told,) = looked.look(2)
    assert isinstance(told, PartFailed)
    assert (told.part, told.code) == ("case", "open")
    assert looked.look(3) == ()


def test_a_lid_that_flutters_counts_as_open_for_ten_seconds() -> None:
    world, looked = lid()
    told: list[object] = []
    for at_ns in range(0, RESTS_NS, RESTS_NS // 100):
        world.open_case() if at_ns % 2 == 0 else world.close_case()
        told += looked.look(at_ns + 1)
        world.close_case()
        told += looked.look(at_ns + 2)
    assert [type(one) for one in told] == [PartFailed]
    assert looked.look(RESTS_NS + 2) == (PartRecovered("case"),)


def test_an_idle_recorder_says_it_shows_it_signs_it_and_checks_at_once() -> None:
    session, effects = run(idle(), OPENED)
    assert f.NoteFault("case", "open", "for a test", "begun") in effects
    assert [catalog.text(words) for words in said(effects)] == ["机壳被打开，请交管理人员。"]
    assert pattern(session, 0, warm=True) is LampPattern.FAULT
    assert session.checkup.overtaken


def test_a_recording_goes_on_and_tells_it() -> None:
    before = recording()
    session, effects = run(before, OPENED)
    assert session.phase is before.phase
    assert [one["part"] for one in stored(effects, "fault")] == ["case"]
    assert said(effects)
    assert pattern(session, session.heartbeat_ns, warm=True) is LampPattern.FAULT
