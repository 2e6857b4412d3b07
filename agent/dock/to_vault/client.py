"""The dock's end of the vault's socket.

Owns asking the vault: what is pending, take this receipt, this plan, this word, note that. Refuses
to cache an answer and to go on without the vault.
"""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Final, Literal, Protocol, TypeVar

from agent.channel import Channel
from agent.errors import ProtocolError, VaultError
from agent.vault.messages import (
    Answered,
    FromDock,
    ListPending,
    Noted,
    NoteDock,
    Pending,
    PieceWanted,
    PlanTaken,
    ReceiptTaken,
    Refused,
    SubmitChallenge,
    SubmitPiece,
    SubmitPlan,
    SubmitReceipt,
    SubmitTime,
    SubmitWord,
    TimeTaken,
    ToDock,
    WordTaken,
)
from evidence.update import Place

_CONNECT_SECONDS: Final = 5.0
_Answer = TypeVar(
    "_Answer",
    Pending,
    ReceiptTaken,
    PlanTaken,
    WordTaken,
    Noted,
    Answered,
    TimeTaken,
    PieceWanted,
    Refused,
)
WordKind = Literal["roster", "policy"]


class Vault(Protocol):
    """What the dock asks of the vault; ``VaultError`` when it cannot be reached."""

    @abstractmethod
    def pending(self) -> Pending:
        """What is there to push."""

    @abstractmethod
    def submit(self, content: bytes) -> ReceiptTaken | Refused:
        """Hand over a receipt's bytes."""

    @abstractmethod
    def submit_plan(self, content: bytes) -> PlanTaken | Refused:
        """Hand over a session plan's bytes."""

    @abstractmethod
    def submit_word(self, kind: WordKind, content: bytes) -> WordTaken | Refused:
        """Hand over the bytes of an assignment or of a policy."""

    @abstractmethod
    def challenge(self, content: bytes) -> Answered | Refused:
        """Hand over a challenge's bytes."""

    @abstractmethod
    def time(self, content: bytes) -> TimeTaken | Refused:
        """Hand over the bytes of the bureau's time."""

    @abstractmethod
    def submit_piece(self, place: Place, content: bytes) -> PieceWanted | Refused:
        """Hand over a piece of an update."""

    @abstractmethod
    def note(self, state: str, detail: str) -> None:
        """Have something written to the device log."""


class VaultClient(Vault):
    """The vault behind its socket; connects when first asked, and again after the vault restarted.

    Args:
        path: The socket.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._channel: Channel[ToDock, FromDock] | None = None

    def pending(self) -> Pending:
        """What is there to push."""
        return self._expect(self._ask(ListPending()), Pending)

    def submit(self, content: bytes) -> ReceiptTaken | Refused:
        """Hand over a receipt's bytes."""
        answer = self._ask(SubmitReceipt(content=content))
        return answer if isinstance(answer, Refused) else self._expect(answer, ReceiptTaken)

    def submit_plan(self, content: bytes) -> PlanTaken | Refused:
        """Hand over a session plan's bytes."""
        answer = self._ask(SubmitPlan(content=content))
        return answer if isinstance(answer, Refused) else self._expect(answer, PlanTaken)

    def submit_word(self, kind: WordKind, content: bytes) -> WordTaken | Refused:
        """Hand over the bytes of an assignment or of a policy."""
        answer = self._ask(SubmitWord(kind=kind, content=content))
        return answer if isinstance(answer, Refused) else self._expect(answer, WordTaken)

    def challenge(self, content: bytes) -> Answered | Refused:
        """Hand over a challenge's bytes."""
        answer = self._ask(SubmitChallenge(content=content))
        return answer if isinstance(answer, Refused) else self._expect(answer, Answered)

    def time(self, content: bytes) -> TimeTaken | Refused:
        """Hand over the bytes of the bureau's time."""
        answer = self._ask(SubmitTime(content=content))
        return answer if isinstance(answer, Refused) else self._expect(answer, TimeTaken)

    def submit_piece(self, place: Place, content: bytes) -> PieceWanted | Refused:
        """Hand over a piece of an update."""
        question = SubmitPiece(
            update=place.update, file=place.file, number=place.index, content=content
        )
        answer = self._ask(question)
        return answer if isinstance(answer, Refused) else self._expect(answer, PieceWanted)

    def note(self, state: str, detail: str) -> None:
        """Have something written to the device log."""
        self._expect(self._ask(NoteDock(state=state, detail=detail)), Noted)

    def close(self) -> None:
        """Close the connection. Idempotent."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def _ask(self, question: FromDock) -> ToDock:
        try:
            channel = self._connected()
            channel.send(question)
            answer = channel.receive()
        except (OSError, ProtocolError) as error:
            self.close()
            raise VaultError(f"the vault cannot be reached: {error}") from error
        if answer is None:
            self.close()
            raise VaultError("the vault closed the connection")
        return answer

    def _connected(self) -> Channel[ToDock, FromDock]:
        if self._channel is None:
            self._channel = Channel[ToDock, FromDock].connect(
                self._path, ToDock, seconds=_CONNECT_SECONDS
            )
        return self._channel

    def _expect(self, answer: ToDock, kind: type[_Answer]) -> _Answer:
        if not isinstance(answer, kind):
            self.close()
            raise VaultError(
                f"the vault answered {type(answer).__name__} where {kind.__name__} is due"
            )
        return answer
