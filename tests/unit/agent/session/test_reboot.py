"""A reboot in every phase recovers to the right one.

The machine is driven into each phase; then the process is a new one, and the vault says what it
holds: nothing where no ``open`` record was on the medium or the ``close`` record was, the session
otherwise. Nothing but a press begins a recording, and nothing but a signed end ends it.
"""

from __future__ import annotations

import pytest

from agent.session import effects as f
from agent.session import events as e
from agent.session.states import Phase, Session, Speech
from agent.vault.messages import ActiveSession, Conduct
from scripts.session_table import HELD, LATER, RULE, S
from tests.kits.device.officer import (
    announcing,
    confirming,
    gestures,
    idle,
    recording,
    run,
    stopping,
    stored,
)


def _opening() -> Session:
    session, _ = run(idle(), e.RecordPressed(S))
    return session


CASES = [
    ("starting", Session(), None, Phase.IDLE),
    ("idle", idle(), None, Phase.IDLE),
    ("opening, not admitted", _opening(), None, Phase.IDLE),
    ("opening, admitted on the medium", _opening(), HELD, Phase.ANNOUNCING),
    ("announcing", announcing(), HELD, Phase.ANNOUNCING),
    ("recording", recording(), LATER, Phase.ANNOUNCING),
    ("confirming", confirming(), LATER, Phase.ANNOUNCING),
    ("stopping, not closed", stopping(), LATER, Phase.ANNOUNCING),
    ("stopping, closed on the medium", stopping(), None, Phase.IDLE),
]


def test_every_phase_is_among_the_cases() -> None:
    assert {session.phase for _, session, _, _ in CASES} == set(Phase)


@pytest.mark.rule("E8")
@pytest.mark.parametrize(("name", "before", "held", "after"), CASES, ids=[one[0] for one in CASES])
def test_a_new_process_recovers(
    name: str, before: Session, held: ActiveSession | None, after: Phase
) -> None:
    del name, before  # nothing of it survives: that is the point
    session, effects = run(Session(), e.VaultAttached(held, (RULE,)))
    assert session.phase is after
    if held is None:
        assert not any(isinstance(effect, f.BeginCapture) for effect in effects)
        assert f.Check("power_up") in effects
    else:
        assert f.BeginCapture(held.next_segment, held.gop_count) in effects
        assert session.speech is Speech.AWAITED, "the party is told again"
        assert f.Check("power_up") not in effects


@pytest.mark.parametrize(("name", "before", "held", "after"), CASES, ids=[one[0] for one in CASES])
def test_a_vault_that_dies_and_comes_back_recovers(
    name: str, before: Session, held: ActiveSession | None, after: Phase
) -> None:
    """The recorder lives on: it knows that it was ending, and that a press is still unanswered."""
    session, effects = run(before, e.VaultLost(), e.VaultAttached(held, (RULE,)))
    if before.phase is Phase.STOPPING and held is not None:
        assert session.phase is Phase.STOPPING
        assert effects[-1] == f.CloseVaultSession("officer")
    elif name == "opening, not admitted":
        assert session.phase is Phase.OPENING
        assert f.OpenVaultSession() in effects
    elif before.phase is Phase.CONFIRMING:
        assert session.phase is Phase.CONFIRMING
        assert session.speech is Speech.AWAITED
    else:
        assert session.phase is after


def test_a_press_between_the_reboot_and_the_vaults_answer_finds_the_recording_going_on() -> None:
    session, effects = run(Session(), e.RecordPressed(20 * S), e.VaultAttached(LATER, (RULE,)))
    assert session.phase is Phase.ANNOUNCING
    assert f.ReplayMedia(3, 20) in effects
    assert gestures(effects) == ["record press"]


@pytest.mark.rule("E5")
def test_a_recording_that_goes_on_after_a_reboot_asks_why_where_the_rulebook_does() -> None:
    attached = e.VaultAttached(LATER, (RULE,), conduct=Conduct(reason_seconds=10))
    session, effects = run(Session(), attached)
    assert session.agenda
    assert stored(effects, "prompt") == [], "the announcement comes first"


def test_a_press_that_waits_outlasts_a_session_of_another_process() -> None:
    """The vault comes back with a session that nobody here knows: it is closed first."""
    foreign = ActiveSession(sid="s9", counter=9, next_segment=1, gop_count=2, video_end_ns=S)
    waiting, _ = run(stopping(), e.RecordPressed(14 * S), e.VaultLost())
    closing, effects = run(waiting, e.VaultAttached(foreign, (RULE,)))
    assert closing.phase is Phase.STOPPING
    assert effects[-1] == f.CloseVaultSession("superseded")
    session, effects = run(closing, e.SessionClosed("s9", "superseded"))
    assert session.phase is Phase.OPENING
    assert f.BeginCapture(0, 0) in effects
