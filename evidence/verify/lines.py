"""Which line of a file follows which.

Owns the order of a chain: by the digests that lines name, not by where they happen to stand, so
that one change in a file is found as that one change. Refuses trust: nothing here has been verified
yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from evidence import jws
from evidence.canonical import JsonObject
from evidence.digests import sha256_hex
from evidence.errors import EvidenceError
from evidence.journal import NEWLINE

MOST_LINES: Final = 1_000_000
"""Lines of one chain: a day of ticks, segments and events is about 100,000."""

_MOST_FORKS = 16
_MOST_AHEAD = 8
_MOST_TORN = 1_048_576


@dataclass(frozen=True, slots=True)
class Draft:
    """One line, parsed but not verified.

    Attributes:
        position: Where it stands in the file, from 0.
        raw: Its bytes.
        digest: Hex SHA-256 of them.
        parsed: The JWS, None where the line is none.
        payload: What it says, None where it says nothing readable.
        problem: Why it could not be parsed.
    """

    position: int
    raw: bytes
    digest: str
    parsed: jws.Jws | None
    payload: JsonObject | None
    problem: str = ""

    def text(self, name: str) -> str | None:
        """A field that is a text, or None."""
        value = self.payload.get(name) if self.payload is not None else None
        return value if isinstance(value, str) else None

    @property
    def number(self) -> int | None:
        """Its ``i``, or None."""
        value = self.payload.get("i") if self.payload is not None else None
        return value if type(value) is int and value >= 0 else None


def parse(position: int, raw: bytes) -> Draft:
    """Parse one line."""
    digest = sha256_hex(raw)
    try:
        parsed = jws.parse(raw, jws.TYP_RECORD)
        return Draft(position, raw, digest, parsed, parsed.payload())
    except EvidenceError as error:
        return Draft(position, raw, digest, None, None, error.detail)


class Order:
    """The lines of one chain, handed out in the order of the chain.

    Args:
        lines: As they stand in the file, without newlines.
        owner_field: ``sid`` or ``dev``: every line of one chain has the same.
        vouched: Whether a line's signature holds, as far as the keys are known at this place.
    """

    def __init__(
        self, lines: Sequence[bytes], owner_field: str, vouched: Callable[[Draft], bool]
    ) -> None:
        self._lines = lines
        self._owner_field = owner_field
        self._vouched = vouched
        self._taken = bytearray(len(lines))
        self._count = 0
        self._cursor = 0
        self._patience = 2 * len(lines)
        self._ahead: dict[int, Draft] = {}
        self._by_prev: dict[str, list[int]] | None = None
        self.owner = self._common_owner()

    def first(self) -> Draft | None:
        """The line numbered 0, or the first that could follow it."""
        zeros = (p for p in range(len(self._lines)) if self._is_start(p))
        zero = next(zeros, None)
        if zero is not None:
            return self._draft(zero)
        start = self._draft(0)
        # Damaged in its owner; a sound line 0 of another owner has been put in its place.
        damaged = start is not None and start.number == 0 and not self._vouched(start)
        return start if damaged else self._fallback(0)

    def after(self, last: Draft, expected: int) -> Draft | None:
        """The line that follows ``last`` and should be numbered ``expected``; None at the end."""
        if self._count == len(self._lines):
            return None
        near = self._draft(self._cursor)
        if near is not None and self._follows(near, last):
            return near
        untaken = (p for p in self._index().get(last.digest, ()) if not self._taken[p])
        candidates = list(islice(untaken, _MOST_FORKS))
        if candidates:
            return self._draft(min(candidates, key=self._preference))
        return self._fallback(expected)

    def take(self, draft: Draft) -> None:
        """``draft`` has its place in the chain."""
        self._mark(draft.position)
        self._ahead.pop(draft.position, None)
        self._cursor = draft.position + 1

    def claim_torn(self, draft: Draft, named: JsonObject) -> list[Draft] | None:
        """Find the bytes that ``draft`` names as torn among the lines before it.

        Args:
            draft: A line that names torn bytes.
            named: Their length ``bytes`` and their ``sha256``.

        Returns:
            The lines they are, which have a place from now on; None where they are not there.
        """
        for end in range(draft.position, max(0, draft.position - _MOST_AHEAD), -1):
            start = self._back_from(end, named["bytes"])
            content = NEWLINE.join(self._lines[start:end])
            if start < end and named == {"bytes": len(content), "sha256": sha256_hex(content)}:
                for position in range(start, end):
                    self._mark(position)
                return [self._parse(position) for position in range(start, end)]
            if self._taken[end - 1]:
                break
        return None

    def left_over(self) -> Iterator[tuple[Draft, bool]]:
        """Lines that have no place in the chain, and whether the same bytes have one elsewhere."""
        if self._count == len(self._lines):
            return
        left = {line for p, line in enumerate(self._lines) if not self._taken[p]}
        placed = {line for p, line in enumerate(self._lines) if self._taken[p] and line in left}
        for position, taken in enumerate(self._taken):
            if not taken:
                draft = self._parse(position)
                yield draft, draft.raw in placed

    def _mark(self, position: int) -> None:
        self._taken[position] = 1
        self._count += 1

    def _parse(self, position: int) -> Draft:
        return parse(position, self._lines[position])

    def _draft(self, position: int) -> Draft | None:
        if position >= len(self._lines):
            return None
        draft = self._ahead.get(position)
        if draft is None:
            # Two lines are looked at before they are taken; a search looks at more.
            if len(self._ahead) > _MOST_AHEAD:
                self._ahead.clear()
            draft = self._ahead[position] = self._parse(position)
        return draft

    def _common_owner(self) -> str | None:
        names = [self._parse(p).text(self._owner_field) for p in range(min(5, len(self._lines)))]
        known = [name for name in names if name is not None]
        return max(known, key=known.count) if known else None

    def _is_start(self, position: int) -> bool:
        draft = self._parse(position)
        return draft.number == 0 and draft.text(self._owner_field) == self.owner

    def _follows(self, near: Draft, last: Draft) -> bool:
        """Whether the line at hand is the one, beyond the need to look at all others."""
        if near.text("prev") != last.digest or self._taken[near.position]:
            return False
        beyond = self._draft(near.position + 1)
        return beyond is None or beyond.text("prev") == near.digest

    def _preference(self, position: int) -> tuple[bool, bool, bool, bool, int]:
        """Of several lines: one that is signed, that names the others as torn, that leads on."""
        draft = self._parse(position)
        names_torn = self._torn_from(position, draft.payload) is not None
        leads_on = draft.digest in self._index()
        back = position < self._cursor
        return (not self._vouched(draft), not names_torn, not leads_on, back, position)

    def _torn_from(self, position: int, payload: JsonObject | None) -> int | None:
        """Where the bytes begin that the line names as torn, if they stand right before it."""
        torn = payload.get("torn") if payload is not None else None
        if not isinstance(torn, dict) or type(torn.get("bytes")) is not int:
            return None
        start = self._back_from(position, torn["bytes"])
        content = NEWLINE.join(self._lines[start:position])
        same = torn == {"bytes": len(content), "sha256": sha256_hex(content)}
        return start if same and start < position else None

    def _back_from(self, end: int, size: int) -> int:
        """The first of the lines without a place before ``end`` that hold about ``size`` bytes."""
        start, length = end, -1
        while start > 0 and not self._taken[start - 1] and length < min(size, _MOST_TORN):
            start -= 1
            length += len(self._lines[start]) + 1
        return start

    def _fallback(self, expected: int) -> Draft | None:
        """Nothing names the last line: the next in the file that is damaged or comes later."""
        damaged: Draft | None = None
        for position in range(self._cursor, len(self._lines)):
            # A hostile file can send the search back and forth; an honest one needs it once or
            # twice.
            self._patience -= 1
            if self._patience < 0:
                break
            draft = self._draft(position)
            if draft is None or self._taken[position]:
                continue
            if draft.payload is None:
                damaged = damaged or draft
            elif self._could_follow(draft, expected):
                # What stands before the very line that is expected took no place of its own,
                # nor what the line names as torn.
                if damaged is None or draft.number == expected:
                    return draft
                named = self._torn_from(position, draft.payload)
                return draft if named is not None and named <= damaged.position else damaged
        return damaged

    def _could_follow(self, draft: Draft, expected: int) -> bool:
        number = draft.number
        return (
            draft.text(self._owner_field) == self.owner
            and number is not None
            and number >= expected
        )

    def _index(self) -> dict[str, list[int]]:
        if self._by_prev is None:
            self._by_prev = {}
            for position in range(len(self._lines)):
                prev = self._parse(position).text("prev")
                if prev is not None:
                    self._by_prev.setdefault(prev, []).append(position)
        return self._by_prev
