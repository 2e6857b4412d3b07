"""The announcement in a session: heard, replayed, or signed as unverified; never left out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.session import effects as f
from agent.session import events as e
from agent.session.machine import step
from agent.session.states import Phase, Session, Speech, Task
from agent.vault.messages import AnnouncementRule, Conduct
from agent.voice import sentences
from scripts.session_table import HELD, LATER, RULE, SAMPLES, SECOND, S, clip_ended, heard
from tests.kits.device.officer import (
    UNHEARD,
    VERIFIED,
    announcing,
    idle,
    marks,
    recording,
    run,
    said,
    stored,
    ticked,
)

SHORT = AnnouncementRule(
    id="short", text_sha256="a" * 64, pcm_sha256="b" * 64, samples=4_800, rate=48_000
)


def _plays(effects: list[f.Effect]) -> list[int]:
    return [effect.clip for effect in effects if isinstance(effect, f.PlayClip)]


@pytest.mark.rule("C12")
def test_the_announcement_waits_until_the_vault_has_picture_and_sound() -> None:
    session, effects = run(idle(), e.RecordPressed(S), e.SessionOpened(HELD))
    assert _plays(effects) == []
    _, effects = run(session, e.MediaTaken())
    assert effects == [f.PlayClip(0)]


def test_without_picture_or_sound_the_party_is_told_all_the_same() -> None:
    session, _ = run(idle(), e.RecordPressed(S), e.SessionOpened(HELD), e.Ticked(10 * S))
    session, early = run(session, e.Ticked(14 * S))
    _, late = run(session, e.Ticked(15 * S))
    assert early == []
    assert late == [f.PlayClip(0)]


@pytest.mark.rule("C8")
def test_an_announcement_that_was_heard_whole_is_verified_with_its_figures() -> None:
    session, effects = run(announcing(), VERIFIED)
    (told,) = stored(effects, "disclosure")
    assert told["verdict"] == "verified"
    assert told["reason"] is None
    assert (told["check"], told["heard"], told["complete"]) == ("acoustic", True, True)
    assert (told["score_milli"], told["delay_ns"], told["drift_ppm"]) == (30_000, 3_000_000, -12)
    assert (told["level_mdb"], told["missing"], told["attempt"]) == (-1_500, [], 1)
    assert not session.unverified
    assert _plays(effects) == []


@pytest.mark.parametrize(
    ("failed", "reason", "check"),
    [
        (UNHEARD, "not_heard", "acoustic"),
        (clip_ended(hearing=heard(complete=False)), "incomplete", "acoustic"),
        (clip_ended(hearing=heard(level_mdb=-20_001)), "faint", "acoustic"),
        (clip_ended(), "microphone", "none"),
        (clip_ended(reason="speaker"), "speaker", "none"),
        (clip_ended(reason="speaker", hearing=heard(complete=False)), "speaker", "acoustic"),
    ],
)
@pytest.mark.rule("C8")
def test_what_was_not_proved_is_played_three_times_and_stated_each_time(
    failed: e.ClipEnded, reason: str, check: str
) -> None:
    session, effects = run(announcing(), failed, failed, failed)
    assert session.phase is Phase.RECORDING
    assert session.unverified
    told = stored(effects, "disclosure")
    assert [(one["reason"], one["check"], one["verdict"]) for one in told] == [
        (reason, check, "unverified")
    ] * 3
    assert [one["attempt"] for one in told] == [1, 2, 3]
    assert _plays(effects) == [0, 0]


def test_a_part_that_was_not_heard_is_named() -> None:
    _, effects = run(announcing(), clip_ended(hearing=heard(complete=False)))
    assert stored(effects, "disclosure")[0]["missing"] == [{"from_ms": 900, "to_ms": 1_800}]


def test_a_replay_that_is_heard_makes_it_verified() -> None:
    session, effects = run(announcing(), UNHEARD, VERIFIED)
    assert [one["verdict"] for one in stored(effects, "disclosure")] == ["unverified", "verified"]
    assert not session.unverified
    assert session.agenda == ()


@pytest.mark.parametrize("failed", [clip_ended(reason="clip")])
def test_a_missing_clip_is_not_tried_again_and_recording_goes_on(failed: e.ClipEnded) -> None:
    session, effects = run(announcing(), failed)
    assert session.phase is Phase.RECORDING
    assert session.unverified
    told = stored(effects, "disclosure")
    assert [(one["announced"], one["reason"]) for one in told] == [(False, "clip")]


def test_a_sound_too_short_to_be_recognised_says_so_and_is_not_tried_again() -> None:
    _, effects = run(announcing(idle(SHORT)), clip_ended())
    assert [one["reason"] for one in stored(effects, "disclosure")] == ["too_short"]
    assert _plays(effects) == []


def test_a_report_that_never_comes_is_a_failed_attempt() -> None:
    session, effects = ticked(announcing(), 10, 40)
    assert [one["reason"] for one in stored(effects, "disclosure")] == ["speaker"]
    assert session.attempt == 2


@pytest.mark.rule("C8")
def test_unverified_the_officer_is_asked_to_say_it_and_his_mark_is_an_attestation() -> None:
    session, _ = run(announcing(), UNHEARD, UNHEARD, UNHEARD)
    asked, effects = run(session, e.Ticked(20 * S))
    assert said(effects) == [sentences.unverified()]
    assert stored(effects, "prompt") == [{"prompt": "attest", "at_ns": 20 * S}]
    told, effects = run(asked, e.Spoken(sentences.unverified()), e.MarkTapped(25 * S))
    assert marks(effects) == ["attested"]
    assert f.Beep(1) in effects
    assert told.unverified, "the lamp stays amber: nothing was proved"
    _, effects = run(told, e.MarkTapped(26 * S))
    assert marks(effects) == ["mark"]


def test_a_mark_long_afterwards_attests_nothing() -> None:
    session, _ = run(announcing(), UNHEARD, UNHEARD, UNHEARD)
    session, _ = run(session, e.Ticked(20 * S), e.Spoken(sentences.unverified()))
    session, _ = ticked(session, 21, 150)
    _, effects = run(session, e.MarkTapped(151 * S))
    assert marks(effects) == ["mark"]


@pytest.mark.rule("C9")
def test_several_languages_play_in_the_rulebooks_order_each_with_its_statement() -> None:
    session, effects = run(
        idle(RULE, SECOND),
        e.RecordPressed(S),
        e.SessionOpened(HELD),
        e.MediaTaken(),
        UNHEARD,
        VERIFIED,
        clip_ended(1, hearing=heard()),
    )
    assert session.phase is Phase.RECORDING
    assert _plays(effects) == [0, 0, 1]
    told = stored(effects, "disclosure")
    assert [(one["clip"], one["attempt"]) for one in told] == [
        ("zh-cn", 1),
        ("zh-cn", 2),
        ("ug-cn", 1),
    ]


def test_one_language_that_failed_makes_the_round_unverified() -> None:
    session, _ = run(
        announcing(idle(RULE, SECOND)),
        UNHEARD,
        UNHEARD,
        UNHEARD,
        clip_ended(1, hearing=heard()),
    )
    assert session.unverified
    assert session.agenda == (Task.ATTEST,)


def test_the_rulebook_has_it_repeated_every_so_many_minutes() -> None:
    session = recording(idle(conduct=Conduct(repeat_minutes=10)))
    session, early = ticked(session, 10, 600)
    again, effects = ticked(session, 600, 606)
    assert _plays(early) == []
    assert _plays(effects) == [0]
    assert again.speech is Speech.PLAYING


def test_without_the_rulebooks_word_it_is_not_repeated() -> None:
    _, effects = ticked(recording(), 10, 4_000)
    assert effects == []


@pytest.mark.rule("E5")
def test_after_every_return_of_the_vault_the_party_is_told_again() -> None:
    back, _ = run(recording(), e.VaultLost(), e.VaultAttached(LATER, (RULE,)))
    _, effects = run(back, e.MediaTaken())
    assert _plays(effects) == [0]


@given(st.lists(st.sampled_from(SAMPLES), max_size=60), st.randoms())
@settings(max_examples=300, deadline=None)
def test_no_path_records_without_a_statement_about_the_announcement(
    events: list[e.Event], random: object
) -> None:
    """Whatever happened: once a recording has ended in order, each clip has been stated."""
    del random
    session, told = Session(), 0
    session, _ = run(
        session, e.VaultAttached(None, (RULE,)), e.RecordPressed(S), e.SessionOpened(HELD)
    )
    for event in events:
        if isinstance(event, e.VaultAttached | e.Terminated | e.SessionOpened):
            continue
        session, effects = step(session, event)
        told += len(stored(effects, "disclosure"))
        if any(isinstance(effect, f.CloseVaultSession) for effect in effects):
            assert told >= 1
            return
        if session.phase is Phase.IDLE:
            return
    assert told or session.speech is not Speech.SILENT


def test_a_clip_that_ends_in_silence_is_not_stated_twice() -> None:
    session = recording()
    after, effects = run(session, VERIFIED)
    assert (replace(after), effects) == (session, [])
