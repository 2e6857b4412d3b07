"""Between recordings: plans, the check before use, the cradle, the state spoken."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from agent.session import effects as f
from agent.session import events as e
from agent.session.states import Phase, Session
from agent.vault.messages import PlanChoice
from agent.voice import sentences
from scripts.session_table import BAD, FULL, GOOD, HELD, PLAN, RULE, STATUS, S
from tests.kits.device.officer import (
    announcing,
    idle,
    recording,
    run,
    said,
    stopping,
    stored,
    ticked,
)

OTHER = PlanChoice(
    plan_id="p2",
    number=7,
    activity="questioning",
    officers=["o1"],
)
UNCHECKED = msgspec.structs.replace(HELD, checked=False)
TAP, HOLD = e.MarkTapped, e.MarkHeld


def _checks(effects: list[f.Effect]) -> list[str]:
    return [effect.trigger for effect in effects if isinstance(effect, f.Check)]


def test_marks_speak_one_plan_after_the_other_and_then_none() -> None:
    session = idle(plans=(PLAN, OTHER))
    _, effects = run(session, TAP(S), TAP(2 * S), TAP(3 * S), TAP(4 * S))
    assert said(effects) == [
        sentences.plan(3, "inspection"),
        sentences.plan(7, "questioning"),
        sentences.no_plan(),
        sentences.plan(3, "inspection"),
    ]
    assert sum(isinstance(one, f.NotePress) for one in effects) == 4


def test_a_held_mark_chooses_what_was_spoken_and_the_start_names_it() -> None:
    session, effects = run(idle(plans=(PLAN, OTHER)), TAP(S), TAP(2 * S), HOLD(4 * S))
    assert said(effects)[-1] == sentences.plan_chosen(7, "questioning")
    _, effects = run(session, e.RecordPressed(9 * S))
    assert f.OpenVaultSession("p2") in effects


def test_no_plan_can_be_chosen_again() -> None:
    session, _ = run(idle(plans=(PLAN,)), TAP(S), HOLD(2 * S))
    session, effects = run(session, TAP(3 * S), TAP(4 * S), HOLD(5 * S))
    assert said(effects)[-1] == sentences.no_plan_chosen()
    assert session.choice.chosen is None


def test_a_held_mark_without_an_offer_says_what_is_chosen() -> None:
    session, effects = run(idle(plans=(PLAN,)), HOLD(S))
    assert said(effects) == [sentences.no_plan_chosen()]
    session, _ = run(session, TAP(2 * S), HOLD(3 * S))
    _, effects = run(session, HOLD(60 * S))
    assert said(effects) == [sentences.plan_chosen(3, "inspection")]


@pytest.mark.rule("E6")
@pytest.mark.parametrize(
    ("reason", "kept"), [("battery", True), ("storage", True), ("officer", False)]
)
def test_the_plan_of_an_interrupted_recording_is_that_of_the_next(
    reason: str, *, kept: bool
) -> None:
    session, _ = run(idle(plans=(PLAN,)), TAP(S), HOLD(2 * S))
    session = replace(recording(session), phase=Phase.STOPPING, closing=reason)
    session, _ = run(session, e.SessionClosed(HELD.sid, reason))
    assert session.phase is Phase.IDLE
    assert (session.choice.chosen == PLAN) is kept


def test_a_plan_spoken_long_ago_is_not_what_a_hold_means() -> None:
    session, _ = run(idle(plans=(PLAN,)), TAP(S), HOLD(40 * S))
    assert session.choice.chosen is None


def test_a_plan_that_disappears_is_no_longer_chosen_and_that_is_spoken() -> None:
    session, _ = run(idle(plans=(PLAN, OTHER)), TAP(S), HOLD(2 * S))
    session, effects = run(session, e.PlansChanged((OTHER,)))
    assert session.choice.chosen is None
    assert said(effects) == [sentences.no_plan_chosen()]
    _, effects = run(session, e.RecordPressed(9 * S))
    assert f.OpenVaultSession(None) in effects


def test_a_plan_is_good_for_one_recording() -> None:
    session, _ = run(idle(plans=(PLAN,)), TAP(S), HOLD(2 * S))
    done, _ = run(stopping(recording(session)), e.SessionClosed("s1", "officer"))
    assert done.choice.chosen is None
    assert done.choice.plans == (PLAN,)


def test_a_refused_start_keeps_the_choice() -> None:
    session, _ = run(idle(plans=(PLAN,)), TAP(S), HOLD(2 * S))
    session, _ = run(session, e.RecordPressed(9 * S), e.SessionRefused("storage", "no room"))
    assert session.choice.chosen == PLAN


@pytest.mark.rule("B1")
def test_the_check_is_made_at_power_up_and_signed_by_the_vault() -> None:
    session, effects = run(Session(), e.VaultAttached(None, (RULE,)))
    assert _checks(effects) == ["power_up"]
    assert said(effects) == [sentences.power_on()]
    _, effects = run(session, e.PreflightReady("power_up", (GOOD,)))
    assert effects == [f.StorePreflight("power_up", (GOOD,))]


@pytest.mark.rule("B1")
def test_what_the_check_found_is_spoken_and_every_ten_minutes_problems_only() -> None:
    session, effects = run(idle(), e.PreflightStored("power_up", (GOOD,)))
    assert said(effects) == [sentences.preflight((GOOD,))]
    session, effects = run(session, e.PreflightStored("idle", (GOOD,)))
    assert said(effects) == []
    session, effects = run(session, e.PreflightStored("idle", (GOOD, BAD)))
    assert said(effects) == [sentences.preflight((BAD,))]
    assert session.checkup.checks == (GOOD, BAD)


@pytest.mark.rule("B5")
def test_it_is_made_again_every_ten_idle_minutes() -> None:
    session, _ = run(idle(), e.PreflightReady("power_up", (GOOD,)))
    session, early = ticked(session, 10, 605)
    _, effects = ticked(session, 605, 615)
    assert _checks(early) == []
    assert _checks(effects) == ["idle"]


def test_a_check_that_never_comes_back_does_not_end_checking() -> None:
    _, effects = ticked(idle(), 10, 900)
    assert _checks(effects) == ["idle"]


def test_on_the_cradle_leaving_it_is_the_occasion() -> None:
    session, effects = run(idle(), e.DockChanged(docked=True))
    assert said(effects) == [sentences.docked()]
    session, effects = ticked(session, 10, 1_500)
    assert effects == []
    session, effects = run(session, e.DockChanged(docked=False))
    assert said(effects) == [sentences.undocked()]
    assert _checks(effects) == ["undocked"]


def test_the_cradle_interrupts_no_recording() -> None:
    session, effects = run(recording(), e.DockChanged(docked=True))
    assert (session.docked, effects) == (True, [])


def test_a_press_cuts_what_is_being_said_and_waits_for_no_check() -> None:
    session, _ = run(Session(), e.VaultAttached(None, (RULE,)))
    assert session.checkup.running
    opening, effects = run(session, e.RecordPressed(S))
    assert effects[0] == f.BeginCapture(0, 0, S)
    assert f.HushPrompts() in effects
    opening, effects = run(opening, e.PreflightReady("power_up", (GOOD, BAD)))
    assert effects == [f.StorePreflight("power_up", (GOOD, BAD))], "what was found is kept"
    opening, effects = run(opening, e.PreflightStored("power_up", (GOOD, BAD)))
    assert effects == []
    assert opening.checkup.checks == (GOOD, BAD)


def test_a_check_made_after_the_press_is_told_in_the_session_and_pointed_to() -> None:
    unchecked = replace(recording(), unchecked=True)
    session, effects = run(unchecked, e.PreflightStored("power_up", (GOOD,), "a" * 64))
    [told] = stored(effects, "check")
    assert (told["name"], told["passed"], told["sha256"]) == ("preflight", True, "a" * 64)
    assert not session.unchecked


def test_a_check_that_a_press_overtook_is_made_again_after_the_recording() -> None:
    session, _ = run(recording(), e.PreflightReady("power_up", (BAD,)))
    done, _ = run(stopping(session), e.SessionClosed("s1", "officer"))
    _, effects = run(done, e.Ticked(20 * S), e.Ticked(20 * S + 1))
    assert _checks(effects) == ["idle"]


def test_a_loudspeaker_that_failed_is_tried_again_within_a_minute() -> None:
    session, _ = run(idle(), e.PreflightReady("power_up", (GOOD,)))
    session, _ = run(session, e.PartFailed("speaker", "speaker", "the wire"))
    _, effects = ticked(session, 10, 75)
    assert _checks(effects) == ["idle"]


def test_photo_without_a_recording_has_the_recorder_say_how_it_stands() -> None:
    reading = e.BatteryRead(50, 3_700, charging=False, minutes=90)
    session, effects = run(idle(), reading, e.PhotoPressed(5 * S))
    assert effects == [f.NotePress("photo", "press", 5 * S), f.HushPrompts(), f.AskStatus()]
    _, effects = run(session, e.StatusTold(STATUS))
    (words,) = said(effects)
    for part in (sentences.battery(90), sentences.space(200), sentences.backlog(1, 300)):
        assert "+".join(part) in "+".join(words)


@pytest.mark.rule("B4")
@pytest.mark.parametrize(
    ("source", "error_ms", "sure"),
    [("ntp", 20, True), ("bureau", 90_000, False), ("none", None, False), ("last_known", 5, False)],
)
def test_a_time_that_is_not_to_be_trusted_is_said_to_be_so(
    source: str, error_ms: int | None, *, sure: bool
) -> None:
    status = type(STATUS)(
        free_minutes=200,
        backlog=0,
        deadline_minutes=None,
        utc=STATUS.utc,
        utc_source=source,
        utc_error_ms=error_ms,
    )
    _, effects = run(idle(), e.PhotoPressed(5 * S), e.StatusTold(status))
    assert ("clock.unsure" in said(effects)[0]) is not sure


def test_while_recording_the_status_says_how_long_already() -> None:
    reading = e.BatteryRead(50, 3_700, charging=False, minutes=90)
    session, _ = run(recording(), reading, e.RecordTapped(60 * S, 61 * S))
    _, effects = run(session, e.StatusTold(STATUS), e.StatusTold(STATUS))
    assert said(effects) == [sentences.status(90, 200, 60)]


def test_without_a_vault_the_status_says_what_is_known() -> None:
    away, _ = run(recording(), e.VaultLost())
    _, effects = run(away, e.RecordTapped(60 * S, 61 * S))
    assert said(effects) == [sentences.status(None, None, 60)]


def test_without_a_vault_an_idle_recorder_says_so() -> None:
    _, effects = run(Session(), e.PhotoPressed(S))
    assert said(effects) == [sentences.refused("vault")]


def test_charging_and_a_low_battery_are_spoken() -> None:
    session, effects = run(idle(), e.BatteryRead(9, 3_500, charging=False, minutes=16))
    assert said(effects) == [sentences.battery_low(16)]
    _, effects = run(session, e.BatteryRead(9, 3_500, charging=True, minutes=16))
    assert said(effects) == [sentences.charging()]


def test_the_announcement_is_not_talked_over_by_the_status() -> None:
    """A prompt waits in the voice's queue; what the officer asked for is not lost."""
    session, effects = run(announcing(), e.RecordTapped(60 * S, 61 * S), e.StatusTold(STATUS))
    assert said(effects) == [sentences.status(None, 200, 60)]
    assert session.phase is Phase.ANNOUNCING


