"""Asking a part that may never answer.

Owns the bound of every question to a part and the memory of those that are still out: a part that
hangs is asked once, by one thread, and not again before it has answered. Refuses to wait for ever,
and to hide an error that is no fault of a part.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import Final, Generic, TypeVar

from agent.preflight.results import FAILED, HUNG, Trouble
from hw.errors import HardwareFault
from hw.ports import Clock

Answer = TypeVar("Answer")

_MOMENT_SECONDS: Final = 0.25


class Question(Generic[Answer]):
    """A question on its way, in a thread of its own.

    Args:
        part: Who is asked.
        question: Asks.

    Attributes:
        answered: Set when it has come back.
    """

    def __init__(self, part: str, question: Callable[[], Answer]) -> None:
        self.answered = Event()
        self._question = question
        self._answer: list[Answer] = []
        self._error: Exception | None = None
        Thread(target=self._ask, name=f"ask-{part}", daemon=True).start()

    def answer(self) -> Answer | Trouble:
        """What came, once ``answered`` is set.

        Raises:
            Exception: What the question raised, unless it is a ``HardwareFault`` or ``OSError``.
        """
        match self._error:
            case None:
                return self._answer[0]
            case HardwareFault() as fault:
                return Trouble(FAILED, fault.detail)
            case OSError() as error:
                return Trouble(FAILED, str(error))
            case error:
                raise error

    def _ask(self) -> None:
        try:
            self._answer.append(self._question())
        except Exception as error:  # noqa: BLE001 - whatever it is, who asked gets it
            self._error = error
        finally:
            self.answered.set()


class Bounded:
    """Asks parts, each with a bound.

    Args:
        clock: Waits.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._out: dict[str, Event] = {}
        self._lock = Lock()

    def ask(self, part: str, question: Callable[[], Answer], seconds: float) -> Answer | Trouble:
        """The answer to ``question``, or why there is none.

        Args:
            part: Who is asked; a part with a question still out is hung at once.
            question: Called in a thread of its own.
            seconds: How long to wait for it.

        Raises:
            Exception: What ``question`` raised, unless it is a ``HardwareFault`` or ``OSError``:
                those are troubles of the part.
        """
        with self._lock:
            out = self._out.get(part)
            # A part that has come back takes a moment to get rid of the old question.
            if out is not None and not out.wait(_MOMENT_SECONDS):
                return Trouble(HUNG, f"the {part} still has not answered")
            asked = Question(part, question)
            self._out[part] = asked.answered
        if not self._clock.wait(asked.answered, seconds):
            return Trouble(HUNG, f"the {part} did not answer within {seconds:g} s")
        return asked.answer()
