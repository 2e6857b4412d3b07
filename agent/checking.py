"""The check before use, made beside the loop.

Owns the way from the loop's question to the recorder's own checks and back. Refuses to keep the
loop waiting, and to check twice at once.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

from agent.session.events import PreflightReady
from agent.session.inbox import Inbox
from agent.session.parts import Checker
from agent.vault.messages import CheckResult
from agent.worker import Worker

_log = logging.getLogger(__name__)


class Preflight(Protocol):
    """The recorder's own checks."""

    def run(self, trigger: str) -> Sequence[CheckResult]:
        """Make them all; takes seconds, and no longer than its bound."""


class Checks(Checker):
    """Makes checks.

    Args:
        preflight: The recorder's own checks.
        inbox: Takes their results.
        worker: Where they are made.
    """

    def __init__(self, preflight: Preflight, inbox: Inbox, worker: Worker) -> None:
        self._preflight = preflight
        self._inbox = inbox
        self._worker = worker

    def check(self, trigger: str) -> None:
        """Check; one that waits already will serve."""
        if not self._worker.do(lambda: self._run(trigger)):
            _log.warning("a check waits already; %s makes no other", trigger)

    def _run(self, trigger: str) -> None:
        self._inbox.post(PreflightReady(trigger, tuple(self._preflight.run(trigger))))