def test_a_refusing_check_does_not_keep_a_press_from_asking_the_vault() -> None:
    session, _ = run(idle(), e.PreflightStored("idle", (FULL,)))
    _, effects = run(session, e.RecordPressed(S), e.SessionOpened(HELD))
    assert f.OpenVaultSession(None) in effects


@pytest.mark.rule("B1", "B5")
def test_a_press_before_any_check_is_told_in_the_session_what_the_check_found() -> None:
    pressed, _ = run(idle(), e.RecordPressed(S), e.SessionOpened(UNCHECKED))
    session, effects = run(pressed, e.PreflightReady("power_up", (GOOD,)))
    assert f.StorePreflight("power_up", (GOOD,)) in effects
    session, effects = run(session, e.PreflightStored("power_up", (GOOD, BAD)))
    (told,) = stored(effects, "check")
    assert (told["name"], told["passed"]) == ("preflight", False)
    assert told["detail"] == "made after the press: camera ok, camera black"
    _, effects = run(session, e.PreflightStored("idle", (GOOD,)))
    assert stored(effects, "check") == [], "the first check alone"
    checked, _ = run(idle(), e.RecordPressed(S), e.SessionOpened(HELD))
    _, effects = run(checked, e.PreflightStored("power_up", (BAD,)))
    assert stored(effects, "check") == []
