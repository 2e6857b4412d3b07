"""The power button: it warns, asks, and switches off only what is recorded no more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.session import effects as f
from agent.session import events as e
from agent.session.moves.switching import LONGEST_CLOSE_NS, LONGEST_FAREWELL_NS
from agent.session.states import Phase
from agent.voice import sentences
from scripts.session_table import S
from tests.kits.device.officer import (
    announcing,
    confirming,
    gestures,
    idle,
    recording,
    run,
    said,
    stopping,
    ticked,
)

BYE = sentences.switching_off()


def test_a_short_press_switches_nothing_off_and_says_what_does() -> None:
    session, effects = run(idle(), e.PowerTapped(S, 2 * S))
    assert session.phase is Phase.IDLE
    assert effects == [f.NotePress("power", "tap", 2 * S), f.Say(sentences.how_to_switch_off())]


def test_held_while_nothing_is_recorded_it_switches_off_once_that_is_said() -> None:
    session, effects = run(idle(), e.PowerHeld(S, 4 * S))
    assert f.NotePress("power", "hold", 4 * S) in effects
    assert said(effects) == [BYE]
    assert f.Quit() not in effects
    session, effects = run(session, e.Spoken(("power.on", "stop")))
    assert effects == []
    session, effects = run(session, e.Spoken(BYE))
    assert effects == [f.Quit()]
    assert session.switching_off


def test_a_loudspeaker_that_does_not_say_it_does_not_keep_the_recorder_on() -> None:
    session, _ = run(idle(), e.PowerHeld(S, 4 * S))
    _, effects = run(session, e.Ticked(4 * S + LONGEST_FAREWELL_NS - 1))
    assert f.Quit() not in effects
    _, effects = run(session, e.Ticked(4 * S + LONGEST_FAREWELL_NS))
    assert f.Quit() in effects


def test_a_press_of_record_wins_over_switching_off() -> None:
    session, _ = run(idle(), e.PowerHeld(S, 4 * S))
    session, effects = run(session, e.RecordPressed(5 * S))
    assert session.phase is Phase.OPENING
    assert any(isinstance(one, f.BeginCapture) for one in effects)
    assert not session.switching_off


@pytest.mark.rule("E1")
def test_a_short_press_while_recording_only_warns() -> None:
    for session in (announcing(), recording()):
        after, effects = run(session, e.PowerTapped(20 * S, 21 * S))
        assert after == session
        assert gestures(effects) == ["power tap"]
        assert said(effects) == [sentences.not_off_while_recording()]


@pytest.mark.rule("E8")
def test_held_and_confirmed_it_closes_the_recording_with_its_reason_and_switches_off() -> None:
    asked, effects = run(recording(), e.PowerHeld(20 * S, 23 * S))
    assert asked.phase is Phase.CONFIRMING
    assert gestures(effects) == ["power hold"]
    assert said(effects) == [sentences.confirm_off()]
    closing, effects = run(asked, e.PowerTapped(24 * S, 25 * S))
    assert closing.phase is Phase.STOPPING
    assert gestures(effects) == ["power confirm"]
    assert f.CloseVaultSession("power_off") in effects
    closed, effects = run(closing, e.SessionClosed("s1", "power_off"))
    assert said(effects) == [sentences.stopped(), BYE]
    assert f.Quit() not in effects
    _, effects = run(closed, e.Spoken(sentences.stopped()), e.Spoken(BYE))
    assert effects == [f.Quit()]


def test_held_a_second_time_confirms_as_well() -> None:
    asked, _ = run(recording(), e.PowerHeld(20 * S, 23 * S))
    closing, effects = run(asked, e.PowerHeld(24 * S, 27 * S))
    assert closing.phase is Phase.STOPPING
    assert f.CloseVaultSession("power_off") in effects


def test_not_confirmed_in_time_the_recording_goes_on_and_that_is_said() -> None:
    asked, _ = run(recording(), e.PowerHeld(20 * S, 23 * S))
    going, effects = ticked(asked, 23, 29)
    assert going.phase is Phase.RECORDING
    assert not going.confirms_off
    assert said(effects) == [sentences.not_stopped()]
    late, effects = run(asked, e.PowerTapped(29 * S, 30 * S))
    assert late.phase is Phase.RECORDING
    assert gestures(effects) == ["power tap"]


def test_neither_button_confirms_what_the_other_asked() -> None:
    asked, _ = run(recording(), e.PowerHeld(20 * S, 23 * S))
    going, effects = run(asked, e.RecordPressed(24 * S))
    assert going == asked
    assert gestures(effects) == ["record press"]
    going, effects = run(confirming(), e.PowerTapped(12 * S, 13 * S))
    assert going == confirming()
    assert gestures(effects) == ["power tap"]


def test_a_press_of_record_while_it_closes_begins_the_next_recording_instead() -> None:
    asked, _ = run(recording(), e.PowerHeld(20 * S, 23 * S))
    closing, _ = run(asked, e.PowerTapped(24 * S, 25 * S), e.RecordPressed(26 * S))
    after, effects = run(closing, e.SessionClosed("s1", "power_off"))
    assert after.phase is Phase.OPENING
    assert not after.switching_off
    assert BYE not in said(effects)


def test_held_while_it_closes_it_switches_off_afterwards() -> None:
    closing, effects = run(stopping(), e.PowerHeld(13 * S, 16 * S))
    assert f.NotePress("power", "hold", 16 * S) in effects
    _, effects = run(closing, e.SessionClosed("s1", "officer"))
    assert said(effects)[-1] == BYE


def test_a_vault_that_does_not_close_keeps_the_recorder_on_for_half_a_minute() -> None:
    asked, _ = run(recording(), e.PowerHeld(20 * S, 23 * S))
    closing, _ = run(asked, e.PowerTapped(24 * S, 25 * S), e.VaultLost())
    _, effects = run(closing, e.Ticked(25 * S + LONGEST_CLOSE_NS - 1))
    assert f.Quit() not in effects
    _, effects = run(closing, e.Ticked(25 * S + LONGEST_CLOSE_NS))
    assert f.Quit() in effects


def test_an_empty_battery_switches_an_idle_recorder_off_in_order() -> None:
    reading = e.BatteryRead(1, 3_200, charging=False, minutes=1, at_ns=2 * S)
    once, effects = run(idle(), reading)
    assert not once.switching_off
    empty, effects = run(once, reading)
    assert said(effects) == [sentences.battery_empty(), BYE]
    again, effects = run(empty, reading)
    assert said(effects) == []
    _, effects = run(again, e.Spoken(BYE))
    assert effects == [f.Quit()]


def test_on_the_cradle_or_by_a_gauge_that_the_cell_contradicts_nothing_is_switched_off() -> None:
    reading = e.BatteryRead(1, 3_200, charging=False, minutes=1, at_ns=2 * S)
    docked = replace(idle(), docked=True)
    wrong = e.BatteryRead(1, 4_000, charging=False, minutes=1, at_ns=2 * S)
    assert not run(docked, reading, reading)[0].switching_off
    assert not run(idle(), wrong, wrong)[0].switching_off


def test_a_low_battery_is_told_twice() -> None:
    falls = [e.BatteryRead(percent, 3_500, charging=False, minutes=9) for percent in (30, 10, 9)]
    session, effects = run(recording(), *falls)
    assert said(effects) == [sentences.battery_low(9)]
    _, effects = run(session, e.BatteryRead(5, 3_400, charging=False, minutes=4))
    assert said(effects) == [sentences.battery_low(4)]
