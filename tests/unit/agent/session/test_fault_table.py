"""The fault table: every part, every way to fail, every phase; and no recording without a word.

The table (``scripts.faults``) says what befalls a part; the machine is played with and without it.
Each cell must bring about four facts: the session goes on or is closed with its reason, the officer
hears it, he sees it, and it is signed; or the table says who does instead, and why.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Final

import pytest

from agent.indicator import pattern
from agent.session import effects as f
from agent.session import events as e
from agent.session.machine import step
from agent.session.states import CAPTURING, Phase, Session, Speech
from agent.vault.messages import ActiveSession, AnnouncementRule, Conduct
from hw.types import LampPattern
from scripts.fault_table import PATH, render
from scripts.fault_trial import Outcome, at, play
from scripts.faults import FAULTS, PARTS, Fact, Fault, Kind
from scripts.session_table import RULE, SECOND, S, clip_ended, heard

CELLS: Final = [
    (fault, phase) for fault, phase in product(FAULTS, Phase) if phase not in fault.nowhere
]
NAMES: Final = [f"{fault.part} {fault.kind} {phase}" for fault, phase in CELLS]
CLOSED: Final = frozenset({Phase.IDLE, Phase.STOPPING})


def test_the_table_is_complete() -> None:
    named = [(fault.part, fault.kind) for fault in FAULTS]
    assert sorted(named) == sorted(product(PARTS, Kind))


def test_every_cell_without_an_outcome_says_why() -> None:
    for fault in FAULTS:
        assert fault.what
        for because in (*fault.nowhere.values(), *fault.but.values()):
            assert len(because.split()) >= 4, (fault.part, because)


def test_no_phase_begins_other_than_the_machine_comes_to_it() -> None:
    assert [at(phase).phase for phase in Phase] == list(Phase)


@pytest.mark.rule("E2")
@pytest.mark.rule("M2")
@pytest.mark.parametrize(("fault", "phase"), CELLS, ids=NAMES)
def test_a_fault_ends_nothing_unsaid(fault: Fault, phase: Phase) -> None:
    outcome = play(phase, fault.befall)
    assert goes_on_or_closes(outcome), outcome
    for fact, true in _facts(fault, outcome).items():
        assert true or (fact, phase) in fault.but, f"{fact}: {outcome}"


@pytest.mark.parametrize(("fault", "phase"), CELLS, ids=NAMES)
def test_what_is_told_elsewhere_is_not_told_here(fault: Fault, phase: Phase) -> None:
    """An excuse that is not needed is a mistake of the table."""
    facts = _facts(fault, play(phase, fault.befall))
    assert not [fact for fact, true in facts.items() if true and (fact, phase) in fault.but]


def test_the_page_is_what_the_table_says_now() -> None:
    assert PATH.read_text("utf-8") == render(), "run: python -m scripts.fault_table"


def goes_on_or_closes(outcome: Outcome) -> bool:
    """A recording is not lost without a reason; what is no recording may become one."""
    if outcome.before in CAPTURING and outcome.after in CLOSED:
        return outcome.reason is not None
    return True


def _facts(fault: Fault, outcome: Outcome) -> dict[Fact, bool]:
    back = fault.kind is Kind.RETURNS
    well = outcome.lamp is outcome.lamp_expected or outcome.lamp is not LampPattern.FAULT
    return {
        Fact.HEARD: bool(outcome.said or outcome.beeps),
        Fact.SEEN: well if back else bool(outcome.lamps),
        Fact.SIGNED: bool(outcome.signed),
    }


# --- 0 paths record without a word about the announcement


class Watched:
    """A recorder whose every recording is watched for its announcements.

    Args:
        rules: What its rulebook announces.
    """

    def __init__(self, rules: tuple[AnnouncementRule, ...]) -> None:
        self.rules = rules
        self.session = Session()
        self.ended = False
        self._told: dict[str, list[str]] = {}
        self._open = False
        self.closed = 0

    def feed(self, event: e.Event) -> None:
        """One event; what has to hold is asserted."""
        before = self.session
        self.session, effects = step(before, event)
        if self.session.sid not in {None, before.sid}:
            self._told, self._open = {}, True
        for effect in effects:
            match effect:
                case f.StoreEvent("disclosure", fields):
                    self._state(dict(fields), event)
                case f.CloseVaultSession(reason):
                    self._close(reason)
                case f.Quit():
                    self.ended = True
                case _:
                    pass
        if isinstance(event, e.VaultAttached | e.SessionClosed) and not self.session.sid:
            self._open = False  # closed by the vault, which states what is missing itself
        self._look()

    def _state(self, fields: dict[str, object], event: e.Event) -> None:
        assert self._open, "an announcement is stated in its session only"
        self._told.setdefault(str(fields["clip"]), []).append(str(fields["verdict"]))
        if fields["verdict"] == "verified":
            assert (fields["announced"], fields["heard"], fields["complete"]) == (True,) * 3
            assert isinstance(event, e.ClipEnded), "only the ear verifies"
        else:
            assert fields["reason"] is not None

    def _close(self, reason: str) -> None:
        if reason == "superseded":
            return  # a session that this process never recorded
        assert {rule.id for rule in self.rules} <= set(self._told), f"closed untold: {reason}"
        self._open = False
        self.closed += 1

    def _look(self) -> None:
        """No lamp is red while what was announced last is not proved."""
        session = self.session
        if session.phase in CAPTURING and session.unverified:
            now_ns = session.heartbeat_ns
            assert pattern(session, now_ns, warm=True) is not LampPattern.CAPTURING


def _steps(rules: tuple[AnnouncementRule, ...]) -> tuple[e.Event, ...]:
    """What may happen between a press and an end, as far as an announcement is concerned."""
    held = ActiveSession(sid="s1", counter=1, next_segment=0, gop_count=0, video_end_ns=0)
    later = ActiveSession(sid="s1", counter=1, next_segment=3, gop_count=9, video_end_ns=9 * S)
    clips = range(len(rules))
    return (
        e.RecordPressed(2 * S),
        e.RecordHeld(6 * S, 9 * S),
        e.RecordPressed(10 * S),
        e.MarkHeld(7 * S),
        e.SessionOpened(held),
        e.SessionRefused("storage", "no room"),
        e.MediaTaken(),
        e.VaultLost(),
        e.VaultAttached(None, rules, conduct=Conduct(repeat_minutes=1)),
        e.VaultAttached(later, rules),
        e.SessionClosed("s1", "officer"),
        e.SessionClosed("s1", "storage"),
        *(_ended(clip, hearing=heard()) for clip in clips),
        *(_ended(clip, hearing=heard(complete=False)) for clip in clips),
        *(_ended(clip) for clip in clips),
        *(_ended(clip, reason="stopped") for clip in clips),
        *(_ended(clip, reason="speaker") for clip in clips),
        _ended(0, reason="clip"),
        e.Ticked(12 * S),
        e.Ticked(40 * S),
        e.Ticked(120 * S),
        e.PartFailed("camera", "camera", "gone"),
        e.PartFailed("microphone", "microphone", "gone"),
        e.PartFailed("speaker", "speaker", "gone"),
        e.BatteryRead(2, 3_300, charging=False, minutes=3, at_ns=11 * S),
        e.Terminated(13 * S),
    )


def _ended(clip: int, **how: object) -> e.ClipEnded:
    return clip_ended(clip, **how)  # type: ignore[arg-type]


BEGINNING: Final = (e.VaultAttached(None, (RULE,)), e.RecordPressed(S))
DEPTH: Final = 4


@pytest.mark.rule("C8")
def test_every_short_path_states_each_announcement_before_it_closes() -> None:
    """All paths of four events from the press on, a closing end put to each."""
    closed = 0
    for path in product(_steps((RULE,))[3:], repeat=DEPTH - 1):
        watched = Watched((RULE,))
        _feed(watched, (*BEGINNING, _steps((RULE,))[4], *path, *_end()))
        closed += watched.closed
    assert closed > 1_000


@pytest.mark.rule("C8")
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("rules", [(RULE,), (RULE, SECOND)], ids=["one language", "two"])
def test_no_random_path_closes_without_a_word(
    seed: int, rules: tuple[AnnouncementRule, ...]
) -> None:
    chance = random.Random(seed)
    events = _steps(rules)
    closed = 0
    for _ in range(800):
        watched = Watched(rules)
        path = chance.choices(events, k=chance.randrange(4, 40))
        _feed(watched, (e.VaultAttached(None, rules), *path, *_end()))
        closed += watched.closed
    assert closed > 100


def _end() -> Iterator[e.Event]:
    """Hold, confirm, and all the time that an announcement may still take."""
    yield e.RecordHeld(200 * S, 203 * S)
    yield e.RecordPressed(204 * S)
    for second in range(205, 225, 2):
        yield e.Ticked(second * S)


def _feed(watched: Watched, events: Iterable[e.Event]) -> None:
    for event in events:
        watched.feed(event)
        if watched.ended:
            return
    if watched.session.phase is Phase.STOPPING and watched.session.attached:
        assert watched.session.speech is Speech.SILENT
        assert watched.session.close_asked
