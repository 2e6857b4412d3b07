"""How much to pad so that the seal holds nothing back for long.

Owns the rule: age seals plaintext in chunks of 64 KiB and lets one go when a byte after it has
come, so that such a border has to be crossed every 0.7 s: a power cut costs what is held back, and
half a second more until it is on the medium. Below 0.8 Mbit/s media alone does not do that; no file
grows faster than that by padding. Refuses bytes: it only counts.
"""

from __future__ import annotations

from typing import Final

from agent.capture.media import SECOND_NS

SEAL_CHUNK: Final = 64 * 1024
LONGEST_HOLD_NS: Final = 7 * SECOND_NS // 10
LEAST_BITS_PER_SECOND: Final = SEAL_CHUNK * 8 * SECOND_NS // LONGEST_HOLD_NS
"""What every recording takes, however little there is to see: room is reckoned with it."""
_SMALLEST_BOX: Final = 8


class Padding:
    """Follows one segment's plaintext.

    Args:
        start_ns: Time of the segment's first packet.
        step_ns: Time until the next chance to pad.
    """

    def __init__(self, start_ns: int, step_ns: int) -> None:
        self._step_ns = step_ns
        self._crossed_ns = start_ns
        self._chunks = 0

    def wanted(self, offset: int, now_ns: int, *, at_once: bool = False) -> int:
        """Bytes of padding to add after ``offset`` bytes of plaintext; 0 for none.

        Args:
            offset: Plaintext so far.
            now_ns: End of the media in it.
            at_once: Whether all of it is to be let go now.
        """
        chunks = max(0, offset - 1) // SEAL_CHUNK
        if chunks > self._chunks and not at_once:
            self._chunks, self._crossed_ns = chunks, now_ns
            return 0
        if not at_once and now_ns + self._step_ns - self._crossed_ns <= LONGEST_HOLD_NS:
            return 0
        size = max(_SMALLEST_BOX, (chunks + 1) * SEAL_CHUNK + 1 - offset)
        self._chunks, self._crossed_ns = (offset + size - 1) // SEAL_CHUNK, now_ns
        return size
