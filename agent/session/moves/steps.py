"""The shape of a move.

Owns what a move gives back and how moves follow one another. Refuses meaning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from agent.session.effects import Effect
from agent.session.states import Session

Step = tuple[Session, tuple[Effect, ...]]
"""What is known afterwards, and what is to be done, in that order."""

_Event = TypeVar("_Event")


def after(step: Step, move: Callable[[Session, _Event], Step], event: _Event) -> Step:
    """Make ``move`` on top of ``step``: what both ask for is done, in that order."""
    session, done = step
    moved, more = move(session, event)
    return moved, (*done, *more)
