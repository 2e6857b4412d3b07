"""Choosing a session plan with two gestures, while nothing is recorded.

Owns which plan is spoken next and which one the next recording belongs to. Refuses to need one: a
recording without a plan is always possible, and "no plan" is one of the choices.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from agent.session.effects import HushPrompts, NotePress, Say
from agent.session.events import MarkHeld, MarkTapped, PlansChanged
from agent.session.moves.steps import Step
from agent.session.states import Choice, Session
from agent.vault.messages import PlanChoice
from agent.voice import sentences

OFFERED_NS: Final = 30_000_000_000
"""What was spoken longer ago is not what a hold means."""


def offer(session: Session, event: MarkTapped) -> Step:
    """Speak the next plan, and after the last one "no plan"."""
    choice = session.choice
    count = len(choice.plans) + 1
    following = (_offered(choice, event.at_ns) + 1) % count
    offered = replace(choice, offered=following, offered_ns=event.at_ns)
    press = NotePress("mark", "tap", event.at_ns)
    words = _offer(offered, following)
    return replace(session, choice=offered), (press, HushPrompts(), Say(words))


def choose(session: Session, event: MarkHeld) -> Step:
    """Choose the plan that was spoken last; without one, say what is chosen."""
    choice = session.choice
    press = NotePress("mark", "hold", event.at_ns)
    index = _offered(choice, event.at_ns)
    if index >= 0:
        plan = choice.plans[index] if index < len(choice.plans) else None
        choice = replace(choice, chosen=plan, offered=None)
    said = Say(_chosen(choice.chosen))
    return replace(session, choice=choice), (press, HushPrompts(), said)


def plans_changed(session: Session, event: PlansChanged) -> Step:
    """Other plans: one that is gone is no longer chosen, and that is spoken."""
    changed = with_plans(session, event.plans)
    gone = session.choice.chosen is not None and changed.choice.chosen is None
    return changed, (Say(sentences.no_plan_chosen()),) if gone else ()


def take_plans(session: Session, event: PlansChanged) -> Step:
    """Other plans, for the next recording."""
    return with_plans(session, event.plans), ()


def with_plans(session: Session, plans: tuple[PlanChoice, ...]) -> Session:
    """The same, with the plans that there are now."""
    if plans == session.choice.plans:
        return session
    before = session.choice.chosen
    chosen = next((plan for plan in plans if before and plan.plan_id == before.plan_id), None)
    return replace(session, choice=Choice(plans=plans, chosen=chosen))


def forget(session: Session) -> Session:
    """A plan is good for one recording."""
    return replace(session, choice=Choice(plans=session.choice.plans))


def plan_id(session: Session) -> str | None:
    """The id of the chosen plan."""
    chosen = session.choice.chosen
    return None if chosen is None else chosen.plan_id


def _offered(choice: Choice, at_ns: int) -> int:
    """The index that was offered a moment ago; -1 without one."""
    if choice.offered is None or at_ns - choice.offered_ns > OFFERED_NS:
        return -1
    return choice.offered


def _offer(choice: Choice, index: int) -> tuple[str, ...]:
    if index == len(choice.plans):
        return sentences.no_plan()
    plan = choice.plans[index]
    return sentences.plan(plan.number, plan.activity)


def _chosen(plan: PlanChoice | None) -> tuple[str, ...]:
    if plan is None:
        return sentences.no_plan_chosen()
    return sentences.plan_chosen(plan.number, plan.activity)
