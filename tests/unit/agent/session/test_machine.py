"""The machine: every phase × event, and the ways through them that matter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.session import effects as f
from agent.session import events as e
from agent.session.machine import TABLE, Ignored, step
from agent.session.states import CAPTURING, Phase, Session, Speech
from agent.vault.messages import ActiveSession, AnnouncementRule
from evidence.records import EVENTS
from evidence.schema import check_fields

S = 1_000_000_000
RULE = AnnouncementRule(
    id="zh", text_sha256="a" * 64, pcm_sha256="b" * 64, samples=1000, rate=16_000
)
SECOND = AnnouncementRule(
    id="ug", text_sha256="c" * 64, pcm_sha256="d" * 64, samples=1000, rate=16_000
)
HELD = ActiveSession(sid="s1", counter=1, next_segment=0, gop_count=0, video_end_ns=0)


def _played(clip: int = 0, *, reason: str | None = None) -> e.ClipEnded:
    return e.ClipEnded(
        clip=clip,
        frames_played=1000 if reason is None else 400,
        underruns=0,
        from_ns=2 * S,
        to_ns=3 * S,
        reason=reason,
    )


SAMPLES: tuple[e.Event, ...] = (
    e.RecordPressed(S),
    e.RecordTapped(S, 2 * S),
    e.RecordHeld(S, 4 * S),
    e.MarkTapped(S),
    e.MarkHeld(S),
    e.PhotoPressed(S),
    e.VaultAttached(None, (RULE,)),
    e.VaultAttached(HELD, (RULE,)),
    e.VaultAttached(
        ActiveSession(sid="s2", counter=2, next_segment=4, gop_count=9, video_end_ns=7 * S),
        (RULE, SECOND),
    ),
    e.VaultLost(),
    e.SessionOpened(HELD),
    e.SessionRefused("storage", "no room"),
    e.MediaTaken(),
    e.MediaAdvanced(3 * S),
    e.SessionClosed("s1", "officer"),
    e.SessionClosed("s1", "storage"),
    e.StorageChanged("alarm", 9),
    e.FirstFrame(2 * S),
    e.PartFailed("camera", "camera", "gone"),
    e.PartRecovered("camera"),
    _played(),
    _played(reason="speaker"),
    _played(1),
    e.Ticked(2 * S),
    e.Ticked(60 * S),
    e.BatteryRead(50, 3_700, charging=False),
    e.Terminated(9 * S),
)


def _run(session: Session, *events: e.Event) -> tuple[Session, list[f.Effect]]:
    done: list[f.Effect] = []
    for event in events:
        session, effects = step(session, event)
        done.extend(effects)
    return session, done


def _stored(effects: Iterable[f.Effect], kind: str) -> list[dict[str, object]]:
    return [
        dict(effect.fields)
        for effect in effects
        if isinstance(effect, f.StoreEvent) and effect.kind == kind
    ]


def _idle(*rules: AnnouncementRule) -> Session:
    session, _ = _run(Session(), e.VaultAttached(None, rules or (RULE,)))
    return session


def _announcing() -> Session:
    session, _ = _run(_idle(), e.RecordPressed(S), e.SessionOpened(HELD), e.MediaTaken())
    assert session.speech is Speech.PLAYING
    return session


def _recording() -> Session:
    session, _ = _run(_announcing(), _played())
    assert session.phase is Phase.RECORDING
    return session


def test_every_phase_has_a_row_for_every_event() -> None:
    assert set(TABLE) == set(e.EVENT_TYPES)
    for kind, rows in TABLE.items():
        assert set(rows) == set(Phase), kind.__name__


def test_every_row_that_changes_nothing_says_why() -> None:
    reasons = [
        row.because for rows in TABLE.values() for row in rows.values() if isinstance(row, Ignored)
    ]
    assert reasons
    assert all(len(reason.split()) >= 3 for reason in reasons)


@given(st.lists(st.sampled_from(SAMPLES), max_size=60))
@settings(max_examples=500, deadline=None)
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
                check_fields(EVENTS[effect.kind], effect.fields, effect.kind)
        quit_asked = f.Quit() in effects
        assert running == (session.phase in CAPTURING) or quit_asked
        if quit_asked:
            return


def test_camera_and_microphone_run_before_the_vault_is_asked() -> None:
    session, effects = _run(_idle(), e.RecordPressed(S))
    assert session.phase is Phase.OPENING
    assert effects == [f.BeginCapture(0, 0, S), f.OpenVaultSession()]


def test_a_press_before_the_vault_is_there_starts_all_the_same() -> None:
    session, effects = _run(Session(), e.RecordPressed(S), e.VaultAttached(None, (RULE,)))
    assert session.phase is Phase.OPENING
    assert effects == [f.BeginCapture(0, 0, S), f.OpenVaultSession()]


def test_the_announcement_waits_until_the_vault_has_picture_and_sound() -> None:
    session, effects = _run(_idle(), e.RecordPressed(S), e.SessionOpened(HELD))
    assert not any(isinstance(effect, f.PlayClip) for effect in effects)
    _, effects = _run(session, e.MediaTaken())
    assert effects == [f.PlayClip(0)]


def test_without_picture_or_sound_the_party_is_told_all_the_same() -> None:
    session, _ = _run(_idle(), e.RecordPressed(S), e.SessionOpened(HELD), e.Ticked(10 * S))
    session, early = _run(session, e.Ticked(14 * S))
    _, late = _run(session, e.Ticked(15 * S))
    assert early == []
    assert late == [f.PlayClip(0)]


def test_announcements_play_in_the_rulebooks_order_each_with_its_statement() -> None:
    session, effects = _run(
        _idle(RULE, SECOND),
        e.RecordPressed(S),
        e.SessionOpened(HELD),
        e.MediaTaken(),
        _played(0),
        _played(1),
    )
    assert session.phase is Phase.RECORDING
    assert [one.clip for one in effects if isinstance(one, f.PlayClip)] == [0, 1]
    stated = _stored(effects, "disclosure")
    assert [one["clip"] for one in stated] == ["zh", "ug"]
    assert all(one["announced"] and one["verdict"] == "unverified" for one in stated)
    assert all(one["check"] == "none" for one in stated)


def test_a_broken_speaker_is_tried_three_times_and_stated_each_time() -> None:
    failed = _played(reason="speaker")
    session, effects = _run(_announcing(), failed, failed, failed)
    assert session.phase is Phase.RECORDING
    assert session.unannounced
    assert [one["reason"] for one in _stored(effects, "disclosure")] == ["speaker"] * 3


def test_a_missing_clip_is_not_tried_again_and_recording_goes_on() -> None:
    session, effects = _run(_announcing(), _played(reason="clip"))
    assert session.phase is Phase.RECORDING
    assert session.unannounced
    stated = _stored(effects, "disclosure")
    assert [(one["announced"], one["reason"]) for one in stated] == [(False, "clip")]


def test_a_second_short_press_asks_for_the_status_and_never_stops() -> None:
    session, effects = _run(_recording(), e.RecordPressed(9 * S), e.RecordTapped(9 * S, 9 * S + 1))
    assert session.phase is Phase.RECORDING
    assert _stored(effects, "button")[0]["gesture"] == "tap"
    assert f.Beep(1) in effects


def test_a_hold_alone_does_not_stop() -> None:
    session, effects = _run(_recording(), e.RecordHeld(8 * S, 11 * S), e.Ticked(17 * S))
    assert session.phase is Phase.RECORDING
    assert f.StopCapture() not in effects


def test_a_confirming_press_within_five_seconds_stops() -> None:
    asking, _ = _run(_recording(), e.RecordHeld(8 * S, 11 * S))
    stopping, effects = _run(asking, e.RecordPressed(15 * S))
    assert stopping.phase is Phase.STOPPING
    assert effects[1:] == [f.StopCapture(), f.CloseVaultSession("officer")]
    idle, _ = _run(stopping, e.SessionClosed("s1", "officer"))
    assert idle.phase is Phase.IDLE
    assert idle.trouble is None


def test_a_confirming_press_after_five_seconds_does_not_stop() -> None:
    asking, _ = _run(_recording(), e.RecordHeld(8 * S, 11 * S))
    session, effects = _run(asking, e.RecordPressed(16 * S + 1))
    assert session.phase is Phase.RECORDING
    assert effects == []


def test_the_press_that_started_held_on_does_not_ask_for_the_end() -> None:
    session, effects = _run(_announcing(), e.RecordHeld(S, 4 * S))
    assert session.phase is Phase.ANNOUNCING
    assert effects == []


def test_stopping_during_the_announcement_states_how_far_it_came() -> None:
    asking, _ = _run(_announcing(), e.RecordHeld(8 * S, 11 * S))
    stopping, effects = _run(asking, e.RecordPressed(12 * S))
    assert f.StopSpeaking() in effects
    assert not any(isinstance(effect, f.CloseVaultSession) for effect in effects)
    _, effects = _run(stopping, _played(reason="stopped"))
    stated = _stored(effects, "disclosure")
    assert [(one["announced"], one["frames_played"]) for one in stated] == [(False, 400)]
    assert effects[-1] == f.CloseVaultSession("officer")


def test_stopping_before_the_announcement_states_that_nothing_was_played() -> None:
    opened, _ = _run(_idle(RULE, SECOND), e.RecordPressed(S), e.SessionOpened(HELD))
    asking, _ = _run(opened, e.RecordHeld(8 * S, 11 * S))
    _, effects = _run(asking, e.RecordPressed(12 * S))
    stated = _stored(effects, "disclosure")
    assert [(one["clip"], one["announced"], one["reason"]) for one in stated] == [
        ("zh", False, "stopped"),
        ("ug", False, "stopped"),
    ]


def test_a_refused_start_keeps_nothing_and_notes_the_press() -> None:
    session, effects = _run(_idle(), e.RecordPressed(S), e.SessionRefused("storage", "no room"))
    assert session.phase is Phase.IDLE
    assert session.trouble == "storage"
    forget, stop, note = effects[2:5]
    assert (forget, stop) == (f.ForgetSession(), f.StopCapture())
    assert note == f.NotePress("record", "press", S)


def test_a_lost_vault_does_not_stop_capture_and_gets_everything_again() -> None:
    away, effects = _run(_recording(), e.VaultLost())
    assert away.phase is Phase.RECORDING
    assert effects == []
    held = ActiveSession(sid="s1", counter=1, next_segment=3, gop_count=20, video_end_ns=9 * S)
    back, effects = _run(away, e.VaultAttached(held, (RULE,)))
    assert effects == [f.ReplayMedia(3, 20)]
    assert back.speech is Speech.AWAITED, "the party is told again after every resume"


def test_a_vault_that_closed_the_session_meanwhile_ends_it_here() -> None:
    session, effects = _run(_recording(), e.VaultLost(), e.VaultAttached(None, (RULE,)))
    assert session.phase is Phase.IDLE
    assert session.trouble == "session_lost"
    assert f.StopCapture() in effects


def test_a_restarted_recorder_goes_on_signs_the_gap_and_announces_again() -> None:
    held = ActiveSession(sid="s1", counter=1, next_segment=2, gop_count=11, video_end_ns=7 * S)
    session, effects = _run(Session(), e.VaultAttached(held, (RULE,)))
    assert effects == [f.BeginCapture(2, 11), f.PassMedia(2, 11)]
    _, effects = _run(session, e.FirstFrame(9 * S), e.MediaTaken())
    gap = {"track": "both", "from_ns": 7 * S, "to_ns": 9 * S, "cause": "recorder_lost"}
    assert _stored(effects, "gap") == [gap]
    assert f.PlayClip(0) in effects


def test_a_vault_that_closes_for_want_of_space_stops_capture() -> None:
    session, effects = _run(
        _recording(), e.StorageChanged("close", 1), e.SessionClosed("s1", "storage")
    )
    assert session.phase is Phase.IDLE
    assert session.trouble == "storage"
    assert f.StopCapture() in effects


def test_a_fault_in_session_is_signed_once_when_it_begins_and_when_it_ends() -> None:
    gone = e.PartFailed("camera", "camera", "the cable")
    session, effects = _run(_recording(), gone, gone, e.PartRecovered("camera"))
    assert [one["state"] for one in _stored(effects, "fault")] == ["begun", "ended"]
    assert session.faults == ()


def test_a_fault_before_the_session_is_signed_with_its_opening() -> None:
    ready, _ = _run(_idle(), e.PartFailed("microphone", "microphone", "the cable"))
    _, effects = _run(ready, e.RecordPressed(S), e.SessionOpened(HELD))
    assert [one["part"] for one in _stored(effects, "fault")] == ["microphone"]


def test_a_mark_is_signed_in_session_and_noted_outside() -> None:
    _, inside = _run(_recording(), e.MarkTapped(9 * S))
    _, outside = _run(_idle(), e.MarkTapped(9 * S))
    assert _stored(inside, "mark") == [{"code": "mark", "at_ns": 9 * S}]
    assert outside == [f.NotePress("mark", "tap", 9 * S)]


def test_a_held_mark_announces_again() -> None:
    session, effects = _run(_recording(), e.MarkHeld(9 * S))
    assert session.phase is Phase.ANNOUNCING
    assert f.PlayClip(0) in effects


def test_a_held_mark_during_the_announcement_does_not_overlap_it() -> None:
    _, effects = _run(_announcing(), e.MarkHeld(9 * S))
    assert f.PlayClip(0) not in effects


def test_the_end_of_the_process_closes_the_session_in_order() -> None:
    stopping, effects = _run(_recording(), e.Terminated(9 * S))
    assert effects == [f.StopCapture(), f.CloseVaultSession("shutdown")]
    _, effects = _run(stopping, e.SessionClosed("s1", "shutdown"))
    assert effects[-1] == f.Quit()


@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.IDLE])
def test_the_end_of_an_idle_process_is_immediate(phase: Phase) -> None:
    _, effects = _run(Session(phase=phase), e.Terminated(S))
    assert effects == [f.Quit()]


def test_a_vault_back_while_closing_gets_the_tail_and_the_question_again() -> None:
    asking, _ = _run(_recording(), e.RecordHeld(8 * S, 11 * S))
    stopping, _ = _run(asking, e.RecordPressed(12 * S), e.VaultLost())
    held = ActiveSession(sid="s1", counter=1, next_segment=3, gop_count=20, video_end_ns=9 * S)
    _, effects = _run(stopping, e.VaultAttached(held, (RULE,)))
    assert effects == [f.ReplayMedia(3, 20), f.StopCapture(), f.CloseVaultSession("officer")]
    idle, _ = _run(stopping, e.VaultAttached(None, (RULE,)))
    assert idle.phase is Phase.IDLE
    assert replace(idle, rules=()).trouble is None


def test_a_press_that_finds_a_session_of_another_process_goes_on_with_it() -> None:
    held = ActiveSession(sid="s1", counter=1, next_segment=2, gop_count=11, video_end_ns=7 * S)
    session, effects = _run(
        Session(), e.RecordPressed(8 * S), e.FirstFrame(9 * S), e.VaultAttached(held, (RULE,))
    )
    assert session.phase is Phase.ANNOUNCING
    assert f.ReplayMedia(2, 11) in effects
    assert [(one["from_ns"], one["to_ns"]) for one in _stored(effects, "gap")] == [(7 * S, 9 * S)]


def test_a_session_without_a_picture_has_no_gap_before_its_first_one() -> None:
    _, effects = _run(Session(), e.VaultAttached(HELD, (RULE,)), e.FirstFrame(9 * S))
    assert _stored(effects, "gap") == []


def test_a_vault_that_cannot_work_shows_until_it_can() -> None:
    away, _ = _run(Session(), e.SessionRefused("no_rulebook", "expired root"))
    assert away.trouble == "no_rulebook"
    ready, _ = _run(away, e.VaultAttached(None, (RULE,)))
    assert ready.trouble is None
