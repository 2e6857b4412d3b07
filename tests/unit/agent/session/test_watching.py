"""What time alone reveals: parts that lie, a vault that stays away, answers that do not come."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.indicator import pattern
from agent.session import effects as f
from agent.session import events as e
from agent.session.machine import step
from agent.session.states import Phase, Session
from agent.vault.messages import CheckResult
from agent.voice import sentences
from hw.types import LampPattern
from scripts.session_table import FOREIGN, HELD, RULE, S, clip_ended, heard
from tests.kits.device.officer import (
    announcing,
    idle,
    recording,
    run,
    said,
    stopping,
    stored,
)

FROZEN = CheckResult(name="camera", state="warn", detail="frozen: dot for dot", value=90)
SEEN = CheckResult(name="camera", state="ok", detail="ok: two stills", value=90)


def _looks(session: Session, from_s: int, to_s: int) -> list[int]:
    looks = []
    for second in range(from_s, to_s + 1):
        session, effects = step(session, e.Ticked(second * S))
        looks += [second] * effects.count(f.Watch())
    return looks


def test_parts_that_may_lie_are_looked_at_every_ten_seconds_of_a_recording() -> None:
    beating, _ = run(recording(), e.MediaAdvanced(40 * S))
    assert _looks(beating, 10, 41) == [20, 30, 40]
    assert _looks(idle(), 10, 60) == []


def test_a_lie_is_one_fault_until_a_look_finds_the_part_well() -> None:
    _, effects = run(recording(), e.Watched((FROZEN,)), e.Watched((FROZEN,)), e.Watched((SEEN,)))
    told = [(one["code"], one["state"]) for one in stored(effects, "fault")]
    assert told == [("frozen", "begun"), ("frozen", "ended")]
    assert said(effects) == [sentences.finding(FROZEN), sentences.part_recovered("camera")]


def test_a_good_still_does_not_end_what_the_driver_has_reported() -> None:
    gone, _ = run(recording(), e.PartFailed("camera", "camera", "the cable"))
    _, effects = run(gone, e.Watched((SEEN,)))
    assert effects == []


def test_a_sense_that_delivers_nothing_is_missed_by_capture_alone() -> None:
    silent = CheckResult(name="microphone", state="warn", detail="silent: nothing", value=None)
    hung = CheckResult(name="camera", state="warn", detail="hung: no answer", value=None)
    _, effects = run(recording(), e.Watched((silent, hung)))
    assert effects == []


def test_a_lie_that_outlasts_its_recording_ends_with_the_next_check() -> None:
    begun = recording(run(idle(), e.PreflightReady("power_up", ()))[0])
    session, _ = run(begun, e.Watched((FROZEN,)), e.SessionClosed("s1", "storage"))
    assert [fault.code for fault in session.faults] == ["frozen"]
    _, early = run(session, e.Ticked(20 * S), e.Ticked(79 * S))
    waiting, soon = run(session, e.Ticked(20 * S), e.Ticked(81 * S))
    assert f.Check("idle") not in early
    assert f.Check("idle") in soon
    well, effects = run(waiting, e.PreflightStored("idle", (SEEN,)))
    assert effects[0] == f.NoteFault("camera", "frozen", FROZEN.detail, "ended")
    assert well.faults == ()


def test_a_vault_that_stays_away_is_told_and_its_return_too() -> None:
    away, _ = run(idle(), e.VaultLost(), e.Ticked(20 * S), e.Ticked(29 * S))
    assert away.faults == ()
    away, effects = run(away, e.Ticked(30 * S), e.Ticked(31 * S))
    assert effects == [
        f.NoteFault("vault", "late", "the vault is away for 10 s", "begun"),
        f.Say(sentences.part_failed("vault")),
    ]
    back, effects = run(away, e.VaultAttached(None, (RULE,)))
    assert f.Say(sentences.part_recovered("vault")) in effects
    assert back.faults == ()


def test_a_press_while_the_vault_is_away_records_and_its_fault_ends_with_its_answer() -> None:
    away, _ = run(idle(), e.VaultLost(), e.Ticked(20 * S), e.Ticked(30 * S))
    session, effects = run(away, e.RecordPressed(31 * S), e.VaultAttached(None, (RULE,)))
    assert session.phase is Phase.OPENING
    assert session.faults == ()
    assert isinstance(effects[-1], f.OpenVaultSession)


def test_a_close_that_does_not_come_is_told_and_ends_with_it() -> None:
    late, effects = run(stopping(), e.Ticked(24 * S))
    assert [one.code for one in late.faults] == ["late"]
    assert said(effects) == [sentences.part_failed("storage")]
    done, _ = run(late, e.SessionClosed("s1", "officer"))
    assert (done.phase, done.faults) == (Phase.IDLE, ())


def test_media_that_never_reach_the_medium_are_missed_from_the_first_picture_on() -> None:
    session, _ = run(
        idle(), e.RecordPressed(S), e.SessionOpened(HELD), e.FirstFrame(S), e.Ticked(2 * S)
    )
    _, effects = run(session, e.Ticked(8 * S))
    assert [one["code"] for one in stored(effects, "fault")] == ["late"]


@pytest.mark.parametrize(
    ("session", "question"),
    [(idle(), e.PhotoPressed(20 * S)), (recording(), e.RecordTapped(19 * S, 20 * S))],
    ids=["idle", "recording"],
)
def test_a_status_that_does_not_come_is_answered_with_what_is_known(
    session: Session, question: e.Event
) -> None:
    asked, effects = run(session, question)
    assert f.AskStatus() in effects
    _, early = run(asked, e.Ticked(24 * S))
    _, late = run(asked, e.Ticked(25 * S), e.Ticked(31 * S))
    assert said(early) == []
    assert len([one for one in said(late) if "check.ok" not in one]) == 1


def test_a_report_of_the_session_before_verifies_nothing_in_this_one() -> None:
    before = clip_ended(hearing=heard())
    session = announcing(idle())
    session = replace(session, began_ns=before.to_ns + 1)
    after, effects = run(session, before)
    assert (after, effects) == (session, [])


def test_a_vault_that_comes_back_to_a_closing_with_another_session_gets_none_of_this_one() -> None:
    away, _ = run(stopping(), e.VaultLost())
    session, effects = run(away, e.VaultAttached(FOREIGN, (RULE,)))
    assert session.phase is Phase.STOPPING
    assert not any(isinstance(effect, f.ReplayMedia) for effect in effects)
    assert effects[-1] == f.CloseVaultSession("superseded")


LIES = e.StorageChanged("ok", 200, intact=False)
KEEPS = e.StorageChanged("ok", 200)


def test_a_medium_that_lies_is_spoken_and_shown_until_a_proof_is_good() -> None:
    lying, effects = run(recording(), LIES, LIES)
    assert said(effects) == [sentences.part_failed("storage")]
    beating, _ = run(lying, e.MediaAdvanced(20 * S), e.Ticked(20 * S))
    assert beating.phase is Phase.RECORDING
    assert pattern(beating, 20 * S, warm=True) is LampPattern.FAULT
    well, effects = run(beating, KEEPS)
    assert said(effects) == [sentences.part_recovered("storage")]
    assert pattern(well, 20 * S, warm=True) is not LampPattern.FAULT
    # The vault has signed both: a second word for it would be somebody else's.
    assert stored(run(recording(), LIES, KEEPS)[1], "fault") == []


def test_space_that_shrinks_on_a_medium_that_lies_hides_nothing() -> None:
    scarce = e.StorageChanged("alarm", 9, intact=False)
    session, effects = run(recording(), LIES, scarce, e.MediaAdvanced(20 * S))
    assert said(effects) == [sentences.part_failed("storage"), sentences.storage("alarm", 9)]
    assert pattern(session, 20 * S, warm=True) is LampPattern.FAULT


def test_a_medium_that_lied_is_checked_as_soon_as_its_recording_is_over() -> None:
    begun = recording(run(idle(), e.PreflightReady("power_up", ()))[0])
    for caught in (LIES, KEEPS):
        session, _ = run(begun, caught, e.SessionClosed("s1", "storage"))
        _, effects = run(session, e.Ticked(20 * S), e.Ticked(21 * S))
        assert (f.Check("idle") in effects) is (caught is LIES)
