"""What is missing in a track, told from the times of its packets, and what is in doubt.

Owns the rule that a loss of 20 ms or more is a gap, its cause, and where one doubt ends and the
next begins. Refuses to guess: only the step between two packets' times, or a part that said it is
gone, makes a gap.
"""

from __future__ import annotations

from typing import Final

from agent.capture.media import SECOND_NS, Cause, Doubt, Gap, MediaPacket, Track

SHORTEST_GAP_NS: Final = 20_000_000


class Continuity:
    """Follows where the next packet of a track is due.

    Args:
        track: Whose packets they are.
        packet_ns: How long one packet lasts.
        usual: Cause of a step that nothing else explains.
    """

    def __init__(self, track: Track, packet_ns: int, usual: Cause) -> None:
        self._track = track
        self._packet_ns = packet_ns
        self._usual = usual
        self._due_ns: int | None = None
        self._cause: Cause | None = None
        self._broken = False

    def ends_early(self, by_ns: int) -> None:
        """The end of the last packet is silence in place of what is missing after it."""
        if self._due_ns is not None:
            self._due_ns -= by_ns

    @property
    def due_ns(self) -> int:
        """Where the next packet is due: the end of the last one; 0 before the first."""
        return self._due_ns or 0

    def expect(self, cause: Cause) -> None:
        """The next step has this cause."""
        if not self._broken:
            self._cause = cause

    def broke(self, cause: Cause) -> Gap:
        """The stream is gone: a gap opens where its next packet was due."""
        self._cause, self._broken = cause, True
        return Gap(self.due_ns, None, cause, self._track)

    def step(self, pts_ns: int) -> tuple[int, Gap | None]:
        """A packet came.

        Returns:
            How many packets are missing before it, and the gap they make: one of 20 ms or more, or
            one that had been opened.
        """
        cause, broken = self._cause or self._usual, self._broken
        missing_ns = 0 if self._due_ns is None else max(0, pts_ns - self._due_ns)
        gap = None
        if broken or missing_ns >= max(SHORTEST_GAP_NS, self._packet_ns // 2):
            gap = Gap(self.due_ns, pts_ns, cause, self._track)
        self._due_ns = pts_ns + self._packet_ns
        self._cause, self._broken = None, False
        return (missing_ns + self._packet_ns // 2) // self._packet_ns, gap


class Doubts:
    """Joins the doubts of consecutive packets into records.

    One that goes on is told each second, so that a crash leaves little sound without its doubt.
    """

    def __init__(self) -> None:
        self._doubt: Doubt | None = None
        self._since_ns = 0

    def follow(self, packet: MediaPacket) -> Doubt | None:
        """A packet of the sound is written; the doubt that has ended by that."""
        before, doubt = self._doubt, packet.doubt
        long = packet.pts_ns - self._since_ns >= SECOND_NS
        if before is None or doubt is None or packet.gap is not None or long:
            self._doubt, self._since_ns = doubt, packet.pts_ns
            return before
        within_ns = max(before.within_ns, doubt.within_ns)
        self._doubt = Doubt(before.from_ns, doubt.to_ns, within_ns)
        return None

    def end(self) -> Doubt | None:
        """No more sound comes; the doubt that has not ended."""
        doubt, self._doubt = self._doubt, None
        return doubt


def since(gap: Gap, start_ns: int) -> Gap | None:
    """The part of ``gap`` that belongs to a recording begun at ``start_ns``, if there is one."""
    if gap.from_ns >= start_ns:
        return gap
    if gap.to_ns is not None and gap.to_ns - start_ns < SHORTEST_GAP_NS:
        return None
    return Gap(start_ns, gap.to_ns, gap.cause, gap.track)
