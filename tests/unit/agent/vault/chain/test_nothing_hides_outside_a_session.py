"""Docking, faults and steps of the clock are on record while nothing is recorded."""

from __future__ import annotations

import pytest

from agent.vault import messages as m
from tests.kits.bureau.enrolment import Enrolled
from tests.kits.device.vault import RunningVault, ask_dock, records


@pytest.mark.rule("H4")
def test_the_recorder_hears_that_it_was_docked_and_is_told_again(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        recorder = vault.recorder()
        assert not recorder.attach().docked
        for state, docked in (("docked", True), ("undocked", False), ("docked", True)):
            ask_dock(enrolled, m.NoteDock(state=state, detail=""))
            assert recorder.wait(m.DockChanged).docked is docked
        ask_dock(enrolled, m.NoteDock(state="pushing", detail=""))
        vault.restart()
        assert vault.recorder().attach().docked


@pytest.mark.rule("N5", "M1")
def test_a_part_that_fails_while_nothing_is_recorded_is_on_record(enrolled: Enrolled) -> None:
    fault = {"part": "camera", "code": "frozen", "detail": "no new picture", "state": "begun"}
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        recorder.channel.send(m.NoteFault(**fault))
        recorder.ask(m.AskStatus(), m.Status)
    last = records(enrolled.device.paths.device_log)[-1]
    assert last["t"] == "fault"
    assert {name: last[name] for name in fault} == fault


@pytest.mark.rule("B4")
def test_a_step_of_the_clock_without_a_session_is_on_record(enrolled: Enrolled) -> None:
    with RunningVault(enrolled) as vault:
        vault.recorder().attach()
        vault.world.skew_clock(-7_200)
        recorder = vault.recorder_again()
        recorder.wait_until(
            lambda: records(enrolled.device.paths.device_log)[-1]["t"] == "clock_step"
        )
    log = records(enrolled.device.paths.device_log)
    assert abs(log[-1]["step_ms"] + 7_200_000) < 1_000
    assert [r["utc"] for r in log] == sorted(r["utc"] for r in log)
