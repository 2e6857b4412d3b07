"""Arrival and resumption: what the officer is asked, and what his answers become."""

from __future__ import annotations

import msgspec
import pytest

from agent.session import effects as f
from agent.session import events as e
from agent.session.states import Phase, Session, Stage, Task
from agent.vault.messages import Conduct, PreviousSession
from agent.voice import sentences
from scripts.session_table import HELD, LATER, RESUMED, RULE, S
from tests.kits.device.officer import (
    UNHEARD,
    VERIFIED,
    announcing,
    gestures,
    idle,
    marks,
    recording,
    run,
    said,
    stored,
    ticked,
)

ARRIVING = Conduct(arrival="fixed", arrival_seconds=20, sign=True)
RESUMING = Conduct(reason_seconds=10)


def _arriving() -> Session:
    return recording(idle(conduct=ARRIVING))


@pytest.mark.rule("C4")
def test_after_the_announcement_the_officer_is_asked_to_film_the_sign() -> None:
    before, effects = run(announcing(idle(conduct=ARRIVING)), e.Ticked(3 * S), e.Ticked(4 * S))
    assert said(effects) == [], "no prompt while the announcement plays"
    after, effects = run(before, VERIFIED, e.Ticked(6 * S))
    assert said(effects) == [sentences.film_the_sign()]
    assert stored(effects, "prompt") == [{"prompt": "sign", "at_ns": 6 * S}]
    _, effects = run(after, e.Spoken(sentences.film_the_sign()), e.MarkTapped(9 * S))
    assert gestures(effects) == ["mark tap"]
    assert marks(effects) == ["sign"]


@pytest.mark.rule("C5", "C6", "C7")
@pytest.mark.parametrize("template", ["fixed", "purpose", "fields"])
def test_then_he_is_asked_for_the_statement_and_its_window_is_measured(template: str) -> None:
    conduct = Conduct(arrival=template, arrival_seconds=20, sign=True)
    session, effects = run(
        recording(idle(conduct=conduct)), e.Ticked(6 * S), e.MarkTapped(9 * S), e.Ticked(10 * S)
    )
    prompt = sentences.arrival(template)
    assert said(effects)[-1] == prompt
    session, effects = run(session, e.Spoken(prompt), e.Ticked(15 * S))
    assert f.Attend(20) in effects
    session, effects = run(session, e.Ticked(34 * S), e.Ticked(35 * S))
    assert effects == [f.Listen(template, 15 * S, 35 * S)]
    session, effects = run(session, e.WindowHeard(template, 15 * S, 35 * S, 12_000))
    window = {"template": template, "from_ns": 15 * S, "to_ns": 35 * S, "voiced_ms": 12_000}
    assert stored(effects, "statement") == [window]
    assert said(effects) == [sentences.statement_taken()]
    assert session.asking is None


def test_silence_is_stated_and_asked_for_once_more() -> None:
    session, _ = run(_arriving(), e.Ticked(6 * S), e.MarkTapped(9 * S), e.Ticked(10 * S))
    session, _ = run(session, e.Spoken(sentences.arrival("fixed")), e.Ticked(15 * S))
    session, _ = run(session, e.Ticked(35 * S))
    session, effects = run(session, e.WindowHeard("fixed", 15 * S, 35 * S, 0))
    assert said(effects) == [sentences.statement_unheard()]
    session, _ = run(session, e.Ticked(36 * S), e.Spoken(sentences.statement_unheard()))
    session, _ = run(session, e.Ticked(40 * S), e.Ticked(60 * S))
    session, effects = run(session, e.WindowHeard("fixed", 40 * S, 60 * S, 0))
    assert [one["voiced_ms"] for one in stored(effects, "statement")] == [0]
    assert session.asking is None


def test_a_window_nobody_could_listen_to_is_stated_without_a_figure() -> None:
    session, _ = run(_arriving(), e.Ticked(6 * S), e.MarkTapped(9 * S), e.Ticked(10 * S))
    session, _ = run(session, e.Spoken(sentences.arrival("fixed")), e.Ticked(15 * S))
    session, effects = ticked(session, 16, 42)
    assert [one["voiced_ms"] for one in stored(effects, "statement")] == [None]
    assert session.asking is None


def test_a_silent_loudspeaker_keeps_nobody_from_arriving() -> None:
    """Neither prompt is ever reported as spoken; MARK and voice still count."""
    session, _ = run(_arriving(), e.Ticked(6 * S), e.MarkTapped(9 * S))
    session, effects = ticked(session, 10, 75)
    assert any(isinstance(effect, f.Listen) for effect in effects)
    assert len(stored(effects, "statement")) == 1


def test_a_sign_nobody_marks_does_not_keep_the_statement_waiting_for_ever() -> None:
    session, _ = run(_arriving(), e.Ticked(6 * S), e.Spoken(sentences.film_the_sign()))
    session, effects = ticked(session, 7, 130)
    assert said(effects) == [sentences.arrival("fixed")]


def test_a_rulebook_without_a_statement_asks_for_none() -> None:
    _, effects = ticked(recording(), 6, 60)
    assert effects == []


