"""What the dock and the vault say to each other.

Owns the list of what waits and the bureau's bytes on their way in. Refuses anything that takes
away: a receipt is verified by the vault, which then decides.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from agent.vault.messages.to_recorder import Refused


class ListPending(msgspec.Struct, frozen=True, kw_only=True, tag="list"):
    """What is there to push? Answered by ``Pending``."""


class PendingSession(msgspec.Struct, frozen=True, kw_only=True):
    """A closed session that has no ``stored`` receipt yet.

    Attributes:
        sid: Session id.
        counter: Its device counter.
        folder: Where its sealed files and its journal lie; the journal names the files.
        committed: Whether the bureau has receipted the journal.
        journal_size: Bytes.
        journal_sha256: Hex digest.
        journal_chunks: Hex digests of each chunk.
    """

    sid: str
    counter: int
    folder: str
    committed: bool
    journal_size: int
    journal_sha256: str
    journal_chunks: list[str]


class Pending(msgspec.Struct, frozen=True, kw_only=True, tag="pending"):
    """Sessions to push, oldest first, and where the device log lies.

    Attributes:
        device_log: Path of ``device.jws``.
        log_bytes: Its durable length.
        recording: Whether a session is open now.
        sessions: As many as one message holds, over a thousand; ask again when they are done.
    """

    device_log: str
    log_bytes: int
    recording: bool
    sessions: list[PendingSession]


class SubmitReceipt(msgspec.Struct, frozen=True, kw_only=True, tag="receipt"):
    """Receipt bytes as the bureau sent them. Answered by ``ReceiptTaken`` or ``Refused``."""

    content: bytes


class ReceiptTaken(msgspec.Struct, frozen=True, kw_only=True, tag="taken"):
    """The receipt was verified and recorded; ``released``: the space was freed at once."""

    sid: str
    kind: str
    released: bool


class NoteDock(msgspec.Struct, frozen=True, kw_only=True, tag="dock"):
    """Docked, undocked, pushing or failed, for the device log. Answered by ``Noted``."""

    state: str
    detail: str


class SubmitPlan(msgspec.Struct, frozen=True, kw_only=True, tag="plan"):
    """Plan bytes as the bureau sent them. Answered by ``PlanTaken`` or ``Refused``."""

    content: bytes


class PlanTaken(msgspec.Struct, frozen=True, kw_only=True, tag="planned"):
    """The plan was verified and is kept until it expires."""

    plan_id: str


class SubmitWord(msgspec.Struct, frozen=True, kw_only=True, tag="word"):
    """The bureau's word as it sent it. Answered by ``WordTaken`` or ``Refused``.

    Attributes:
        kind: ``roster``: an assignment; ``policy``: root document, rulebook and clips.
        content: Untouched.
    """

    kind: Literal["roster", "policy"]
    content: bytes


class WordTaken(msgspec.Struct, frozen=True, kw_only=True, tag="worded"):
    """The word was verified and is kept.

    Attributes:
        number: The assignment's number, or the rulebook's version.
        state: ``adopted``, or ``staged`` until no session is open.
    """

    number: int
    state: Literal["adopted", "staged"]


class SubmitChallenge(msgspec.Struct, frozen=True, kw_only=True, tag="challenge"):
    """A challenge as the bureau sent it. Answered by ``Answered`` or ``Refused``."""

    content: bytes


class Answered(msgspec.Struct, frozen=True, kw_only=True, tag="answered"):
    """What goes back to the bureau, as the vault signed it."""

    content: bytes


class SubmitTime(msgspec.Struct, frozen=True, kw_only=True, tag="time"):
    """The bureau's time as it sent it. Answered by ``TimeTaken`` or ``Refused``."""

    content: bytes


class TimeTaken(msgspec.Struct, frozen=True, kw_only=True, tag="timed"):
    """The time was verified and is on record.

    Attributes:
        offset_ms: What the bureau's time is ahead of the wall clock.
        error_ms: Bound of that.
    """

    offset_ms: int
    error_ms: int


class SubmitPiece(msgspec.Struct, frozen=True, kw_only=True, tag="piece"):
    """A piece of an update as the bureau sent it. Answered by ``PieceWanted`` or ``Refused``.

    Attributes:
        update: Digest of the signed manifest.
        file: Digest of the file; empty for the manifest itself.
        number: Which piece.
        content: Untouched.
    """

    update: str
    file: str
    number: int
    content: bytes


class PieceWanted(msgspec.Struct, frozen=True, kw_only=True, tag="wanted"):
    """What of an update is wanted next.

    Attributes:
        update: Digest of the signed manifest.
        file: Digest of the file; empty where nothing is wanted.
        number: Which piece.
    """

    update: str = ""
    file: str = ""
    number: int = 0


class Noted(msgspec.Struct, frozen=True, kw_only=True, tag="noted"):
    """The note is on the medium."""


FromDock = (
    ListPending
    | SubmitReceipt
    | NoteDock
    | SubmitPlan
    | SubmitWord
    | SubmitChallenge
    | SubmitTime
    | SubmitPiece
)
ToDock = (
    Pending
    | ReceiptTaken
    | Noted
    | PlanTaken
    | WordTaken
    | Answered
    | TimeTaken
    | PieceWanted
    | Refused
)
