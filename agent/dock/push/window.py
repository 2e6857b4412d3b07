"""How many bytes may be under way between the device's card and the bureau's.

Owns the count, end to end: a chunk leaves it when the bureau has it on its disk, not when a
broker confirmed it. Refuses chunks; it knows sizes only.
"""

from __future__ import annotations


class Window:
    """Bytes in flight and their bound.

    Args:
        most: The device's own bound; the bureau's credit may shrink it, down to 0, never widen it.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._credit = most
        self.in_flight = 0

    @property
    def shut(self) -> bool:
        """Whether the bureau takes nothing now."""
        return self._credit == 0

    def has_room(self, size: int) -> bool:
        """Whether ``size`` more bytes may go; one chunk alone may, unless the window is shut."""
        if self.shut:
            return False
        return self.in_flight == 0 or self.in_flight + size <= min(self._most, self._credit)

    def take(self, size: int) -> None:
        """``size`` bytes went out."""
        self.in_flight += size

    def give(self, size: int) -> None:
        """``size`` bytes have arrived, or will be sent again."""
        self.in_flight -= size

    def grant(self, credit: int | None) -> None:
        """What the bureau said; None leaves it as it was."""
        if credit is not None:
            self._credit = credit
