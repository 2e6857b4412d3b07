"""The machine: every phase × event, and the ways through them that matter."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.session import effects as f
from agent.session import events as e
from agent.session.machine import TABLE, step
from agent.session.states import CAPTURING, Phase, Session, Speech
from agent.session.table.rows import Ignored
from agent.vault.messages import ActiveSession, CheckResult
from agent.voice import sentences
from agent.voice.catalog import check_words
from evidence.records import EVENTS
from evidence.schema import check_fields
from scripts.session_table import HELD, LATER, RULE, SAMPLES, SECOND, S, clip_ended
from tests.kits.device.officer import (
    announcing,
    confirming,
    gestures,
    idle,
    marks,
    recording,
    run,
    said,
    stopping,
    stored,
)

ROWS = [(kind, phase, TABLE[kind].of(phase)) for kind in TABLE for phase in Phase]


def test_every_phase_has_a_row_for_every_event() -> None:
    assert set(TABLE) == set(e.EVENT_TYPES)
    assert len(ROWS) == len(e.EVENT_TYPES) * len(Phase)
    assert {type(sample) for sample in SAMPLES} == set(e.EVENT_TYPES)


def test_every_row_says_what_it_does_or_why_it_does_nothing() -> None:
    for kind, phase, row in ROWS:
        told = row.because if isinstance(row, Ignored) else row.__doc__ or ""
        assert len(told.split()) >= 3, f"{kind.__name__} in {phase}"


@given(st.lists(st.sampled_from(SAMPLES), max_size=60))
@settings(max_examples=400, deadline=None)
def test_no_order_of_events_breaks_what_must_hold(events: list[e.Event]) -> None:
    session = Session()
    running = False
    for event in events:
        session, effects = step(session, event)
        for effect in effects:
            if isinstance(effect, f.BeginCapture):
                assert not running, "camera and microphone are begun once"
                running = True
            elif isinstance(effect, f.StopCapture):
                running = False
            elif isinstance(effect, f.StoreEvent):
                check_fields(EVENTS[effect.kind], dict(effect.fields), effect.kind)
            elif isinstance(effect, f.Say) and effect.words:
                check_words(effect.words)
        quit_asked = f.Quit() in effects
        assert running == (session.phase in CAPTURING) or quit_asked
        if quit_asked:
            return


@given(st.lists(st.sampled_from(SAMPLES), max_size=40))
@settings(max_examples=300, deadline=None)
def test_every_press_ends_up_in_a_record(events: list[e.Event]) -> None:
    """A mark or a photo press is written down in whatever phase it comes (N5)."""
    session = Session()
    for event in events:
        before = session.phase
        session, effects = step(session, event)
        if f.Quit() in effects:
            return
        if isinstance(event, e.MarkTapped | e.MarkHeld | e.PhotoPressed):
            written = [one for one in effects if isinstance(one, f.NotePress)]
            assert gestures(effects) or written, f"{event} in {before}"


def test_camera_and_microphone_run_before_the_vault_is_asked() -> None:
    session, effects = run(idle(), e.RecordPressed(S))
    assert session.phase is Phase.OPENING
    assert effects == [f.BeginCapture(0, 0, S), f.OpenVaultSession(), f.HushPrompts()]


def test_a_press_before_the_vault_is_there_starts_all_the_same() -> None:
    session, effects = run(Session(), e.RecordPressed(S), e.VaultAttached(None, (RULE,)))
    assert session.phase is Phase.OPENING
    assert effects == [f.BeginCapture(0, 0, S), f.HushPrompts(), f.OpenVaultSession()]


def test_a_second_short_press_asks_for_the_status_and_never_stops() -> None:
    session, effects = run(recording(), e.RecordPressed(9 * S), e.RecordTapped(9 * S, 9 * S + 1))
    assert session.phase is Phase.RECORDING
    assert gestures(effects) == ["record tap"]
    assert f.AskStatus() in effects


def test_a_hold_rises_asks_and_alone_does_not_stop() -> None:
    holding = [e.RecordHolding(8 * S, second, (8 + second) * S) for second in (1, 2)]
    session, effects = run(recording(), *holding, e.RecordHeld(8 * S, 11 * S))
    beeps = [one.step for one in effects if isinstance(one, f.RisingBeep)]
    assert beeps == [1, 2, 3]
    assert said(effects) == [sentences.confirm_stop()]
    session, effects = run(session, e.Ticked(17 * S))
    assert session.phase is Phase.RECORDING
    assert f.StopCapture() not in effects
    assert said(effects) == [sentences.not_stopped()]


def test_a_confirming_press_within_five_seconds_stops() -> None:
    done, effects = run(confirming(), e.RecordPressed(15 * S))
    assert done.phase is Phase.STOPPING
    assert gestures(effects) == ["record confirm"]
    assert effects[1:] == [f.StopCapture(), f.HushPrompts(), f.CloseVaultSession("officer")]
    ready, effects = run(done, e.SessionClosed("s1", "officer"))
    assert ready.phase is Phase.IDLE
    assert ready.trouble is None
    assert said(effects) == [sentences.stopped()]


def test_a_confirming_press_after_five_seconds_does_not_stop() -> None:
    session, effects = run(confirming(), e.RecordPressed(16 * S + 1))
    assert session.phase is Phase.RECORDING
    assert effects == []


def test_the_press_that_started_held_on_does_not_ask_for_the_end() -> None:
    session, effects = run(
        announcing(), e.RecordHolding(S, 2, 3 * S), e.RecordHeld(S, 4 * S), e.RecordTapped(S, 5 * S)
    )
    assert session.phase is Phase.ANNOUNCING
    assert effects == []


def test_stopping_during_the_announcement_states_how_far_it_came() -> None:
    held, _ = run(announcing(), e.RecordHeld(8 * S, 11 * S))
    done, effects = run(held, e.RecordPressed(12 * S))
    assert f.StopSpeaking() in effects
    assert not any(isinstance(effect, f.CloseVaultSession) for effect in effects)
    _, effects = run(done, clip_ended(reason="stopped"))
    told = stored(effects, "disclosure")
    assert [(one["announced"], one["frames_played"]) for one in told] == [(False, 400)]
    assert effects[-1] == f.CloseVaultSession("officer")


def test_an_announcement_that_never_reports_does_not_keep_the_session_open() -> None:
    held, _ = run(announcing(), e.RecordHeld(8 * S, 11 * S))
    done, _ = run(held, e.RecordPressed(12 * S))
    _, effects = run(done, e.Ticked(18 * S))
    assert [one["reason"] for one in stored(effects, "disclosure")] == ["speaker"]
    assert effects[-1] == f.CloseVaultSession("officer")


def test_stopping_before_the_announcement_states_that_nothing_was_played() -> None:
    opened, _ = run(idle(RULE, SECOND), e.RecordPressed(S), e.SessionOpened(HELD))
    held, _ = run(opened, e.RecordHeld(8 * S, 11 * S))
    _, effects = run(held, e.RecordPressed(12 * S))
    told = stored(effects, "disclosure")
    assert [(one["clip"], one["announced"], one["reason"]) for one in told] == [
        ("zh-cn", False, "stopped"),
        ("ug-cn", False, "stopped"),
    ]


def test_a_refused_start_keeps_nothing_notes_the_press_and_is_spoken() -> None:
    session, effects = run(idle(), e.RecordPressed(S), e.SessionRefused("storage", "no room"))
    assert session.phase is Phase.IDLE
    assert session.trouble == "storage"
    assert effects[3:6] == [
        f.ForgetSession(),
        f.StopCapture(),
        f.NotePress("record", "press", S),
    ]
    assert said(effects) == [sentences.refused("storage")]


def test_a_lost_vault_does_not_stop_capture_and_gets_everything_again() -> None:
    away, effects = run(recording(), e.VaultLost())
    assert away.phase is Phase.RECORDING
    assert effects == []
    back, effects = run(away, e.VaultAttached(LATER, (RULE,)))
    assert effects == [f.ReplayMedia(3, 20)]
    assert back.speech is Speech.AWAITED, "the party is told again after every resume"


def test_a_vault_that_closed_the_session_meanwhile_ends_it_here() -> None:
    session, effects = run(recording(), e.VaultLost(), e.VaultAttached(None, (RULE,)))
    assert session.phase is Phase.IDLE
    assert session.trouble == "session_lost"
    assert f.StopCapture() in effects
    assert said(effects) == [sentences.closing("session_lost")]


def test_a_restarted_recorder_goes_on_signs_the_gap_and_announces_again() -> None:
    held = ActiveSession(sid="s1", counter=1, next_segment=2, gop_count=11, video_end_ns=7 * S)
    session, effects = run(Session(), e.VaultAttached(held, (RULE,)))
    assert effects[:2] == [f.BeginCapture(2, 11), f.PassMedia(2, 11)]
    assert said(effects) == [sentences.resumed()]
    _, effects = run(session, e.FirstFrame(9 * S), e.MediaTaken())
    gap = {"track": "both", "from_ns": 7 * S, "to_ns": 9 * S, "cause": "recorder_lost"}
    assert stored(effects, "gap") == [gap]
    assert f.PlayClip(0) in effects


def test_a_vault_that_closes_for_want_of_space_stops_capture_and_is_spoken() -> None:
    session, effects = run(
        recording(), e.StorageChanged("close", 1), e.SessionClosed("s1", "storage")
    )
    assert session.phase is Phase.IDLE
    assert session.trouble == "storage"
    assert f.StopCapture() in effects
    assert said(effects) == [sentences.closing("storage")]


def test_space_that_shrinks_is_spoken_once_for_each_level() -> None:
    low = e.StorageChanged("alarm", 9)
    _, effects = run(recording(), low, low)
    assert said(effects) == [sentences.storage("alarm", 9)]


def test_a_fault_in_session_is_signed_and_spoken_when_it_begins_and_when_it_ends() -> None:
    gone = e.PartFailed("camera", "camera", "the cable")
    session, effects = run(recording(), gone, gone, e.PartRecovered("camera"))
    assert [one["state"] for one in stored(effects, "fault")] == ["begun", "ended"]
    assert said(effects) == [
        sentences.part_failed("camera", recording=True),
        sentences.part_recovered("camera"),
    ]
    assert session.faults == ()


def test_a_fault_without_a_session_is_logged_spoken_and_signed_with_the_next_one() -> None:
    gone = e.PartFailed("microphone", "microphone", "the cable")
    ready, effects = run(idle(), gone, gone)
    assert effects == [
        f.NoteFault("microphone", "microphone", "the cable", "begun"),
        f.Say(sentences.part_failed("microphone")),
    ]
    _, effects = run(ready, e.RecordPressed(S), e.SessionOpened(HELD))
    assert [one["part"] for one in stored(effects, "fault")] == ["microphone"]


def test_a_medium_that_falls_silent_is_a_fault_until_it_beats_again() -> None:
    beating, _ = run(recording(), e.MediaAdvanced(10 * S))
    late, effects = run(beating, e.Ticked(15 * S), e.Ticked(16 * S), e.Ticked(17 * S))
    assert [one["part"] for one in stored(effects, "fault")] == ["storage"]
    assert said(effects) == [sentences.part_failed("storage", recording=True)]
    _, effects = run(late, e.MediaAdvanced(18 * S))
    assert [one["state"] for one in stored(effects, "fault")] == ["ended"]


def test_a_vault_that_does_not_answer_a_start_is_told_to_the_officer() -> None:
    opening, _ = run(idle(), e.RecordPressed(S))
    still, effects = run(opening, e.Ticked(8 * S), e.Ticked(9 * S))
    assert still.phase is Phase.OPENING
    assert said(effects) == [sentences.part_failed("storage")]


def test_a_minute_without_picture_and_sound_closes_in_order() -> None:
    blind, _ = run(
        recording(),
        e.PartFailed("camera", "camera", "gone"),
        e.PartFailed("microphone", "microphone", "gone"),
        e.Ticked(20 * S),
    )
    still, effects = run(blind, e.Ticked(79 * S))
    assert (still.phase, effects) == (Phase.RECORDING, [])
    done, effects = run(still, e.Ticked(80 * S))
    assert done.phase is Phase.STOPPING
    assert f.CloseVaultSession("fault") in effects
    assert said(effects) == [sentences.closing("fault")]


def test_a_part_that_comes_back_in_time_keeps_the_recording_going() -> None:
    blind, _ = run(
        recording(),
        e.PartFailed("camera", "camera", "gone"),
        e.PartFailed("microphone", "microphone", "gone"),
        e.Ticked(20 * S),
        e.PartRecovered("microphone"),
        e.Ticked(60 * S),
    )
    session, _ = run(blind, e.PartFailed("microphone", "microphone", "gone"), e.Ticked(90 * S))
    assert session.phase is Phase.RECORDING


def test_a_mark_is_signed_in_session_and_noted_before_the_vault_is_there() -> None:
    _, inside = run(recording(), e.MarkTapped(9 * S))
    _, outside = run(Session(), e.MarkTapped(9 * S))
    assert marks(inside) == ["mark"]
    assert outside == [f.NotePress("mark", "tap", 9 * S)]


@pytest.mark.rule("C9")
@pytest.mark.rule("C12")
def test_a_held_mark_is_a_contact_and_announces_again() -> None:
    session, effects = run(recording(), e.MarkHeld(9 * S))
    assert session.phase is Phase.ANNOUNCING
    assert gestures(effects) == ["mark hold"]
    assert marks(effects) == ["contact"]
    assert f.PlayClip(0) in effects


def test_a_held_mark_during_the_announcement_does_not_overlap_it() -> None:
    _, effects = run(announcing(), e.MarkHeld(9 * S))
    assert marks(effects) == ["contact"]
    assert f.PlayClip(0) not in effects


def test_the_end_of_the_process_closes_the_session_in_order() -> None:
    done, effects = run(recording(), e.Terminated(9 * S))
    assert effects == [f.StopCapture(), f.HushPrompts(), f.CloseVaultSession("shutdown")]
    _, effects = run(done, e.SessionClosed("s1", "shutdown"))
    assert effects[-1] == f.Quit()


@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.IDLE])
def test_the_end_of_an_idle_process_is_immediate(phase: Phase) -> None:
    _, effects = run(Session(phase=phase), e.Terminated(S))
    assert effects == [f.Quit()]


def test_a_vault_back_while_closing_gets_the_tail_and_the_question_again() -> None:
    away, _ = run(stopping(), e.VaultLost())
    _, effects = run(away, e.VaultAttached(LATER, (RULE,)))
    assert effects == [f.ReplayMedia(3, 20), f.StopCapture(), f.CloseVaultSession("officer")]
    ready, _ = run(away, e.VaultAttached(None, (RULE,)))
    assert (ready.phase, ready.trouble) == (Phase.IDLE, None)


def test_a_press_while_closing_begins_the_next_recording_as_soon_as_it_can() -> None:
    waiting, effects = run(stopping(), e.RecordPressed(14 * S))
    assert effects == [f.Beep(1)]
    session, effects = run(waiting, e.SessionClosed("s1", "officer"))
    assert session.phase is Phase.OPENING
    assert session.pressed_ns == 14 * S
    assert [type(one) for one in effects][-3:] == [
        f.BeginCapture,
        f.OpenVaultSession,
        f.HushPrompts,
    ]


def test_a_second_press_of_the_confirming_hand_starts_nothing() -> None:
    session, effects = run(stopping(), e.RecordPressed(12 * S + S // 2))
    assert effects == [f.NotePress("record", "press", 12 * S + S // 2)]
    ready, _ = run(session, e.SessionClosed("s1", "officer"))
    assert ready.phase is Phase.IDLE


def test_a_press_right_after_the_recorder_ended_by_itself_is_meant() -> None:
    low = e.BatteryRead(3, 3_300, charging=False, at_ns=20 * S)
    closing, _ = run(recording(), low, low)
    assert closing.phase is Phase.STOPPING
    session, effects = run(closing, e.RecordPressed(20 * S + 1), e.SessionClosed("s1", "battery"))
    assert session.phase is Phase.OPENING
    assert said(effects) == [], "the reason was said when the end began"


def test_a_press_that_finds_a_session_of_another_process_goes_on_with_it() -> None:
    held = ActiveSession(sid="s1", counter=1, next_segment=2, gop_count=11, video_end_ns=7 * S)
    session, effects = run(
        Session(), e.RecordPressed(8 * S), e.FirstFrame(9 * S), e.VaultAttached(held, (RULE,))
    )
    assert session.phase is Phase.ANNOUNCING
    assert f.ReplayMedia(2, 11) in effects
    assert [(one["from_ns"], one["to_ns"]) for one in stored(effects, "gap")] == [(7 * S, 9 * S)]


def test_a_session_without_a_picture_has_no_gap_before_its_first_one() -> None:
    _, effects = run(Session(), e.VaultAttached(HELD, (RULE,)), e.FirstFrame(9 * S))
    assert stored(effects, "gap") == []


def test_a_vault_that_cannot_work_is_spoken_once_and_shows_until_it_can() -> None:
    no = e.SessionRefused("no_rulebook", "expired root")
    away, effects = run(Session(), no, no)
    assert away.trouble == "no_rulebook"
    assert said(effects) == [sentences.refused("no_rulebook")]
    ready, _ = run(away, e.VaultAttached(None, (RULE,)))
    assert ready.trouble is None


def test_a_check_that_refuses_is_known_to_the_lamp() -> None:
    full = CheckResult(name="space", state="refuse", detail="space: 3 minutes", value=3)
    ready, _ = run(idle(), e.PreflightStored("idle", (full,)))
    assert ready.checkup.refused == "storage"