def test_an_unheard_announcement_is_settled_before_the_sign() -> None:
    session, _ = run(announcing(idle(conduct=ARRIVING)), UNHEARD, UNHEARD, UNHEARD)
    _, effects = run(
        session,
        e.Ticked(9 * S),
        e.Spoken(sentences.unverified()),
        e.MarkTapped(20 * S),
        e.Ticked(21 * S),
        e.Spoken(sentences.film_the_sign()),
        e.MarkTapped(30 * S),
        e.Ticked(31 * S),
    )
    assert marks(effects) == ["attested", "sign"]
    assert [one["prompt"] for one in stored(effects, "prompt")] == ["attest", "sign", "statement"]


def test_a_new_party_comes_first_and_the_statement_is_asked_for_again() -> None:
    session, _ = run(_arriving(), e.Ticked(6 * S), e.MarkTapped(9 * S), e.Ticked(10 * S))
    session, _ = run(session, e.Spoken(sentences.arrival("fixed")), e.Ticked(15 * S))
    told, effects = run(session, e.MarkHeld(18 * S))
    assert told.asking is None
    assert effects[-2:] == [f.HushPrompts(), f.PlayClip(0)]
    _, effects = run(told, VERIFIED, e.Ticked(30 * S))
    assert said(effects) == [sentences.arrival("fixed")]


def test_the_end_states_an_open_window_as_far_as_it_came() -> None:
    session, _ = run(_arriving(), e.Ticked(6 * S), e.MarkTapped(9 * S), e.Ticked(10 * S))
    session, _ = run(session, e.Spoken(sentences.arrival("fixed")), e.Ticked(15 * S))
    assert session.asking is not None
    assert session.asking.stage is Stage.WINDOW
    session, _ = run(session, e.RecordHeld(16 * S, 19 * S))
    _, effects = run(session, e.RecordPressed(20 * S))
    window = {"template": "fixed", "from_ns": 15 * S, "to_ns": 20 * S, "voiced_ms": None}
    assert stored(effects, "statement") == [window]


@pytest.mark.rule("E5")
@pytest.mark.parametrize("reason", ["battery", "storage", "fault", "officer"])
def test_a_session_that_resumes_another_asks_for_the_reason(reason: str) -> None:
    previous = PreviousSession(sid="s0", reason=reason, seconds=60, same_plan=True)
    session, _ = run(
        idle(conduct=RESUMING),
        e.RecordPressed(S),
        e.SessionOpened(msgspec.structs.replace(HELD, previous=previous)),
        e.MediaTaken(),
        VERIFIED,
    )
    session, effects = run(session, e.Ticked(6 * S))
    assert said(effects) == [sentences.interrupted(reason)]
    assert [one["prompt"] for one in stored(effects, "prompt")] == ["interruption"]
    session, _ = run(session, e.Spoken(sentences.interrupted(reason)), e.Ticked(10 * S))
    session, effects = run(session, e.Ticked(20 * S))
    assert effects == [f.Listen("interruption", 10 * S, 20 * S)]
    _, effects = run(session, e.WindowHeard("interruption", 10 * S, 20 * S, 4_000))
    assert stored(effects, "statement")[0]["template"] == "interruption"


@pytest.mark.rule("E5")
def test_a_session_that_a_crash_interrupted_asks_for_the_reason() -> None:
    attached = e.VaultAttached(LATER, (RULE,), conduct=RESUMING)
    session, _ = run(Session(), attached, e.MediaTaken(), VERIFIED)
    _, effects = run(session, e.Ticked(20 * S))
    assert said(effects) == [sentences.interrupted("crash")]


def test_a_vault_that_came_back_is_an_interruption_too() -> None:
    session = recording(idle(conduct=RESUMING))
    back, _ = run(session, e.VaultLost(), e.VaultAttached(LATER, (RULE,), conduct=RESUMING))
    assert back.agenda == (Task.REASON,)
    again, _ = run(back, e.VaultLost(), e.VaultAttached(LATER, (RULE,), conduct=RESUMING))
    assert again.agenda == (Task.REASON,), "asked once, however often it went"


def test_a_rulebook_that_does_not_ask_for_reasons_asks_for_none() -> None:
    session, _ = run(idle(), e.RecordPressed(S), e.SessionOpened(RESUMED), e.MediaTaken(), VERIFIED)
    assert session.agenda == ()


def test_the_reason_comes_before_the_sign_and_the_statement() -> None:
    conduct = Conduct(arrival="fixed", sign=True, reason_seconds=10)
    session, _ = run(idle(conduct=conduct), e.RecordPressed(S), e.SessionOpened(RESUMED))
    assert session.agenda == (Task.REASON, Task.SIGN, Task.STATEMENT)


def test_nothing_is_asked_while_the_end_waits_for_its_confirmation() -> None:
    session, _ = run(_arriving(), e.RecordHeld(6 * S, 9 * S))
    waiting, effects = run(session, e.Ticked(10 * S))
    assert (waiting.phase, said(effects)) == (Phase.CONFIRMING, [])
    _, effects = run(waiting, e.Ticked(15 * S), e.Ticked(16 * S))
    assert said(effects) == [sentences.not_stopped(), sentences.film_the_sign()]
