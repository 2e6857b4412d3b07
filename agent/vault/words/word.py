"""What one kind of word has to offer.

Owns the small interface between ``words`` and the two kinds. Refuses to know either.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A word that was verified.

    Attributes:
        number: The assignment's number, or the rulebook's version.
        sha256: Digest of what the device log names: the assignment, or the rulebook's envelope.
        held: Whether it is in force already, byte for byte.
        due: Whether its term has begun.
    """

    number: int
    sha256: str
    held: bool
    due: bool = True


class Word(Protocol):
    """One kind of word."""

    @property
    @abstractmethod
    def step(self) -> str:
        """What the ``provision`` record calls adopting it."""

    @property
    @abstractmethod
    def staged(self) -> Path:
        """Where a word lies until it is adopted."""

    @abstractmethod
    def judge(self, content: bytes) -> Judged:
        """Verify a word against what is in force.

        Raises:
            RefusedError: It must not be adopted; the code says why.
        """

    @abstractmethod
    def install(self, content: bytes, judged: Judged) -> None:
        """Put a word that was judged into force; cut short anywhere, it is simply done again.

        Raises:
            OSError: The medium is full or broken.
        """
