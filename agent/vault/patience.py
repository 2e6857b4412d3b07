"""Asking a part that may never answer.

Owns the bound on the wait for the signing key and for the proof of the medium. Refuses to wait
longer: what hangs is reported as hung, and is asked again only once it has answered.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from typing import TypeVar

from hw.errors import HardwareFault
from hw.ports import Clock

Answer = TypeVar("Answer")


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
        self._asked: Thread | None = None

    def ask(self, question: Callable[[], Answer]) -> Answer:
        """The answer to ``question``, or what it raises.

        Raises:
            HungFault: It has not come in time, or the one before is still being waited for.
        """
        if self._asked is not None and self._asked.is_alive():
            raise HungFault(self._part, "it still does not answer")
        answers: list[Answer] = []
        errors: list[Exception] = []
        done = Event()

        def run() -> None:
            try:
                answers.append(question())
            except Exception as error:  # noqa: BLE001 - raised again where it was asked
                errors.append(error)
            finally:
                done.set()

        self._asked = Thread(target=run, name=f"ask-{self._part}", daemon=True)
        self._asked.start()
        if not self._clock.wait(done, self._seconds):
            raise HungFault(self._part, f"no answer within {self._seconds:g} s")
        if errors:
            raise errors[0]
        return answers[0]
