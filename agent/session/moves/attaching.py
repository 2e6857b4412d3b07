"""What the vault says when it is there.

Owns taking it over. Refuses to judge the session that it may hold: that is for ``opening`` and
``ending``.
"""

from __future__ import annotations

from dataclasses import replace

from agent.session.events import VaultAttached
from agent.session.moves import choosing
from agent.session.states import Session


def known(session: Session, event: VaultAttached) -> Session:
    """All of it, for the recordings to come."""
    ruled = replace(session, rules=event.announcements, conduct=event.conduct)
    refused = replace(session.checkup, refused=event.refused)
    return during_session(replace(ruled, checkup=refused), event)


def during_session(session: Session, event: VaultAttached) -> Session:
    """What does not touch a recording: what it says and asks was settled when it was opened."""
    there = replace(session, attached=True, docked=event.docked)
    return choosing.with_plans(there, event.plans)
