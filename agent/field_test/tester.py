"""The person who tests.

Owns what the protocol asks of a person. Refuses to know who it is: somebody before a screen, or a
script that moves a simulated world.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from agent.field_test.outcome import Outcome


class Tester(Protocol):
    """Hands, eyes and ears."""

    @abstractmethod
    def begin(self, step: str) -> None:
        """A step begins."""

    @abstractmethod
    def do(self, task: str) -> None:
        """Ask for something to be done with the hands; returns at once, what is done is felt."""

    @abstractmethod
    def confirm(self, question: str, shown: str = "") -> bool:
        """Ask for what was seen or heard.

        Args:
            question: Code of the question.
            shown: What the recorder says, to be compared.
        """

    @abstractmethod
    def end(self, step: str, outcome: Outcome) -> None:
        """A step is over."""
