"""One file on its way: what of it the bureau has, what is under way, what comes next.

Owns the states ASKING ▸ SENDING ▸ ENDING ▸ DONE, HELD while the desk has it wait, FAILED with a
reason. Pure: no file, link or clock. Refuses to believe more than a bounded number of
repetitions: a file that the desk keeps asking for must not keep the others waiting.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from enum import Enum, unique
from typing import Final

from agent.dock.push.backlog import PushFile
from evidence.digests import CHUNK_BYTES, file_id

MOST_RESENDS: Final = 3
"""Times that one chunk is sent again because the desk says it arrived wrong."""
MOST_ENDINGS: Final = 3
"""Times that a whole file is ended anew because the desk misses parts of it."""


@unique
class Stage(Enum):
    """Where a file is."""

    ASKING = "asking"
    HELD = "held"
    SENDING = "sending"
    ENDING = "ending"
    DONE = "done"
    FAILED = "failed"


class Transfer:
    """The push of one file.

    Args:
        device: Device id.
        file: What to push.
    """

    def __init__(self, device: str, file: PushFile) -> None:
        self.file = file
        self.fid = file_id(device, file.facts.sha256)
        self.stage = Stage.ASKING
        self.failure = ""
        self._todo: deque[int] = deque()
        self._flying: set[int] = set()
        self._resends: dict[int, int] = {}
        self._endings = 0

    @property
    def over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.stage in (Stage.DONE, Stage.FAILED)

    @property
    def flying_bytes(self) -> int:
        """Bytes sent and not yet on the bureau's disk."""
        return sum(map(self.file.chunk_size, self._flying))

    @property
    def next_chunk(self) -> int | None:
        """Index of the chunk to send next, or None."""
        return self._todo[0] if self.stage is Stage.SENDING and self._todo else None

    @property
    def is_complete(self) -> bool:
        """Whether every chunk is on the bureau's disk and only the end is missing."""
        return self.stage is Stage.SENDING and not self._todo and not self._flying

    def ask(self) -> None:
        """The desk is asked (again) what it has."""
        self.stage = Stage.ASKING

    def hold(self) -> None:
        """The desk has it wait; it is asked again later."""
        self.stage = Stage.HELD

    def learn(self, have: Sequence[tuple[int, int]]) -> None:
        """The desk said which byte ranges it has; what flies still counts as flying."""
        missing = (
            index for index in range(len(self.file.facts.chunks)) if not self._held(index, have)
        )
        self._todo = deque(index for index in missing if index not in self._flying)
        self.stage = Stage.SENDING

    def sent(self, index: int) -> None:
        """Chunk ``index``, the next one, went out."""
        self._todo.remove(index)
        self._flying.add(index)

    def arrived(self, offset: int) -> int:
        """The chunk at ``offset`` is on the bureau's disk; returns the bytes that fly no more."""
        return self._land(offset)

    def bounced(self, offset: int) -> int:
        """The chunk at ``offset`` has to go again; returns the bytes that fly no more."""
        size = self._land(offset)
        if size:
            self._todo.appendleft(offset // CHUNK_BYTES)
        return size

    def spoilt(self, offset: int) -> bool:
        """Count one more arrival of wrong bytes at ``offset``; True when it was one too many."""
        self._resends[offset] = self._resends.get(offset, 0) + 1
        return self._resends[offset] > MOST_RESENDS

    def end(self) -> None:
        """The desk is told that this was all, and asked to judge the whole."""
        self.stage = Stage.ENDING

    def fall_short(self, have: Sequence[tuple[int, int]]) -> None:
        """The desk misses parts at the end."""
        self._endings += 1
        if self._endings >= MOST_ENDINGS:
            self.fail("the desk misses parts of it again and again")
        else:
            self.learn(have)

    def finish(self) -> None:
        """The whole file is archived."""
        self.stage = Stage.DONE

    def fail(self, why: str) -> None:
        """It cannot go on, now; the others do."""
        self.stage = Stage.FAILED
        self.failure = why

    def _held(self, index: int, have: Sequence[tuple[int, int]]) -> bool:
        first = index * CHUNK_BYTES
        last = first + self.file.chunk_size(index)
        return any(begin <= first and last <= end for begin, end in have)

    def _land(self, offset: int) -> int:
        index, odd = divmod(offset, CHUNK_BYTES)
        if odd or index not in self._flying:
            return 0
        self._flying.remove(index)
        return self.file.chunk_size(index)
