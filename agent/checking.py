"""The check before use, made beside the loop.

Owns the way from the loop's question to the recorder's own checks and back. Refuses to keep the
loop waiting, and to check twice at once.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

from agent.disclosure.ear import Heard
from agent.session.events import PreflightReady, Watched
from agent.session.inbox import Inbox
from agent.session.parts import Checker
from agent.vault.messages import CheckResult
from agent.worker import Worker

_log = logging.getLogger(__name__)


class Preflight(Protocol):
    """The recorder's own checks."""

    def run(self, trigger: str) -> Sequence[CheckResult]:
        """Make them all; takes seconds, and no longer than its bound."""

    def watch(self) -> Sequence[CheckResult]:
        """Make those that disturb no recording; takes seconds, and no longer than its bound."""


class Speaking(Protocol):
    """What tests the loudspeaker."""

    def self_test(self) -> Heard | None:
        """Say a short prompt and listen for it."""


class Recording(Protocol):
    """Who knows whether something is recorded."""

    @property
    def is_recording(self) -> bool:
        """Whether media are on their way into a segment."""


class HeldBackVoice:
    """A voice that tests itself only while nothing is recorded: a press comes first.

    Args:
        voice: Tests itself.
        media: Knows whether something is recorded.
    """

    def __init__(self, voice: Speaking, media: Recording) -> None:
        self._voice = voice
        self._media = media

    def self_test(self) -> Heard | None:
        """None, untested, where the announcement would have to wait for it."""
        return None if self._media.is_recording else self._voice.self_test()


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

    def watch(self) -> None:
        """Look at the parts that may lie; a look that waits already will serve."""
        if not self._worker.do(self._look):
            _log.info("a check waits already; no other look is taken")

    def _look(self) -> None:
        self._inbox.post(Watched(tuple(self._preflight.watch())))

    def _run(self, trigger: str) -> None:
        self._inbox.post(PreflightReady(trigger, tuple(self._preflight.run(trigger))))
