"""From segment to segment: nothing missing, nothing twice, unless a record says so.

Owns the comparison of presentation times with signed gaps and resumptions. Refuses to count frames:
a segment's own losses are in its record.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from evidence.canonical import JsonObject
from evidence.ids import JOURNAL_NAME
from evidence.verify.chain import Link
from evidence.verify.clock import ChainClock
from evidence.verify.findings import Findings

_SECOND = 1_000_000_000
_FRAME_NS = 40_000_000
"""Where a segment is too short to say how long a frame is: 25 a second."""

_RESUME_SLACK_NS = 2 * _SECOND
"""Between the last tick of a file that a crash left and its last durable frame."""

_MOST_GAPS = 64
"""Gaps that are weighed at one joint."""

_VIDEO = frozenset({"video", "both"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Joint:
    """Where one segment ends, or an orphan after it, and the next begins."""

    sealed_ns: int
    end_ns: int
    first_ns: int
    frame_ns: int
    record: int
    file: str
    resumed: bool


@dataclass(frozen=True, slots=True)
class _Gap:
    from_ns: int
    to_ns: int | None


class Joints:
    """Follows presentation times from segment to segment.

    Args:
        clock: Places findings in time.
        findings: Takes what is found.
    """

    def __init__(self, clock: ChainClock, findings: Findings) -> None:
        self._clock = clock
        self._findings = findings
        self._joints: list[_Joint] = []
        self._gaps: list[_Gap] = []
        self._end_ns: int | None = None
        self._frame_ns = _FRAME_NS
        self._resumed_frames: int | None = None
        self.duration_ns = 0

    def hole(self) -> None:
        """A line is missing or damaged: the next segment joins nothing."""
        self._end_ns = None

    def resume(self, orphan_frames: int) -> None:
        """The vault went on; the file it left held at least so many frames."""
        self._resumed_frames = (self._resumed_frames or 0) + orphan_frames

    def gap(self, fields: JsonObject, link: Link) -> None:
        """A signed gap."""
        start, end = fields["from_ns"], fields["to_ns"]
        length = "until it goes on" if end is None else f"{max(0, end - start) // 1_000_000} ms"
        self._findings.add(
            "gap",
            f"{fields['track']}, {length}, {fields['cause']}",
            record=link.number,
            file=JOURNAL_NAME,
            second=self._clock.second_of_pts(start),
        )
        if fields["track"] in _VIDEO:
            self._gaps.append(_Gap(start, end))

    def doubt(self, fields: JsonObject, link: Link) -> None:
        """Sound beside a loss: arrivals could not tell on which side of it it was made."""
        begin, end = fields["from_ns"], fields["to_ns"]
        long_ms, within_ms = (end - begin) // 1_000_000, -(-fields["within_ns"] // 1_000_000)
        self._findings.add(
            "doubt" if begin <= end else "doubt_reversed",
            f"{long_ms} ms of sound, right to {within_ms} ms",
            record=link.number,
            file=JOURNAL_NAME,
            second=self._clock.second_of_pts(begin),
        )

    def segment(self, payload: JsonObject, link: Link) -> None:
        """The next segment."""
        frames = payload["frames"]
        if frames == 0:
            return
        first, end = payload["first_pts_ns"], payload["last_pts_ns"]
        self._frame_ns = max(1, (end - first) // (frames + payload["dropped"]))
        if self._end_ns is not None:
            resumed = self._resumed_frames is not None
            reached = self._end_ns + (self._resumed_frames or 0) * self._frame_ns
            self._joints.append(
                _Joint(
                    sealed_ns=self._end_ns,
                    end_ns=reached,
                    first_ns=first,
                    frame_ns=self._frame_ns,
                    record=link.number,
                    file=payload["file"],
                    resumed=resumed,
                )
            )
        self.duration_ns += max(0, end - max(first, self._end_ns or first))
        self._end_ns = max(end, self._end_ns or 0)
        self._resumed_frames = None

    def end(self) -> None:
        """All records have been seen: judge the joints (a gap may be signed after its segment)."""
        self._gaps.sort(key=lambda gap: gap.from_ns)
        for joint in self._joints:
            self._judge(joint)

    def _judge(self, joint: _Joint) -> None:
        missing = joint.first_ns - joint.end_ns
        half = joint.frame_ns // 2
        if missing < -half:
            code = "overlap" if joint.resumed else "pts_overlap"
            self._add(code, f"{-missing // 1_000_000} ms", joint)
            return
        allowed = half + (_RESUME_SLACK_NS if joint.resumed else 0)
        signed = self._signed(joint)
        # A gap runs from the last frame to the first: a frame at either end is a matter of
        # rounding.
        allowed += 2 * joint.frame_ns if signed else 0
        if missing - signed > allowed:
            self._add("pts_gap", f"{(missing - signed) // 1_000_000} ms before {joint.file}", joint)

    def _signed(self, joint: _Joint) -> int:
        """Nanoseconds of the joint that signed gaps account for."""
        reached, total = joint.end_ns, 0
        begin = bisect_left(self._gaps, joint.sealed_ns - _SECOND, key=lambda gap: gap.from_ns)
        for gap in self._gaps[begin : begin + _MOST_GAPS]:
            start = max(gap.from_ns, reached)
            end = min(joint.first_ns if gap.to_ns is None else gap.to_ns, joint.first_ns)
            if end > start:
                total += end - start
                reached = end
        return total

    def _add(self, code: str, detail: str, joint: _Joint) -> None:
        self._findings.add(
            code,
            detail,
            record=joint.record,
            file=joint.file,
            second=self._clock.second_of_pts(joint.end_ns),
        )
