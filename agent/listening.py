"""The windows in which an officer is to speak, listened to beside the loop.

Owns the way from the loop's question to the ear and back. Refuses to keep the loop waiting.
"""

from __future__ import annotations

from collections.abc import Callable

from agent.disclosure.ear import Ear
from agent.session.events import WindowHeard
from agent.session.inbox import Inbox
from agent.session.parts import Listener
from agent.worker import Worker

Silences = Callable[[int, int], list[tuple[int, int]]]
"""The parts of a time in which the recorder did not sound, CLOCK_BOOTTIME."""


class Windows(Listener):
    """Asks the ear.

    Args:
        ear: Keeps what was heard.
        silences: Knows when the recorder itself did not sound: its own voice is no statement.
        inbox: Takes its answers.
        worker: Where the ear is asked: it may wait for sound that is on its way.
    """

    def __init__(self, ear: Ear, silences: Silences, inbox: Inbox, worker: Worker) -> None:
        self._ear = ear
        self._silences = silences
        self._inbox = inbox
        self._worker = worker

    def attend(self, seconds: int) -> None:
        """Keep what is heard from now on."""
        self._ear.attend(seconds)

    def listen(self, template: str, from_ns: int, to_ns: int) -> None:
        """How much of it was voice? Unknown where too many questions wait already."""
        if not self._worker.do(lambda: self._answer(template, from_ns, to_ns)):
            self._inbox.post(WindowHeard(template, from_ns, to_ns, None))

    def _answer(self, template: str, from_ns: int, to_ns: int) -> None:
        parts = [self._ear.window(*part) for part in self._silences(from_ns, to_ns)]
        heard = [voiced_ms for voiced_ms in parts if voiced_ms is not None]
        voiced_ms = sum(heard) if heard else None
        self._inbox.post(WindowHeard(template, from_ns, to_ns, voiced_ms))
