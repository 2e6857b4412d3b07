"""Asking a part that may never answer.

Owns the bound on the wait for the signing key and for the proof of the medium. Refuses to wait
longer: what hangs is reported as hung, and is asked again only once it has answered.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from typing import Final, TypeVar

from hw.errors import HardwareFault
from hw.ports import Clock

Answer = TypeVar("Answer")

_GRACE_SECONDS: Final = 0.2
"""A part that has just come back answers the question before first."""


class HungFault(HardwareFault):
    """A part did not answer in its time."""

    code = "hung"


class Patience:
    """Waits for one part.

    Args:
        part: Its name.
        clock: Bounds the wait.
        seconds: How long.
    """

    def __init__(self, part: str, clock: Clock, seconds: float) -> None:
        self._part = part
        self._clock = clock
        self._seconds = seconds
        self._answered = Event()
        self._answered.set()

    def ask(self, question: Callable[[], Answer]) -> Answer:
        """The answer to ``question``, or what it raises.

        Raises:
            HungFault: It has not come in time, or the one before is still being waited for.
        """
        if not self._clock.wait(self._answered, _GRACE_SECONDS):
            raise HungFault(self._part, "it still does not answer")
        answers: list[Answer] = []
        errors: list[Exception] = []
        done = self._answered = Event()

        def run() -> None:
            try:
                answers.append(question())
            except Exception as error:  # noqa: BLE001 - raised again where it was asked
                errors.append(error)
            finally:
                done.set()

        Thread(target=run, name=f"ask-{self._part}", daemon=True).start()
        if not self._clock.wait(done, self._seconds):
            raise HungFault(self._part, f"no answer within {self._seconds:g} s")
        if errors:
            raise errors[0]
        return answers[0]
