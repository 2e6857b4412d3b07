"""The machine of a recording, driven by hand: where tests of its moves begin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from agent.session import effects as f
from agent.session import events as e
from agent.session.machine import step
from agent.session.states import Phase, Session, Speech
from agent.vault.messages import AnnouncementRule, Conduct, PlanChoice
from scripts.session_table import HELD, RULE, S, clip_ended, heard

VERIFIED = clip_ended(hearing=heard())
UNHEARD = clip_ended(hearing=heard(heard=False, complete=False))


def run(session: Session, *events: e.Event) -> tuple[Session, list[f.Effect]]:
    """Feed ``events``; what is known at the end, and everything that was to be done.

    Left out: that the parts that may lie are looked at, which time brings now and then.
    """
    done: list[f.Effect] = []
    for event in events:
        session, effects = step(session, event)
        done.extend(effect for effect in effects if effect != f.Watch())
    return session, done


def stored(effects: Iterable[f.Effect], kind: str) -> list[dict[str, object]]:
    """The fields of the events of one kind that are to be signed."""
    return [
        dict(effect.fields)
        for effect in effects
        if isinstance(effect, f.StoreEvent) and effect.kind == kind
    ]


def said(effects: Iterable[f.Effect]) -> list[tuple[str, ...]]:
    """The sentences that are to be said."""
    return [effect.words for effect in effects if isinstance(effect, f.Say)]


def gestures(effects: Iterable[f.Effect]) -> list[str]:
    """The presses that are to be signed in the session."""
    return [f"{one['button']} {one['gesture']}" for one in stored(effects, "button")]


def marks(effects: Iterable[f.Effect]) -> list[object]:
    """The codes of the marks."""
    return [one["code"] for one in stored(effects, "mark")]


def idle(
    *rules: AnnouncementRule,
    conduct: Conduct | None = None,
    plans: tuple[PlanChoice, ...] = (),
) -> Session:
    """Ready."""
    attached = e.VaultAttached(None, rules or (RULE,), conduct=conduct or Conduct(), plans=plans)
    session, _ = run(Session(), attached)
    assert session.phase is Phase.IDLE
    return session


def announcing(session: Session | None = None) -> Session:
    """The first clip plays."""
    session, _ = run(session or idle(), e.RecordPressed(S), e.SessionOpened(HELD), e.MediaTaken())
    assert session.speech is Speech.PLAYING
    return session


def recording(session: Session | None = None) -> Session:
    """The announcement was heard."""
    session, _ = run(announcing(session), VERIFIED)
    assert session.phase is Phase.RECORDING
    return session


def confirming(session: Session | None = None) -> Session:
    """Held for three seconds."""
    session, _ = run(session or recording(), e.RecordHeld(8 * S, 11 * S))
    assert session.phase is Phase.CONFIRMING
    return session


def stopping(session: Session | None = None) -> Session:
    """Confirmed."""
    session, _ = run(confirming(session), e.RecordPressed(12 * S))
    assert session.phase is Phase.STOPPING
    return session


def ticked(session: Session, from_s: float, to_s: float) -> tuple[Session, list[f.Effect]]:
    """Let time pass, a tick every half second, while media reach the medium."""
    done: list[f.Effect] = []
    at_ns, step_ns = round(from_s * S), S // 2
    while at_ns <= to_s * S:
        if session.heartbeat_ns:
            session = replace(session, heartbeat_ns=at_ns)
        session, effects = run(session, e.Ticked(at_ns))
        done.extend(effects)
        at_ns += step_ns
    return session, done
