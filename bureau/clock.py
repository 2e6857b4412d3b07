"""The desk's sense of time, handed down by the composition root.

Owns nothing but two callables. Refuses to read a clock itself: ``bureau.main`` does, tests bring
their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from evidence.moments import utc_text


@dataclass(frozen=True, slots=True)
class Clock:
    """What time it is.

    Attributes:
        utc_ns: Wall clock, nanoseconds since 1970.
        mono_ns: A clock that never jumps, nanoseconds.
    """

    utc_ns: Callable[[], int]
    mono_ns: Callable[[], int]

    def utc(self) -> str:
        """Now, as signed things write it."""
        return utc_text(self.utc_ns())
