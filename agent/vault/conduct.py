"""What the rulebook has the officer asked, for the recorder that never sees the rulebook.

Owns mapping the bureau's keys to it. Refuses defaults of its own: the rulebook has them.
"""

from __future__ import annotations

from agent.vault.messages import Conduct
from evidence.rulebook import Rulebook


def conduct_of(book: Rulebook) -> Conduct:
    """The rulebook's part of what the officer is asked."""
    asked = book.policy["continuity.reason_on_resume"]
    return Conduct(
        arrival=book.policy["arrival.statement"],
        arrival_seconds=book.number("arrival.seconds"),
        arrival_voiced_ms=book.number("arrival.voiced_ms"),
        sign=book.asks("arrival.sign"),
        reason_seconds=book.number("continuity.reason_seconds") if asked else 0,
        reason_voiced_ms=book.number("continuity.reason_voiced_ms"),
        repeat_minutes=book.number("disclosure.repeat_minutes"),
        causes=book.codes("continuity.causes"),
    )
