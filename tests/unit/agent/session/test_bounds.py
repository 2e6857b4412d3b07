"""Where a recording begins and ends: what the officer is asked, and what his presses become."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from agent.session import effects as f
from agent.session import events as e
from agent.session.moves import menus
from agent.session.states import Menu, Phase, Session, Task
from agent.vault.messages import ActiveSession, Conduct, PlanChoice, PreviousSession
from agent.voice import sentences
from evidence.bounds import ENDINGS
from scripts.session_table import HEARING, HELD, LATER, PLAN, RULE, S
from tests.kits.device.officer import (
    VERIFIED,
    gestures,
    idle,
    marks,
    recording,
    run,
    said,
    stored,
    ticked,
)

CAUSES = Conduct(causes=("battery", "weather", "obstruction"))
STOPPED = PreviousSession(sid="s0", reason="officer", seconds=60, same_plan=True)


def going(
    held: ActiveSession = HELD, conduct: Conduct | None = None, plan: PlanChoice | None = None
) -> Session:
    """A session by this template is recorded, the announcement over."""
    before = idle(conduct=conduct, plans=() if plan is None else (plan,))
    if plan is not None:
        before, _ = run(before, e.MarkTapped(S), e.MarkHeld(S + 1))
    session, _ = run(before, e.RecordPressed(2 * S), e.SessionOpened(held), e.MediaTaken())
    session, _ = run(session, VERIFIED)
    assert session.phase is Phase.RECORDING
    return session


def held_down(session: Session) -> tuple[Session, list[f.Effect]]:
    return run(session, e.RecordHeld(8 * S, 11 * S))


def checks(effects: list[f.Effect]) -> list[object]:
    return [(one["name"], one["passed"]) for one in stored(effects, "check")]


@pytest.mark.rule("C2", "C3")
@pytest.mark.parametrize("ends", sorted(ENDINGS))
def test_a_hold_reads_out_the_end_of_the_rules_and_a_mark_says_it_and_ends(ends: str) -> None:
    asked, effects = held_down(going(replace(HELD, ends=ends)))
    assert said(effects) == [sentences.confirm_stop(), sentences.ending(f"end:{ends}")]
    asked, _ = run(asked, e.Spoken(sentences.ending(f"end:{ends}")))
    stopping, effects = run(asked, e.MarkTapped(14 * S))
    assert stopping.phase is Phase.STOPPING
    assert stopping.closing == "officer"
    assert (gestures(effects), marks(effects)) == (["mark confirm"], [f"end:{ends}"])
    assert checks(effects) == []


@pytest.mark.rule("C2", "C3")
def test_the_mark_is_signed_before_the_session_is_closed_and_capture_waits_for_nothing() -> None:
    asked, _ = held_down(going(replace(HELD, ends="on_leaving")))
    _, effects = run(asked, e.MarkTapped(12 * S))
    kinds = [type(effect) for effect in effects]
    stop, close = kinds.index(f.StopCapture), kinds.index(f.CloseVaultSession)
    assert marks(effects[:stop]) == ["end:on_leaving"]
    assert stop < close
    assert f.Say not in kinds[:close], "nothing is said before it ends"


@pytest.mark.rule("C2", "C3")
def test_a_second_press_of_record_ends_at_once_and_that_nobody_said_how_is_flagged() -> None:
    asked, _ = held_down(going(replace(HELD, ends="on_leaving")))
    stopping, effects = run(asked, e.RecordPressed(12 * S))
    assert stopping.phase is Phase.STOPPING
    assert gestures(effects) == ["record confirm"]
    assert marks(effects) == []
    assert checks(effects) == [("ending", False)]
    assert f.StopCapture() in effects


def test_rules_that_say_nothing_of_an_end_ask_nothing_and_flag_nothing() -> None:
    asked, effects = held_down(going())
    assert said(effects) == [sentences.confirm_stop()]
    _, effects = run(asked, e.MarkTapped(12 * S))
    assert marks(effects) == ["mark"]
    _, effects = run(asked, e.RecordPressed(12 * S))
    assert checks(effects) == []


@pytest.mark.rule("C2", "C3")
def test_nobody_answers_and_the_recording_goes_on() -> None:
    asked, _ = held_down(going(replace(HELD, ends="on_leaving")))
    asked, _ = run(asked, e.Spoken(sentences.ending("end:on_leaving")))
    on, effects = ticked(asked, 14, 20)
    assert on.phase is Phase.RECORDING
    assert said(effects) == [sentences.not_stopped()]
    assert on.endings is None
    _, effects = run(on, e.MarkTapped(21 * S))
    assert marks(effects) == ["mark"]


@pytest.mark.rule("C2", "C3")
def test_a_loudspeaker_that_failed_asks_nothing_and_the_end_is_flagged() -> None:
    broken, _ = run(
        going(replace(HELD, ends="on_leaving")), e.PartFailed("speaker", "speaker", "gone")
    )
    asked, effects = held_down(broken)
    assert said(effects) == [sentences.confirm_stop()]
    _, effects = run(asked, e.RecordPressed(12 * S))
    assert checks(effects) == [("ending", False)]


@pytest.mark.rule("E2", "E3")
def test_the_causes_of_the_rulebook_are_read_out_after_the_end_and_the_one_marked_is_signed() -> (
    None
):
    asked, effects = held_down(going(replace(HELD, ends="on_leaving"), CAUSES))
    heard = said(effects)[1:]
    at = 11.0
    for code in ("end:on_leaving", "stop:battery", "stop:weather"):
        assert heard == [sentences.ending(code)]
        asked, _ = run(asked, e.Spoken(heard[0]))
        if code == "stop:weather":
            break
        asked, effects = ticked(asked, at + 2, at + 5.5)
        heard, at = said(effects), at + 5.5
    stopping, effects = run(asked, e.MarkTapped(round((at + 2) * S)))
    assert stopping.phase is Phase.STOPPING
    assert marks(effects) == ["stop:weather"]


@pytest.mark.rule("E2", "E3")
def test_without_an_end_of_the_rules_the_causes_are_offered_alone() -> None:
    asked, effects = held_down(going(conduct=CAUSES))
    assert said(effects)[1:] == [sentences.ending("stop:battery")]
    _, effects = run(asked, e.RecordPressed(12 * S))
    assert checks(effects) == [("ending", False)]


def test_a_press_in_the_moment_a_choice_has_its_turn_means_the_one_before() -> None:
    menu = Menu(("a", "b"), 1, moved_ns=10 * S)
    assert menus.meant(menu, 10 * S + S // 2) == "a"
    assert menus.meant(menu, 11 * S) == "b"
    assert menus.meant(Menu(("a", "b")), S // 2) == "a"


def test_a_choice_that_is_never_read_is_not_awaited_for_ever() -> None:
    menu: Menu | None = Menu(("a", "b"))
    seconds = 1
    while menu is not None:
        seconds += 1
        menu = menus.pass_time(menu, seconds * S)
        assert seconds < 60
    assert seconds >= 2 * menus.READ_NS // S


@pytest.mark.rule("E2", "E3", "E5")
def test_a_session_after_one_the_officer_ended_asks_why_and_the_cause_is_signed() -> None:
    session = going(replace(HELD, previous=STOPPED), CAUSES, PLAN)
    assert session.agenda == (Task.CAUSE,)
    session, effects = run(session, e.Ticked(6 * S))
    assert said(effects) == [sentences.cause("battery", first=True)]
    assert [one["prompt"] for one in stored(effects, "prompt")] == ["cause"]
    session, _ = run(session, e.Spoken(sentences.cause("battery", first=True)))
    session, effects = ticked(session, 10, 13)
    assert said(effects) == [sentences.cause("weather")]
    session, effects = run(session, e.MarkTapped(16 * S))
    assert (gestures(effects), marks(effects)) == (["mark tap"], ["resume:weather"])
    assert session.asking is None


@pytest.mark.rule("E2", "E3")
def test_a_cause_that_nobody_chooses_is_signed_as_unexplained() -> None:
    session = going(replace(HELD, previous=STOPPED), CAUSES, PLAN)
    session, effects = ticked(session, 6, 120)
    assert checks(effects) == [("cause", False)]
    assert said(effects) == [
        sentences.cause("battery", first=True),
        sentences.cause("weather"),
        sentences.cause("obstruction"),
    ]
    assert session.asking is None
    _, effects = run(session, e.MarkTapped(121 * S))
    assert marks(effects) == ["mark"]


@pytest.mark.rule("E3")
def test_where_both_may_be_of_different_matters_that_is_a_choice_too() -> None:
    session = going(replace(HELD, previous=STOPPED), CAUSES)
    session, effects = ticked(session, 6, 120)
    assert said(effects)[-1] == sentences.cause("other_matter")


@pytest.mark.rule("E2", "E3")
@pytest.mark.parametrize(
    ("previous", "conduct"),
    [
        (replace(STOPPED, ending="end:on_leaving"), CAUSES),
        (replace(STOPPED, ending="stop:weather"), CAUSES),
        (replace(STOPPED, reason="battery"), CAUSES),
        (replace(STOPPED, reason="interrupted"), CAUSES),
        (STOPPED, Conduct()),
    ],
    ids=["ended by the rules", "told at the stop", "battery", "crash", "no causes"],
)
def test_what_is_known_is_not_asked_again(previous: PreviousSession, conduct: Conduct) -> None:
    assert going(replace(HELD, previous=previous), conduct).agenda == ()


@pytest.mark.rule("C3", "D2")
def test_a_hearing_begins_when_it_is_opened_and_ends_when_it_is_closed() -> None:
    session = going(HEARING)
    assert session.agenda == (Task.BEGIN,)
    session, effects = run(session, e.Ticked(6 * S))
    assert said(effects) == [sentences.begin("hearing_opened")]
    session, _ = run(session, e.Spoken(sentences.begin("hearing_opened")))
    session, _ = ticked(session, 8, 1_200)
    session, effects = run(session, e.MarkTapped(1_201 * S))
    assert marks(effects) == ["begin:hearing_opened"]
    _, effects = run(session, e.MarkTapped(1_300 * S))
    assert marks(effects) == ["mark"]
    asked, effects = run(session, e.RecordHeld(2_000 * S, 2_003 * S))
    assert said(effects)[-1] == sentences.ending("end:hearing_closed")
    _, effects = run(asked, e.MarkTapped(2_006 * S))
    assert marks(effects) == ["end:hearing_closed"]


@pytest.mark.rule("C3")
def test_an_opening_that_is_marked_far_too_late_is_a_mark_like_any_other() -> None:
    session, _ = run(going(HEARING), e.Ticked(6 * S))
    session, _ = run(session, e.Spoken(sentences.begin("hearing_opened")))
    session, _ = ticked(session, 8, 1_900)
    _, effects = run(session, e.MarkTapped(1_901 * S))
    assert marks(effects) == ["mark"]


@pytest.mark.rule("C2", "C3", "L1")
def test_a_recorder_that_was_started_again_knows_the_template_and_the_class() -> None:
    held = replace(LATER, ends="on_leaving", secrecy="trade")
    session, _ = run(Session(), e.VaultAttached(held, (RULE,)), e.MediaTaken(), VERIFIED)
    assert (session.ends, session.secrecy) == ("on_leaving", "trade")
    _, effects = held_down(session)
    assert said(effects)[-1] == sentences.ending("end:on_leaving")


@pytest.mark.rule("E5")
def test_a_vault_that_died_before_it_told_what_is_resumed_tells_it_when_it_is_back() -> None:
    conduct = Conduct(reason_seconds=10, causes=("weather",))
    pressed, _ = run(idle(conduct=conduct), e.RecordPressed(S), e.VaultLost())
    held = replace(HELD, previous=STOPPED)
    back = e.VaultAttached(held, (RULE,), conduct=conduct)
    session, _ = run(pressed, back, e.MediaTaken(), VERIFIED)
    assert session.agenda == (Task.REASON, Task.CAUSE)
    _, effects = run(session, e.Ticked(6 * S))
    assert said(effects) == [sentences.interrupted("officer")]


@pytest.mark.rule("L1")
def test_a_hold_of_photo_raises_the_class_step_by_step_and_never_lowers_it() -> None:
    session = recording()
    told = []
    for turn in range(5):
        session, effects = run(session, e.PhotoPressed((20 + turn) * S))
        session, effects = run(session, e.PhotoHeld((22 + turn) * S))
        assert gestures(effects) == ["photo hold"]
        told += marks(effects)
        assert said(effects) == [sentences.secrecy(session.secrecy)]
    assert told == ["secret:privacy", "secret:trade", *["secret:state"] * 3]
    assert session.phase is Phase.RECORDING


@pytest.mark.rule("L1")
def test_a_class_that_is_marked_before_the_session_is_admitted_stays() -> None:
    pressed, effects = run(idle(), e.RecordPressed(S), e.PhotoHeld(4 * S))
    assert marks(effects) == ["secret:privacy"]
    session, _ = run(pressed, e.SessionOpened(HELD), e.MediaTaken(), VERIFIED)
    _, effects = run(session, e.PhotoHeld(20 * S))
    assert marks(effects) == ["secret:trade"]


@pytest.mark.rule("L1")
def test_the_next_session_begins_without_a_class() -> None:
    session, _ = run(recording(), e.PhotoHeld(20 * S), e.RecordHeld(30 * S, 33 * S))
    session, _ = run(session, e.RecordPressed(34 * S), e.SessionClosed("s1", "officer"))
    assert (session.phase, session.secrecy) == (Phase.IDLE, "")
    _, effects = run(session, e.PhotoHeld(40 * S))
    assert effects == [f.NotePress("photo", "hold", 40 * S)]
